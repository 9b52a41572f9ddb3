// SPDX-License-Identifier: Apache-2.0
//
// Calls from git checkouts: which environment they mean, and whose it is.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "e2e/cli_fixture.h"
#include "e2e/git_fixture.h"

namespace {

using std::filesystem::path;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using e2e::git;

class RepositoryTest : public e2e::CliTest {
   protected:
    // With a remote `origin`, unless that is empty.
    path checkout(const std::string& folder, const std::string& remote) const {
        return e2e::checkout(home() / folder, branch_, remote);
    }
    base::Finished in(const path& folder, const e2e::Words& words,
                      e2e::Variables variables = {}) const {
        variables.emplace("REVIEWDB_SERVER", operator_url());
        return e2e::call(home().path(), words, std::move(variables), folder);
    }
    // Every verb that can be about an environment which is there, with and without its NAME.
    std::vector<e2e::Words> verbs() const {
        std::vector<e2e::Words> all{{"create"},
                                    {"url"},
                                    {"env"},
                                    {"get"},
                                    {"psql", "--", "-c", "SELECT 1"},
                                    {"exec", "--", "true"}};
        for (auto words : std::vector<e2e::Words>(all)) {
            words.insert(words.begin() + 1, branch_);
            all.push_back(words);
        }
        for (const auto* verb : {"extend", "reset", "delete", "close", "open", "protect",
                                 "unprotect", "rotate", "repair", "release"}) {
            all.push_back({verb, "--current"});
            all.push_back({verb, branch_});
        }
        return all;
    }
    // None of them says or changes anything in `folder`.
    void expect_refused(const path& folder, const std::string& owner,
                        const std::string& caller) const {
        for (const auto& words : verbs()) {
            const auto refused = in(folder, words);
            SCOPED_TRACE(words[0] + " " + (words.size() > 1 ? words[1] : "") + ": " + refused.err);
            EXPECT_EQ(refused.exit_code, 4);
            EXPECT_EQ(refused.out, "");
            EXPECT_THAT(refused.err, AllOf(HasSubstr(owner + ","), HasSubstr("not to " + caller),
                                           HasSubstr("--project")));
        }
        const auto made = in(folder, {"template", "create", "stolen", "--environment", branch_});
        EXPECT_EQ(made.exit_code, 4) << made.err;
        EXPECT_THAT(made.err, HasSubstr("not to " + caller));
    }
    static std::string machine() {
        std::array<char, 256> name{};
        gethostname(name.data(), name.size() - 1);
        std::string text = name.data();
        std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
        return text;
    }
    boost::json::value made_in(const path& folder) const {
        const auto finished = in(folder, {"create", "-o", "json"});
        EXPECT_EQ(finished.exit_code, 0) << finished.err;
        return boost::json::parse(finished.out);
    }

    std::string branch_ = support::unique_name("feature/");
};

TEST_F(RepositoryTest, NoVerbUsesTheEnvironmentOfAnotherRepository) {
    const auto owner = checkout("owner", "https://github.com/example/owner.git");
    const auto url = in(owner, {"create", "-o", "url"}).out;
    ASSERT_NE(url, "");
    const auto history = in(owner, {"history", branch_, "-o", "json"}).out;

    expect_refused(checkout("other", "git@github.com:example/other.git"),
                   "github.com/example/owner", "github.com/example/other");
    const auto bare = checkout("bare", "");
    expect_refused(bare, "github.com/example/owner", machine() + ":" + bare.string());

    EXPECT_EQ(in(owner, {"url"}).out, url);
    EXPECT_EQ(support::ask(e2e::login_of(url), "SELECT 'here' AS value"), "here");
    EXPECT_EQ(in(owner, {"history", branch_, "-o", "json"}).out, history);
    // Whoever means it says so.
    const e2e::Words owned{"url", "--repository", "github.com/example/owner"};
    EXPECT_EQ(in(bare, owned).out, url);
    EXPECT_EQ(in(owner, {"delete", "--current"}).exit_code, 0);
    const auto restored = in(bare, {"restore", branch_});
    EXPECT_EQ(restored.exit_code, 4) << restored.err;
    EXPECT_EQ(in(owner, {"restore", branch_}).exit_code, 0);
    EXPECT_EQ(in(owner, {"delete", "--current", "--purge"}).exit_code, 0);
}

TEST_F(RepositoryTest, WithoutARemoteTheFolderOfItsObjectsIsTheRepository) {
    const auto first = checkout("first", "");
    const auto second = checkout("second", "");
    const auto made = made_in(first);
    EXPECT_EQ(made.at("repository").as_string(), machine() + ":" + first.string());
    expect_refused(second, machine() + ":" + first.string(), machine() + ":" + second.string());

    // A folder inside, a worktree, and a clone are the same repository.
    git(first, {"commit", "-q", "--allow-empty", "-m", "first"});
    std::filesystem::create_directory(first / "inside");
    git(first, {"worktree", "add", "-q", "--detach", (home() / "tree").string()});
    git(home().path(), {"clone", "-q", first.string(), (home() / "clone").string()});
    const auto url = in(first, {"url"}).out;
    for (const auto& folder : {first / "inside", home() / "tree", home() / "clone"}) {
        EXPECT_EQ(in(folder, {"url", branch_}).out, url) << folder;
        EXPECT_EQ(in(folder, {"extend", branch_}).exit_code, 0) << folder;
    }
    // Under another name nobody can tell, until the caller says it.
    std::filesystem::rename(first, home() / "moved");
    EXPECT_EQ(in(home() / "moved", {"url"}).exit_code, 4);
    const e2e::Words meant{"url", "--repository", machine() + ":" + first.string()};
    EXPECT_EQ(in(home() / "moved", meant).out, url);
    EXPECT_EQ(in(home().path(), {"delete", branch_}).exit_code, 0);
}

TEST_F(RepositoryTest, ARemoteOfAnyNameCountsIfItIsTheOnlyOne) {
    const auto folder = checkout("one", "");
    git(folder, {"remote", "add", "upstream", "https://github.com/example/upstream.git"});
    EXPECT_EQ(made_in(folder).at("repository").as_string(), "github.com/example/upstream");
    const auto clone = checkout("clone", "https://github.com/example/upstream");
    EXPECT_EQ(in(clone, {"get"}).exit_code, 0);
    git(clone, {"remote", "add", "fork", "https://github.com/fork/upstream.git"});
    EXPECT_EQ(in(clone, {"get"}).exit_code, 0);
    EXPECT_EQ(in(clone, {"delete", "--current"}).exit_code, 0);
}

// One project for several repositories, as a team's CI has it.
TEST_F(RepositoryTest, InACIARunUsesNoEnvironmentOfAnotherRepository) {
    const auto run_of = [&](const std::string& repository) {
        return e2e::Variables{{"GITHUB_ACTIONS", "true"},
                              {"CI", "true"},
                              {"GITHUB_SERVER_URL", "https://github.com"},
                              {"GITHUB_REPOSITORY", repository},
                              {"GITHUB_EVENT_NAME", "push"},
                              {"GITHUB_REF", "refs/heads/" + branch_},
                              {"GITHUB_REF_NAME", branch_},
                              {"GITHUB_REF_TYPE", "branch"}};
    };
    const auto workspace = home() / "workspace";
    std::filesystem::create_directory(workspace);
    const auto made = in(workspace, {"create", "-o", "url"}, run_of("example/first"));
    ASSERT_EQ(made.exit_code, 0) << made.err;
    for (const auto& words : verbs()) {
        const auto refused = in(workspace, words, run_of("example/second"));
        EXPECT_EQ(refused.exit_code, 4) << words[0] << ": " << refused.err;
        EXPECT_EQ(refused.out, "");
    }
    EXPECT_EQ(in(workspace, {"url"}, run_of("example/first")).out, made.out);
    EXPECT_EQ(in(workspace, {"delete", "--current"}, run_of("example/first")).exit_code, 0);
}

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
