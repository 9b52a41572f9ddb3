// SPDX-License-Identifier: Apache-2.0
//
// Many repositories of one person, with the same branch, on the local server: each has a project of
// its own without a word.
#include <set>

#include "e2e/cli_fixture.h"
#include "e2e/git_fixture.h"

namespace {

using std::filesystem::path;
using testing::HasSubstr;

class LocalRepositoriesTest : public support::PgTest {
   protected:
    void TearDown() override {
        if (!IsSkipped()) in(home_.path(), {"local", "remove", "--yes"});
    }
    base::Finished in(const path& folder, const e2e::Words& words,
                      const e2e::Variables& variables = {}) const {
        return e2e::call(home_.path(), words, variables, folder);
    }
    path repository(const std::string& folder, const std::string& remote = {}) const {
        return e2e::checkout(home_ / folder, "main", remote);
    }
    // The database that `words` lead to.
    std::string database(const path& folder, const e2e::Words& words = {"url"}) const {
        const auto found = in(folder, words);
        EXPECT_EQ(found.exit_code, 0) << folder << ": " << found.err;
        return found.exit_code == 0 ? std::string(e2e::login_of(found.out).get("dbname")) : "";
    }
    std::string made(const path& folder) const { return database(folder, {"create", "-o", "url"}); }

    // A server that root starts runs as another user, who has to get in.
    support::TempFolder home_{"reviewdb-test-", 0755, support::Medium::memory};
};

TEST_F(LocalRepositoriesTest, ManyRepositoriesOnOneBranchAreKeptApart) {
    std::vector<path> repositories;
    for (const auto* owner : {"ada", "grace", "barbara"}) {
        for (const auto* name : {"app", "1000", "a-name-that-is-long"}) {
            const auto folder = std::string(owner) + "/" + name;
            repositories.push_back(repository("code/" + folder));
            const auto remote = "https://github.com/" + folder + ".git";
            repositories.push_back(repository("remote/" + folder, remote));
        }
    }
    std::map<path, std::string> databases;
    std::set<std::string> different;
    for (const auto& folder : repositories) {
        databases[folder] = made(folder);
        different.insert(databases[folder]);
    }
    EXPECT_EQ(different.size(), repositories.size());
    for (const auto& [folder, database_there] : databases) {
        EXPECT_EQ(database(folder), database_there) << folder;
        const auto list = in(folder, {"list", "--quiet"});
        EXPECT_EQ(list.out, "main\n") << folder << list.err;
    }
    // One goes, and all others stay.
    EXPECT_EQ(in(repositories[0], {"delete", "--current", "--purge"}).exit_code, 0);
    EXPECT_EQ(in(repositories[0], {"url"}).exit_code, 3);
    repositories.erase(repositories.begin());
    for (const auto& folder : repositories) {
        EXPECT_EQ(database(folder), databases[folder]) << folder;
    }
}

TEST_F(LocalRepositoriesTest, WorktreesAndClonesOfOneRepositoryShareAndFoldersWithoutGitDoNot) {
    const auto main = repository("main");
    const auto first = made(main);
    e2e::git(main, {"commit", "-q", "--allow-empty", "-m", "first"});
    e2e::git(main, {"worktree", "add", "-q", "--detach", (home_ / "tree").string()});
    e2e::git(home_.path(), {"clone", "-q", main.string(), (home_ / "clone").string()});
    EXPECT_EQ(database(home_ / "tree", {"url", "main"}), first);
    EXPECT_EQ(database(home_ / "clone", {"url", "main"}), first);

    const auto github = repository("github", "https://github.com/ada/shop");
    const auto shop = made(github);
    EXPECT_NE(shop, first);
    EXPECT_EQ(database(repository("ssh", "git@github.com:ada/shop.git")), shop);
    // Where the remote says which one it is, the folder may be called anything.
    std::filesystem::rename(github, home_ / "renamed");
    EXPECT_EQ(database(home_ / "renamed"), shop);

    std::filesystem::create_directory(home_ / "plain");
    const auto none = in(home_ / "plain", {"url"});
    EXPECT_EQ(none.exit_code, 2);
    EXPECT_THAT(none.err, HasSubstr("no NAME was given"));
    const auto other = in(home_ / "plain", {"url", "main"});
    EXPECT_EQ(other.exit_code, 3) << other.err;
    const auto plain = database(home_ / "plain", {"create", "main", "-o", "url"});
    EXPECT_TRUE(plain.starts_with("review_")) << plain;
    EXPECT_EQ(std::set({plain, first, shop}).size(), 3U);
}

TEST_F(LocalRepositoriesTest, AProjectThatIsConfiguredCountsAndTheCheckStands) {
    const auto one = repository("one", "https://github.com/ada/one");
    const auto two = repository("two", "https://github.com/ada/two");
    const auto bare = repository("bare");
    const e2e::Variables shared{{"REVIEWDB_PROJECT", "team"}};
    EXPECT_EQ(in(one, {"create"}, shared).exit_code, 0);
    for (const auto& folder : {two, bare}) {
        for (const e2e::Words& words : {e2e::Words{"create"}, {"url"}, {"reset", "--current"}}) {
            const auto refused = in(folder, words, shared);
            EXPECT_EQ(refused.exit_code, 4) << words[0] << refused.err;
            EXPECT_THAT(refused.err, HasSubstr("github.com/ada/one"));
        }
    }
    const auto shown = in(bare, {"config"});
    EXPECT_THAT(shown.out, HasSubstr("the repository " + bare.string()));
    // A run in a CI says which repository it is for.
    const e2e::Variables run{{"CI", "true"},
                             {"GITHUB_ACTIONS", "true"},
                             {"GITHUB_SERVER_URL", "https://github.com"},
                             {"GITHUB_REPOSITORY", "ada/two"}};
    const e2e::Words named{"create", "main", "--server", "local", "-o", "url"};
    const auto from_run = in(bare, named, run);
    ASSERT_EQ(from_run.exit_code, 0) << from_run.err;
    EXPECT_EQ(std::string(e2e::login_of(from_run.out).get("dbname")), made(two));
}

}  // namespace
