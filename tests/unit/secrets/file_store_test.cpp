// SPDX-License-Identifier: Apache-2.0
#include "secrets/file_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "base/file.h"
#include "support/must.h"
#include "support/soon.h"
#include "support/temp_folder.h"

namespace {

using base::ErrorKind;
using base::Secret;
using secrets::FileStore;
using support::must;
using support::soon;

mode_t mode_of(const std::filesystem::path& path) {
    struct stat facts {};
    return lstat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0;
}

struct FileStoreTest : testing::Test {
    std::string value_of(const std::string& name) {
        return must(store.read(name, soon())).value_or(Secret("(none)")).reveal();
    }
    void expect_denied(const std::string& name) {
        EXPECT_EQ(store.read(name, soon()).error().kind, ErrorKind::denied);
        EXPECT_EQ(store.write({name, Secret("new")}, soon()).error().kind, ErrorKind::denied);
        EXPECT_EQ(store.remove(name, soon()).error().kind, ErrorKind::denied);
    }

    support::TempFolder temp;
    std::filesystem::path folder = temp / "of/secrets";
    FileStore store{folder};
};

TEST_F(FileStoreTest, reads_what_was_written_last_and_nothing_once_removed) {
    EXPECT_EQ(value_of("review_a"), "(none)");
    must(store.write({"review_a", Secret(R"({"host":"a"})")}, soon()));
    must(store.write({"review_a", Secret(R"({"host":"b"})")}, soon()));
    must(store.write({"review_b", Secret("{}")}, soon()));
    EXPECT_EQ(value_of("review_a"), R"({"host":"b"})");
    must(store.remove("review_a", soon()));
    must(store.remove("review_a", soon()));
    EXPECT_EQ(value_of("review_a"), "(none)");
    EXPECT_EQ(value_of("review_b"), "{}");
}

TEST_F(FileStoreTest, removes_its_members_alone_and_the_file_when_nothing_else_is_in_it) {
    must(store.write({"review_a", Secret(R"({"host":"h","password":"p","stripe_key":"sk"})")},
                     soon()));
    must(store.remove("review_a", soon()));
    const auto* const left = R"({"stripe_key":"sk","username":"placeholder"})";
    EXPECT_EQ(value_of("review_a"), left);
    EXPECT_EQ(mode_of(store.path_of("review_a")), 0600U);
    must(store.remove("review_a", soon()));
    EXPECT_EQ(value_of("review_a"), left);
}

TEST_F(FileStoreTest, lists_by_their_own_names_those_that_say_whose_they_are) {
    EXPECT_TRUE(must(store.list(soon())).empty());
    const auto owner = base::Uuid::random();
    const std::string name = "a/b.c %d@+=é";
    must(store.write({name, Secret("{\"reviewdb\":\"" + owner.to_string() + "\"}")}, soon()));
    must(store.write({"theirs", Secret("{\"host\":\"h\"}")}, soon()));
    std::ofstream(folder / "notes.txt") << "not a secret";
    std::ofstream(folder / "%zz.json") << "{\"reviewdb\":\"" + owner.to_string() + "\"}";
    const auto listed = must(store.list(soon()));
    ASSERT_EQ(listed.size(), 1);
    EXPECT_EQ(listed[0].name, name);
    EXPECT_EQ(listed[0].environment, owner);
}

TEST_F(FileStoreTest, is_content_to_remove_where_nothing_ever_was) {
    must(store.remove("review_a", soon()));
    EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(FileStoreTest, lets_nobody_else_read_them) {
    const auto former = umask(0);
    must(store.write({"review_a", Secret("x")}, soon()));
    umask(former);
    EXPECT_EQ(mode_of(folder), 0700U);
    EXPECT_EQ(mode_of(folder / "review_a.json"), 0600U);
}

TEST_F(FileStoreTest, closes_a_folder_that_is_still_empty) {
    std::filesystem::create_directories(folder);
    ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
    EXPECT_EQ(value_of("review_a"), "(none)");
    EXPECT_EQ(mode_of(folder), 0755U);
    must(store.write({"review_a", Secret("x")}, soon()));
    EXPECT_EQ(mode_of(folder), 0700U);
}

TEST_F(FileStoreTest, refuses_a_folder_that_others_can_enter_and_leaves_it_so) {
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "theirs") << "x";
    ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
    expect_denied("review_a");
    EXPECT_EQ(mode_of(folder), 0755U);
}

TEST_F(FileStoreTest, refuses_a_folder_that_is_a_link_or_a_file) {
    std::filesystem::create_directories(temp / "of");
    std::filesystem::create_directory(temp / "elsewhere");
    std::filesystem::create_directory_symlink(temp / "elsewhere", folder);
    expect_denied("review_a");
    EXPECT_TRUE(std::filesystem::is_empty(temp / "elsewhere"));
    std::filesystem::remove(folder);
    std::ofstream(folder) << "x";
    expect_denied("review_a");
}

TEST_F(FileStoreTest, goes_through_no_link_to_another_file) {
    must(store.write({"other", Secret("x")}, soon()));
    std::ofstream(temp / "precious") << "precious";
    std::filesystem::create_symlink(temp / "precious", store.path_of("review_a"));
    expect_denied("review_a");
    EXPECT_EQ(must(base::read_file(temp / "precious")), "precious");
    EXPECT_TRUE(std::filesystem::is_symlink(store.path_of("review_a")));
}

TEST_F(FileStoreTest, keeps_every_name_in_its_folder_and_in_a_file_of_its_own) {
    const std::vector<std::string> names{"..",
                                         ".",
                                         ".a",
                                         "a",
                                         "a/b",
                                         "a%2Fb",
                                         "a_b",
                                         "../../etc/passwd",
                                         "/etc/passwd",
                                         "%2E",
                                         "a.b",
                                         "review+x=1@y",
                                         "\xc3\xa9",
                                         "a\nb",
                                         std::string("a\0b", 3)};
    std::set<std::string> files;
    for (const auto& name : names) {
        const auto path = store.path_of(name);
        EXPECT_EQ(path.parent_path(), folder) << name;
        EXPECT_NE(path.filename().string()[0], '.') << name;
        files.insert(path.filename().string());
        must(store.write({name, Secret(name)}, soon()));
    }
    EXPECT_EQ(files.size(), names.size());
    for (const auto& name : names) EXPECT_EQ(value_of(name), name);
    EXPECT_EQ(store.path_of("review_login-1.2@x").filename(), "review_login-1.2@x.json");
}

TEST_F(FileStoreTest, refuses_a_secret_without_a_name) {
    EXPECT_EQ(store.write({"", Secret("x")}, soon()).error().kind, ErrorKind::invalid_input);
}

TEST_F(FileStoreTest, leaves_nothing_beside_the_secret) {
    for (int i = 0; i < 3; ++i) must(store.write({"review_a", Secret("x")}, soon()));
    const std::filesystem::directory_iterator files(folder);
    EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(FileStoreTest, clears_away_what_a_killed_writer_of_that_secret_left_and_nothing_else) {
    must(store.write({"a", Secret("1")}, soon()));
    must(store.write({"a.json.new-b", Secret("2")}, soon()));
    const auto left = folder / "a.json.new-abcdefgh";
    const auto another_s = folder / "ab.json.new-abcdefgh";
    must(base::write_file(left, "3", 0600));
    must(base::write_file(another_s, "4", 0600));
    must(store.write({"a", Secret("5")}, soon()));
    EXPECT_FALSE(std::filesystem::exists(left));
    must(base::write_file(left, "3", 0600));
    must(store.remove("a", soon()));
    EXPECT_FALSE(std::filesystem::exists(left));
    EXPECT_TRUE(std::filesystem::exists(another_s));
    EXPECT_EQ(value_of("a.json.new-b"), "2");
}

}  // namespace
