// SPDX-License-Identifier: Apache-2.0
//
// Where settings files are found, and which of them are believed.
#include "app/cli/settings_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "support/must.h"
#include "support/temp_folder.h"

namespace cli {
namespace {

namespace fs = std::filesystem;
using base::ErrorKind;
using support::must;

class SettingsFilesTest : public testing::Test {
   protected:
    void SetUp() override {
        fs::create_directories(tree / "deep/er");
        fs::create_directories(own.parent_path());
    }
    static void write(const fs::path& file, const std::string& project) {
        std::ofstream(file) << "project = \"" << project << "\"\n";
        ASSERT_EQ(chmod(file.c_str(), 0644), 0);
    }
    base::Result<SettingsFiles> find(const fs::path& place) const {
        return find_settings_files(place, {{"HOME", home.path()}});
    }
    // The project in the tree's file; empty when none was found.
    std::string in_tree(const fs::path& place) const {
        const auto files = must(find(place));
        return files.tree ? files.tree->values.at("project") : "";
    }
    base::Error refusal(const fs::path& place) const {
        const auto files = find(place);
        return files ? base::Error{ErrorKind::internal, "it was believed", {}, {}} : files.error();
    }

    support::TempFolder home;
    fs::path tree = home / "shop";
    fs::path file = tree / "reviewdb.toml";
    fs::path own = home / ".config/reviewdb/reviewdb.toml";
};

TEST_F(SettingsFilesTest, finds_the_callers_own_file_and_the_nearest_of_the_tree) {
    write(own, "own");
    write(file, "near");
    const auto files = must(find(tree / "deep/er"));
    EXPECT_EQ(files.own->values.at("project"), "own");
    EXPECT_EQ(files.own->path, own);
    EXPECT_EQ(files.tree->path, file);
}

TEST_F(SettingsFilesTest, looks_for_the_own_file_where_xdg_says) {
    EXPECT_EQ(own_settings_path({{"HOME", "/h"}}), "/h/.config/reviewdb/reviewdb.toml");
    EXPECT_EQ(own_settings_path({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/x"}}),
              "/x/reviewdb/reviewdb.toml");
    EXPECT_EQ(own_settings_path({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "relative"}}),
              "/h/.config/reviewdb/reviewdb.toml");
}

TEST_F(SettingsFilesTest, takes_the_own_file_for_no_file_of_a_tree) {
    write(own, "own");
    EXPECT_EQ(in_tree(own.parent_path()), "");
}

TEST_F(SettingsFilesTest, looks_neither_above_the_repository_nor_above_the_home_folder) {
    write(home / "reviewdb.toml", "home");
    EXPECT_EQ(in_tree(tree / "deep"), "home");
    fs::create_directory(tree / ".git");
    EXPECT_EQ(in_tree(tree / "deep"), "");
    const auto inner = must(find_settings_files(tree / "deep", {{"HOME", tree / "deep"}}));
    EXPECT_FALSE(inner.tree);
}

TEST_F(SettingsFilesTest, looks_into_no_folder_above_that_every_user_may_write_to) {
    write(file, "planted");
    ASSERT_EQ(chmod(tree.c_str(), 01777), 0);
    EXPECT_EQ(in_tree(tree / "deep"), "");
    ASSERT_EQ(chmod(tree.c_str(), 0755), 0);
    EXPECT_EQ(in_tree(tree / "deep"), "planted");
}

TEST_F(SettingsFilesTest, refuses_a_file_that_others_can_write) {
    write(file, "x");
    ASSERT_EQ(chmod(file.c_str(), 0646), 0);
    EXPECT_EQ(refusal(tree).kind, ErrorKind::denied);
    EXPECT_NE(refusal(tree).message.find(file.string()), std::string::npos);
    ASSERT_EQ(chmod(file.c_str(), 0644), 0);
    EXPECT_TRUE(find(tree));
}

TEST_F(SettingsFilesTest, refuses_a_file_below_a_folder_that_others_can_write) {
    fs::create_directory(tree / ".git");
    write(tree / "deep/reviewdb.toml", "x");
    ASSERT_EQ(chmod(tree.c_str(), 0777), 0);
    EXPECT_EQ(refusal(tree / "deep").kind, ErrorKind::denied);
    write(own, "own");
    ASSERT_EQ(chmod((home / ".config").c_str(), 0777), 0);
    EXPECT_EQ(refusal("/").kind, ErrorKind::denied);
}

TEST_F(SettingsFilesTest, refuses_a_link_and_whatever_is_no_plain_file_in_the_tree) {
    write(home / "elsewhere.toml", "x");
    fs::create_symlink(home / "elsewhere.toml", file);
    EXPECT_EQ(refusal(tree).kind, ErrorKind::denied);
    fs::remove(file);
    ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
    EXPECT_EQ(refusal(tree).kind, ErrorKind::denied);
    fs::remove(file);
    std::ofstream(file) << std::string((1U << 20U) + 1, '#');
    EXPECT_EQ(refusal(tree).kind, ErrorKind::denied);
}

TEST_F(SettingsFilesTest, follows_a_link_to_the_own_file_only_if_its_target_is_trusted) {
    write(home / "dotfiles.toml", "own");
    fs::create_symlink(home / "dotfiles.toml", own);
    EXPECT_EQ(must(find("/")).own->values.at("project"), "own");
    ASSERT_EQ(chmod((home / "dotfiles.toml").c_str(), 0666), 0);
    EXPECT_EQ(refusal("/").kind, ErrorKind::denied);
}

TEST_F(SettingsFilesTest, refuses_another_users_file_also_as_root) {
    if (geteuid() != 0) GTEST_SKIP() << "only root may give a file away";
    constexpr uid_t k_other = 4711;
    write(file, "x");
    ASSERT_EQ(chown(file.c_str(), k_other, k_other), 0);
    EXPECT_NE(refusal(tree / "deep").message.find("4711"), std::string::npos);
    ASSERT_EQ(chown(file.c_str(), 0, 0), 0);
    ASSERT_EQ(chown(tree.c_str(), k_other, k_other), 0);
    EXPECT_EQ(refusal(tree).kind, ErrorKind::denied);
    write(own, "own");
    ASSERT_EQ(chown(own.c_str(), k_other, k_other), 0);
    EXPECT_EQ(refusal("/").kind, ErrorKind::denied);
}

}  // namespace
}  // namespace cli
