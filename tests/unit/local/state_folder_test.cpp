// SPDX-License-Identifier: Apache-2.0
#include "local/state_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "support/must.h"
#include "support/temp_folder.h"

namespace {

using base::ErrorKind;
using local::StateFolder;
using support::must;

base::Deadline at_once() { return base::Deadline::after(std::chrono::milliseconds(20)); }

class StateFolderTest : public testing::Test {
   protected:
    support::TempFolder parent;
    std::filesystem::path path = parent / "deep/state";
    StateFolder folder{path};
};

TEST_F(StateFolderTest, becomes_ours_when_it_is_taken_and_nobodys_when_it_is_removed) {
    EXPECT_EQ(must(folder.owner()), StateFolder::Owner::nobody);
    EXPECT_FALSE(must(folder.take_existing(at_once())));
    EXPECT_FALSE(std::filesystem::exists(path));
    {
        const auto lock = must(folder.take(at_once()));
        EXPECT_EQ(must(folder.owner()), StateFolder::Owner::us);
        must(folder.remove_all());
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_EQ(must(folder.owner()), StateFolder::Owner::nobody);
}

TEST_F(StateFolderTest, may_be_empty_but_not_full_of_other_things) {
    std::filesystem::create_directories(path);
    EXPECT_EQ(must(folder.owner()), StateFolder::Owner::nobody);
    std::ofstream(path / "thesis.txt") << "x";
    EXPECT_EQ(folder.owner().error().kind, ErrorKind::conflict);
    EXPECT_EQ(folder.take(at_once()).error().kind, ErrorKind::conflict);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path), {}), 1);
}

TEST_F(StateFolderTest, may_not_be_a_file) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << "x";
    EXPECT_EQ(folder.owner().error().kind, ErrorKind::conflict);
    EXPECT_EQ(must(base::read_file(path)), "x");
}

TEST_F(StateFolderTest, is_locked_by_one_at_a_time) {
    {
        const auto lock = must(folder.take(at_once()));
        EXPECT_EQ(folder.take(at_once()).error().kind, ErrorKind::overloaded);
        EXPECT_EQ(folder.take_existing(at_once()).error().kind, ErrorKind::overloaded);
    }
    EXPECT_TRUE(folder.take(at_once()));
}

TEST_F(StateFolderTest, is_for_its_owner_alone_unless_that_is_root) {
    const auto mask = umask(0077);
    must(folder.take(at_once()));
    umask(mask);
    struct stat facts {};
    ASSERT_EQ(stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, geteuid() == 0 ? 0755U : 0700U);
}

TEST_F(StateFolderTest, starts_another_log_when_the_old_one_has_grown_large) {
    const auto lock = must(folder.take(at_once()));
    std::ofstream(folder.log()) << "short";
    folder.rotate_log();
    EXPECT_EQ(must(base::read_file(folder.log())), "short");
    std::filesystem::resize_file(folder.log(), 11 << 20);
    folder.rotate_log();
    EXPECT_FALSE(std::filesystem::exists(folder.log()));
    EXPECT_TRUE(std::filesystem::exists(path / "log.1"));
}

TEST_F(StateFolderTest, is_the_same_with_and_without_a_slash_at_the_end) {
    EXPECT_EQ(StateFolder(path.string() + "/").path(), path);
    EXPECT_EQ(StateFolder(path / "../state").path(), path);
    EXPECT_EQ(StateFolder("relative").path(), std::filesystem::current_path() / "relative");
}

class DefaultStateDirTest : public testing::Test {
   public:
    DefaultStateDirTest() {
        for (const auto* name : {"HOME", "XDG_STATE_HOME"}) {
            if (const char* value = getenv(name)) before_.emplace_back(name, value);
            unsetenv(name);
        }
    }
    ~DefaultStateDirTest() override {
        unsetenv("HOME");
        unsetenv("XDG_STATE_HOME");
        for (const auto& [name, value] : before_) setenv(name.c_str(), value.c_str(), 1);
    }

   private:
    std::vector<std::pair<std::string, std::string>> before_;
};

TEST_F(DefaultStateDirTest, is_where_xdg_says) {
    setenv("XDG_STATE_HOME", "/x/state", 1);
    EXPECT_EQ(must(local::default_state_dir()), "/x/state/reviewdb");
}

TEST_F(DefaultStateDirTest, is_below_the_home_of_a_user_and_reachable_for_roots_postgres) {
    setenv("HOME", "/home/me", 1);
    const bool root = geteuid() == 0;
    const auto* expected = root ? "/var/lib/reviewdb" : "/home/me/.local/state/reviewdb";
    EXPECT_EQ(must(local::default_state_dir()), expected);
    for (const auto* ignored : {"", "relative/state"}) {
        setenv("XDG_STATE_HOME", ignored, 1);
        EXPECT_EQ(must(local::default_state_dir()), expected) << ignored;
    }
}

}  // namespace
