// SPDX-License-Identifier: Apache-2.0
#include "sources/digest.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "support/must.h"
#include "support/temp_folder.h"

namespace {

namespace fs = std::filesystem;
using base::ErrorKind;
using sources::digest_of;
using support::must;

class DigestTest : public testing::Test {
   protected:
    void put(const std::string& name, const std::string& content) const {
        fs::create_directories((folder_ / name).parent_path());
        std::ofstream(folder_ / name) << content;
    }
    std::string at(const std::string& name) const { return folder_ / name; }
    std::string digest(const std::string& name) const { return must(digest_of({at(name)})); }

    support::TempFolder folder_;
};

TEST_F(DigestTest, is_the_same_for_the_same_files_wherever_they_are) {
    put("a/one.sql", "1");
    put("a/below/two.sql", "2");
    fs::copy(at("a"), at("b"), fs::copy_options::recursive);
    EXPECT_EQ(digest("a").size(), 64U);
    EXPECT_EQ(digest("a"), digest("b"));
    EXPECT_EQ(digest("a"), digest("b/"));
    EXPECT_EQ(must(digest_of({at("a/one.sql"), at("a/below")})),
              must(digest_of({at("a/below"), at("a/one.sql")})));
}

TEST_F(DigestTest, changes_with_contents_and_names) {
    put("a/one.sql", "1");
    const auto before = digest("a");
    put("a/one.sql", "2");
    const auto changed = digest("a");
    EXPECT_NE(changed, before);
    put("a/one.sql", "1");
    EXPECT_EQ(digest("a"), before);
    put("a/two.sql", "");
    EXPECT_NE(digest("a"), before);
    fs::remove(at("a/two.sql"));
    fs::rename(at("a/one.sql"), at("a/uno.sql"));
    EXPECT_NE(digest("a"), before);
}

TEST_F(DigestTest, leaves_out_git_and_follows_no_link) {
    put("a/one.sql", "1");
    put("outside", "1");
    const auto before = digest("a");
    put("a/.git/HEAD", "x");
    put("a/below/.git/HEAD", "x");
    mkfifo(at("a/pipe").c_str(), 0600);
    EXPECT_EQ(digest("a"), before);
    fs::create_symlink("../outside", at("a/link"));
    const auto linked = digest("a");
    EXPECT_NE(linked, before);
    put("outside", "2");
    EXPECT_EQ(digest("a"), linked);
    fs::remove(at("a/link"));
    fs::create_symlink("../elsewhere", at("a/link"));
    EXPECT_NE(digest("a"), linked);
}

TEST_F(DigestTest, follows_the_link_that_it_is_given) {
    put("a/one.sql", "1");
    fs::create_symlink("a", at("link"));
    EXPECT_EQ(digest("link"), digest("a"));
}

TEST_F(DigestTest, refuses_a_path_that_is_not_there) {
    const auto digest = digest_of({at("nothing")});
    ASSERT_FALSE(digest.has_value());
    EXPECT_EQ(digest.error().kind, ErrorKind::invalid_input);
    EXPECT_NE(digest.error().message.find("nothing"), std::string::npos);
}

}  // namespace
