// SPDX-License-Identifier: Apache-2.0
//
// Calls from CI jobs: which environment they mean, and which branch it is recorded for.
#include "e2e/cli_fixture.h"

namespace {

using testing::AllOf;
using testing::HasSubstr;

class CiTest : public e2e::CliTest {
   protected:
    e2e::Variables github(const std::string& event, const std::string& payload) const {
        std::ofstream(home() / "event.json") << payload;
        return {{"GITHUB_ACTIONS", "true"},
                {"CI", "true"},
                {"GITHUB_SERVER_URL", "https://github.com"},
                {"GITHUB_REPOSITORY", "acme/shop"},
                {"GITHUB_SHA", "0123abc"},
                {"GITHUB_EVENT_NAME", event},
                {"GITHUB_EVENT_PATH", (home() / "event.json").string()},
                {"GITHUB_REF", "refs/heads/trunk"},
                {"GITHUB_REF_NAME", "trunk"},
                {"GITHUB_REF_TYPE", "branch"}};
    }
    std::string state_of(const std::string& name) const {
        const auto found = reviewdb({"get", "-o", "json", "--project", "ci", "--", name});
        if (found.exit_code != 0) return "exit " + std::to_string(found.exit_code);
        return std::string(boost::json::parse(found.out).at("state").as_string());
    }
    std::string ref_of(const std::string& name) const {
        const auto found = json({"get", name, "-o", "json", "--project", "ci"});
        const auto& ref = found.at("ref");
        return ref.is_null() ? "" : std::string(ref.as_string());
    }
    void git(const e2e::Words& words) const {
        e2e::Words all{"git",
                       "-c",
                       "user.name=tester",
                       "-c",
                       "user.email=tester@example.org",
                       "-C",
                       home().path().string()};
        all.insert(all.end(), words.begin(), words.end());
        const auto finished = support::must(
            base::run({.arguments = all}, base::Deadline::after(std::chrono::seconds(30))));
        ASSERT_EQ(finished.exit_code, 0) << finished.err;
    }
};

TEST_F(CiTest, ADeleteEventRemovesItsOwnBranchAndNeverTheDefaultOne) {
    for (const auto* name : {"trunk", "feature/gone"}) output({"create", name, "--project", "ci"});
    const e2e::Words removal{"delete", "--current", "--yes", "--project", "ci"};
    for (const auto* payload : {R"({"ref":"v1","ref_type":"tag"})", "{}", "", "[", "null"}) {
        const auto refused = reviewdb(removal, github("delete", payload));
        EXPECT_EQ(refused.exit_code, 2) << payload << refused.err;
        EXPECT_THAT(refused.err, AllOf(HasSubstr("'delete'"), HasSubstr("NAME")));
    }
    for (const auto* event : {"schedule", "workflow_run", "issue_comment", "repository_dispatch",
                              "check_suite", "status", "page_build"}) {
        const auto refused = reviewdb(removal, github(event, R"({"ref":"trunk"})"));
        EXPECT_EQ(refused.exit_code, 2) << event << refused.err;
    }
    EXPECT_EQ(state_of("trunk"), "ready");
    output(removal, github("delete", R"({"ref":"feature/gone","ref_type":"branch"})"));
    EXPECT_EQ(state_of("feature/gone"), "exit 3");
    EXPECT_EQ(state_of("trunk"), "ready");
    output({"delete", "trunk", "--yes", "--project", "ci"});
}

TEST_F(CiTest, AFullReferenceIsTheBranchInEveryVerb) {
    output({"create", "refs/heads/feature/ref", "--project", "ci"});
    EXPECT_EQ(ref_of("feature/ref"), "feature/ref");
    EXPECT_EQ(state_of("refs/heads/feature/ref"), "ready");
    EXPECT_EQ(output({"url", "refs/heads/feature/ref", "--project", "ci"}),
              output({"url", "feature/ref", "--project", "ci"}));
    EXPECT_EQ(output({"get", "--quiet", "--project", "ci"},
                     {{"REVIEWDB_NAME", "refs/heads/feature/ref"}}),
              output({"get", "feature/ref", "--quiet", "--project", "ci"}));
    output({"delete", "refs/heads/feature/ref", "--yes", "--project", "ci"});
    EXPECT_EQ(state_of("feature/ref"), "exit 3");
}

TEST_F(CiTest, AnExplicitNameThatGitKnowsAsABranchRecordsItsRef) {
    git({"init", "-q", "-b", "trunk"});
    git({"commit", "-q", "--allow-empty", "-m", "first"});
    git({"remote", "add", "origin", "https://github.com/acme/shop.git"});
    git({"branch", "feature/here"});
    git({"branch", "folder/below"});
    git({"update-ref", "refs/remotes/origin/feature/there", "HEAD"});
    for (const auto* name : {"feature/here", "feature/there", "folder", "feature/*", "stage-1"}) {
        output({"create", name, "--project", "ci"});
        const bool branch = std::string(name).ends_with("here");
        EXPECT_EQ(ref_of(name), branch ? name : "") << name;
        output({"delete", name, "--yes", "--project", "ci"});
    }
    // A stage that is called by a script keeps the branch of the run.
    output({"create", "stage-2", "--project", "ci"},
           github("push", R"({"ref":"refs/heads/feature/x"})"));
    EXPECT_EQ(ref_of("stage-2"), "feature/x");
    output({"delete", "stage-2", "--yes", "--project", "ci"});
}

}  // namespace
