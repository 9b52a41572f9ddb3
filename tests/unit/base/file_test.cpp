// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "support/temp_folder.h"

namespace {

using base::read_file;
using base::write_file;

mode_t mode_of(const std::filesystem::path& path) {
    struct stat facts {};
    return stat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0U;
}

std::size_t entries_in(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

class FileTest : public testing::Test {
   protected:
    support::TempFolder folder;
    std::filesystem::path file = folder / "file";
};

TEST_F(FileTest, that_is_absent_is_nothing_and_no_failure) {
    EXPECT_EQ(read_file(file).value(), std::nullopt);
    EXPECT_EQ(read_file(file / "below").value(), std::nullopt);
    ASSERT_TRUE(write_file(file, "", 0600));
    EXPECT_EQ(read_file(file).value(), "");
    EXPECT_EQ(read_file(file / "below a file").value(), std::nullopt);
}

TEST_F(FileTest, is_read_as_it_was_written) {
    std::string content(100'000, 'x');
    content[50'000] = '\0';
    ASSERT_TRUE(write_file(file, content, 0600));
    EXPECT_EQ(read_file(file).value(), content);
}

TEST_F(FileTest, has_the_mode_it_was_given_whatever_the_mask) {
    const auto mask = umask(0077);
    ASSERT_TRUE(write_file(file, "x", 0644));
    umask(0);
    ASSERT_TRUE(write_file(folder / "secret", "x", 0600));
    umask(mask);
    EXPECT_EQ(mode_of(file), 0644U);
    EXPECT_EQ(mode_of(folder / "secret"), 0600U);
}

TEST_F(FileTest, is_seen_whole_while_it_is_replaced) {
    const std::string old_content(200'000, 'o');
    const std::string new_content(200'000, 'n');
    ASSERT_TRUE(write_file(file, old_content, 0600));
    std::atomic<bool> done = false;
    std::thread writer([&] {
        for (int i = 0; i < 20; ++i) {
            EXPECT_TRUE(write_file(file, i % 2 == 0 ? new_content : old_content, 0600));
        }
        done = true;
    });
    while (!done) {
        const auto seen = read_file(file).value();
        EXPECT_TRUE(seen == old_content || seen == new_content);
    }
    writer.join();
    EXPECT_EQ(entries_in(folder.path()), 1U);
}

TEST_F(FileTest, that_cannot_be_written_leaves_nothing_beside_it) {
    std::filesystem::create_directories(file / "below");
    const auto refused = write_file(file, "x", 0600);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find(file.string()), std::string::npos);
    EXPECT_EQ(entries_in(folder.path()), 1U);
    EXPECT_FALSE(read_file(file));
}

TEST_F(FileTest, that_may_not_be_touched_is_denied) {
    if (geteuid() == 0) GTEST_SKIP() << "root may touch everything";
    ASSERT_TRUE(write_file(file, "x", 0));
    EXPECT_EQ(read_file(file).error().kind, base::ErrorKind::denied);
    chmod(folder.path().c_str(), 0500);
    EXPECT_EQ(write_file(folder / "other", "x", 0600).error().kind, base::ErrorKind::denied);
    EXPECT_EQ(base::make_folder(folder / "other", 0700).error().kind, base::ErrorKind::denied);
    chmod(folder.path().c_str(), 0700);
}

TEST_F(FileTest, folders_are_made_with_their_parents_and_their_mode) {
    const auto deep = folder / "a/b/c";
    ASSERT_TRUE(base::make_folder(deep, 0700));
    EXPECT_EQ(mode_of(deep), 0700U);
    EXPECT_EQ(mode_of(folder / "a"), 0700U);
    EXPECT_TRUE(base::make_folder(deep, 0700));
}

TEST_F(FileTest, is_not_mistaken_for_a_folder) {
    ASSERT_TRUE(write_file(file, "x", 0600));
    EXPECT_FALSE(base::make_folder(file, 0700));
    EXPECT_FALSE(base::make_folder(file / "below", 0700));
}

}  // namespace
