// SPDX-License-Identifier: Apache-2.0
//
// A disk that is full while a database is cloned: the template stands in a tablespace on a small
// file system, where its copies go, too.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "support/environment_test.h"
#include "support/must.h"
#include "support/pristine.h"
#include "support/sql.h"

namespace {

using support::execute;
using support::must;
using support::Request;

// A file system of its own in memory, unmounted with the object.
class SmallDisk {
   public:
    explicit SmallDisk(const std::string& size) : folder_("reviewdb-test-disk-", 0755) {
        const auto options = "mode=0755,size=" + size;
        mounted_ = mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
        if (!mounted_) problem_ = std::strerror(errno);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
    }
    const std::string& problem() const { return problem_; }
    const std::filesystem::path& path() const { return folder_.path(); }
    // Leaves room for so many bytes.
    void fill(std::uintmax_t room) const {
        const auto size = std::filesystem::space(path()).available - room;
        std::ofstream ballast(path() / "ballast");
        const std::string block(1 << 16, 'x');
        for (std::uintmax_t written = 0; written < size; written += block.size()) ballast << block;
    }
    void make_room() const { std::filesystem::remove(path() / "ballast"); }

   private:
    support::TempFolder folder_;
    bool mounted_ = false;
    std::string problem_;
};

class DiskTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        if (geteuid() != 0) GTEST_SKIP() << "only root can mount a small file system";
        disk_.emplace("40m");
        if (!disk_->problem().empty()) GTEST_SKIP() << "no small file system: " << disk_->problem();
        must(local::give(disk_->path(), support::server_user()));
        cluster_.emplace();
        caller_ = {support::prepare_operator(*cluster_), "disk"};
        const auto root = cluster_->superuser();
        execute(root, fmt::format("CREATE TABLESPACE small LOCATION '{}'", disk_->path().string()));
        execute(root, "ALTER DATABASE reviewdb_template_0 SET TABLESPACE small");
    }

    std::optional<SmallDisk> disk_;  // outlives the server on it
    std::optional<support::Cluster> cluster_;
    support::Caller caller_;
};

TEST_F(DiskTest, says_that_the_disk_is_full_and_leaves_nothing_half_made) {
    // With a little room CREATE DATABASE succeeds, for it writes later, and the first login fails.
    for (const std::uintmax_t room : {0U, 64U << 10U, 2U << 20U}) {
        SCOPED_TRACE(room);
        disk_->fill(room);
        const auto refused = caller_.call(Request::create, "full");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, base::ErrorKind::overloaded);
        EXPECT_THAT(refused.error().message + refused.error().hint,
                    testing::ContainsRegex("[Dd]isk"));
        EXPECT_EQ(support::what_is_left(cluster_->superuser(), caller_.project), "");
        disk_->make_room();
        const auto made = caller_.call(Request::create, "full");
        ASSERT_TRUE(made) << made.error().message;
        EXPECT_EQ(support::use_and_remove(caller_, "full"), "");
    }
}

TEST_F(DiskTest, keeps_the_old_data_in_service_when_a_reset_finds_the_disk_full) {
    const auto made = must(caller_.call(Request::create, "kept"));
    const auto login = cluster_->login(made.description->role, made.description->password,
                                       made.description->database);
    execute(login, "CREATE TABLE t (id integer)");
    disk_->fill(2 << 20);
    const auto refused = caller_.call(Request::reset, "kept");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::overloaded);
    EXPECT_EQ(support::refusal(login, "SELECT * FROM t"), "");
    disk_->make_room();
    must(caller_.call(Request::reset, "kept"));
    EXPECT_EQ(support::refusal(login, "SELECT * FROM t"), "42P01");
    EXPECT_EQ(support::use_and_remove(caller_, "kept"), "");
    EXPECT_EQ(support::what_is_left(cluster_->superuser(), caller_.project), "");
}

}  // namespace
