// SPDX-License-Identifier: Apache-2.0
#include "branches/names.h"

#include <gmock/gmock.h>

#include <random>

#include "base/subprocess.h"
#include "environment/name.h"
#include "support/must.h"

namespace {

using base::ErrorKind;
using branches::check_names;
using branches::is_branch_name;
using branches::parse_heads;
using branches::parse_names;
using support::must;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string k_id(40, 'a');

TEST(BranchName, is_what_git_allows) {
    for (const auto* name : {"main", "feature/login", "a", "größe", "a@b", "-x", "a.b", "A+B=C",
                             "@a", "@", "lock", "a{b}", "🙂"}) {
        EXPECT_TRUE(is_branch_name(name)) << name;
    }
    for (const auto* name : {"",      ".a",   "a/.b",   "a..b",     "/a",        "a/",
                             "a//b",  "a.",   "a.lock", "a.lock/b", "a b",       "a~1",
                             "a^",    "a:b",  "a?",     "a*",       "[a",        "a\\b",
                             "a@{1}", "a\tb", "a\x7f",  "\xff\xfe", "a\xc2\x85", "\xed\xa0\x80"}) {
        EXPECT_FALSE(is_branch_name(name)) << name;
    }
}

// Whatever we take for a branch, git does, and the other way round where it is text.
TEST(BranchName, is_judged_as_git_does) {
    if (!base::find_program("git")) GTEST_SKIP() << "no git";
    std::mt19937 chance(6);  // NOLINT(cert-msc51-cpp): the same names each time
    const std::string letters = "ab/.@{}~^:?*[\\ lock-_\x7f";
    for (int round = 0; round < 150; ++round) {
        std::string name;
        for (auto length = 1 + chance() % 7; length > 0; --length) {
            name += letters[chance() % letters.size()];
        }
        const auto git = must(base::run({{"git", "check-ref-format", "refs/heads/" + name}},
                                        base::Deadline::after(std::chrono::seconds(20))));
        EXPECT_EQ(is_branch_name(name), git.exit_code == 0) << name;
    }
}

TEST(Heads, are_read_from_what_git_prints) {
    const auto heads =
        must(parse_heads(k_id + "\trefs/heads/main\n" + std::string(64, '0') +
                         "\trefs/heads/feature/login\n" + k_id + "\trefs/heads/main\n"));
    EXPECT_THAT(heads.names, ElementsAre("feature/login", "main"));
    EXPECT_EQ(heads.not_text, 0U);
    EXPECT_THAT(must(parse_heads("")).names, IsEmpty());
}

TEST(Heads, leave_out_what_is_no_text) {
    const auto heads = must(parse_heads(k_id +
                                        "\trefs/heads/gr\xf6\xdf"
                                        "e\n" +
                                        k_id + "\trefs/heads/main\n"));
    EXPECT_THAT(heads.names, ElementsAre("main"));
    EXPECT_EQ(heads.not_text, 1U);
}

TEST(Heads, are_whole_or_a_failure) {
    for (const auto& answer :
         {k_id + "\trefs/heads/main", k_id + "\trefs/heads/main\n" + k_id + "\trefs/hea",
          k_id + "\trefs/tags/v1\n", k_id + " refs/heads/main\n", k_id + "\trefs/heads/\n",
          std::string("abc\trefs/heads/main\n"), std::string("\n"),
          std::string("<html>\n</html>\n"), k_id + "\trefs/heads/a b\n",
          k_id + "\trefs/heads/a\x1b[2J\n", k_id + "\trefs/heads/main\r\n",
          k_id + std::string("\trefs/heads/a\0b\n", 16)}) {
        const auto heads = parse_heads(answer);
        ASSERT_FALSE(heads) << answer;
        EXPECT_EQ(heads.error().kind, ErrorKind::unavailable);
        EXPECT_THAT(heads.error().message, HasSubstr("line "));
    }
}

TEST(Names, are_read_one_to_a_line) {
    EXPECT_THAT(must(parse_names("main\n\n  \nfeature/login\r\nrefs/heads/fix\nmain\n")),
                ElementsAre("feature/login", "fix", "main"));
    EXPECT_THAT(
        must(parse_names(k_id + "\trefs/heads/main\n" + k_id + " commit\trefs/heads/fix\r\n")),
        ElementsAre("fix", "main"));
    EXPECT_THAT(must(parse_names("")), IsEmpty());
    EXPECT_THAT(must(parse_names("\n")), IsEmpty());
}

TEST(Names, fail_with_the_line_that_is_none) {
    for (const auto& line :
         {std::string("* main"), std::string("  main"), std::string("origin/HEAD -> origin/main"),
          std::string("refs/remotes/origin/main"), std::string("refs/tags/v1"),
          k_id + "\trefs/tags/v1", k_id + "\tHEAD", k_id + " tag\trefs/heads/a",
          std::string("a\x1b[2J"),
          std::string("gr\xf6\xdf"
                      "e"),
          std::string("a\0b", 3), std::string("refs/heads/")}) {
        const auto names = parse_names("main\n" + line + "\nfix\n");
        ASSERT_FALSE(names) << line;
        EXPECT_EQ(names.error().kind, ErrorKind::invalid_input);
        EXPECT_THAT(names.error().message, HasSubstr("line 2"));
        EXPECT_TRUE(environment::is_clean_utf8(names.error().message)) << names.error().message;
    }
}

TEST(Names, fail_when_the_last_line_was_cut_off) {
    EXPECT_THAT(parse_names("main\nfeature/log").error().message,
                HasSubstr("'feature/log' may have been cut off"));
}

TEST(Names, that_were_sent_are_checked_as_well) {
    EXPECT_THAT(must(check_names({"refs/heads/main", "fix", "main"})), ElementsAre("fix", "main"));
    for (const auto* ref : {"", "a b", "refs/tags/v1", "refs/pull/7/head", "\xff"}) {
        EXPECT_EQ(check_names({"main", ref}).error().kind, ErrorKind::invalid_input) << ref;
    }
}

// Whatever comes, it is names or a failure, and names are names.
TEST(Names, are_names_whatever_comes) {
    std::mt19937 chance(11);  // NOLINT(cert-msc51-cpp): the same texts each time
    const std::string letters = std::string("ab/.\t\n\r *@\xff\xc3\x9f\x1b") + '\0';
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (auto length = chance() % 60; length > 0; --length) {
            text += chance() % 20 == 0 ? k_id + "\trefs/heads/"
                                       : std::string(1, letters[chance() % letters.size()]);
        }
        const auto names = parse_names(text);
        if (names) {
            EXPECT_TRUE(std::ranges::all_of(*names, is_branch_name));
        }
        const auto heads = parse_heads(text);
        if (heads) {
            EXPECT_TRUE(std::ranges::all_of(heads->names, is_branch_name));
        }
    }
}

}  // namespace
