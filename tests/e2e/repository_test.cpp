// SPDX-License-Identifier: Apache-2.0
//
// Calls from git checkouts: which environment they mean, and whose it is.
#include "e2e/cli_fixture.h"

namespace {

using std::filesystem::path;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class RepositoryTest : public e2e::CliTest {
   protected:
    static void git(const path& folder, e2e::Words words) {
        words.insert(words.begin(), {"git", "-c", "user.name=tester", "-c",
                                     "user.email=tester@example.org", "-C", folder.string()});
        const auto finished = support::must(
            base::run({.arguments = words}, base::Deadline::after(std::chrono::seconds(30))));
        ASSERT_EQ(finished.exit_code, 0) << finished.err;
    }
    path checkout(const std::string& folder, const std::string& remote) const {
        auto made = home() / folder;
        std::filesystem::create_directory(made);
        git(made, {"init", "-q"});
        git(made, {"symbolic-ref", "HEAD", "refs/heads/" + branch_});
        git(made, {"remote", "add", "origin", remote});
        return made;
    }
    base::Finished in(const path& folder, const e2e::Words& words) const {
        return e2e::call(home().path(), words, {{"REVIEWDB_SERVER", operator_url()}}, folder);
    }
    boost::json::value made_in(const path& folder) const {
        const auto finished = in(folder, {"create", "-o", "json"});
        EXPECT_EQ(finished.exit_code, 0) << finished.err;
        return boost::json::parse(finished.out);
    }

    std::string branch_ = support::unique_name("feature/");
};

TEST_F(RepositoryTest, TheBranchIsTheNameAndARepositoryKeepsItsEnvironmentFromAnother) {
    const auto one = checkout("one", "https://github.com/example/one.git");
    const auto two = checkout("two", "git@github.com:example/two.git");
    const auto made = made_in(one);
    EXPECT_EQ(made.at("name").as_string(), branch_);
    EXPECT_EQ(made.at("ref").as_string(), branch_);
    EXPECT_EQ(made.at("repository").as_string(), "github.com/example/one");
    const auto url = in(one, {"url"}).out;
    EXPECT_EQ(support::ask(e2e::login_of(url), "SELECT 'here' AS value"), "here");

    const auto create = in(two, {"create"});
    EXPECT_EQ(create.exit_code, 4) << create.err;
    EXPECT_THAT(create.err, AllOf(HasSubstr("github.com/example/one"),
                                  HasSubstr("github.com/example/two"), HasSubstr("--project")));
    EXPECT_EQ(in(two, {"delete", "--current"}).exit_code, 4);
    EXPECT_EQ(in(two, {"delete", branch_}).exit_code, 4);
    EXPECT_EQ(in(one, {"url"}).out, url);
    EXPECT_EQ(support::ask(e2e::login_of(url), "SELECT 'here' AS value"), "here");

    const auto other = in(two, {"create", "--project", "two"});
    EXPECT_EQ(other.exit_code, 0) << other.err;
    EXPECT_EQ(in(two, {"delete", "--current", "--project", "two"}).exit_code, 0);
    EXPECT_EQ(in(one, {"delete", "--current"}).exit_code, 0);
}

TEST_F(RepositoryTest, HowARepositoryIsReachedMakesNoDifferenceAndItsTokenIsNotKept) {
    const auto plain = checkout("plain", "https://github.com/example/same");
    const auto token = checkout("token", "https://ci:t0ken-of-ci@GitHub.com/example/same.git");
    made_in(plain);
    const auto again = in(token, {"create", "-o", "json", "--log-level", "trace"});
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(boost::json::parse(again.out).at("outcome").as_string(), "unchanged");
    const auto history = in(token, {"history", branch_, "-o", "json"});
    EXPECT_THAT(again.out + again.err + history.out, Not(HasSubstr("t0ken-of-ci")));
    EXPECT_EQ(in(token, {"delete", "--current"}).exit_code, 0);
}

TEST_F(RepositoryTest, ADetachedHeadHasNoNameAndTheErrorSaysWhatWasLookedAt) {
    const auto folder = checkout("detached", "https://github.com/example/one.git");
    git(folder, {"commit", "-q", "--allow-empty", "-m", "first"});
    git(folder, {"checkout", "-q", "--detach"});
    for (const e2e::Words& words :
         {e2e::Words{"create"}, {"get"}, {"url"}, {"delete", "--current"}}) {
        const auto finished = in(folder, words);
        EXPECT_EQ(finished.exit_code, 2) << words[0] << ": " << finished.err;
        EXPECT_EQ(finished.out, "");
        EXPECT_THAT(finished.err, AllOf(HasSubstr("REVIEWDB_NAME"), HasSubstr("CI"),
                                        HasSubstr("git checkout"), HasSubstr("detached HEAD")));
    }
}

}  // namespace
