// SPDX-License-Identifier: Apache-2.0
//
// Every event of GitHub, with the payload that its documentation shows: the branch that it means,
// or none. In all of them GITHUB_REF is what GitHub sets, which for most is the default branch.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "environment/default_name.h"
#include "unit/environment/ci_case.h"

namespace {

using environment::CiCase;
using environment::expect_run;
using environment::k_no_name;
using environment::Variables;
using environment::with;

Variables run_of(const std::string& event, const std::string& ref = "refs/heads/trunk") {
    const bool tag = ref.starts_with("refs/tags/");
    return {{"CI", "true"},
            {"GITHUB_ACTIONS", "true"},
            {"GITHUB_SERVER_URL", "https://github.com"},
            {"GITHUB_REPOSITORY", "acme/shop"},
            {"GITHUB_SHA", "sha"},
            {"GITHUB_EVENT_NAME", event},
            {"GITHUB_REF", ref},
            {"GITHUB_REF_NAME", ref.substr(ref.find('/', 5) + 1)},
            {"GITHUB_REF_TYPE", tag ? "tag" : "branch"},
            {"GITHUB_HEAD_REF", ""}};
}

void expect_github(const CiCase& run) { expect_run(run, "github.com/acme/shop"); }

void expect_branch(const char* title, const Variables& variables, const std::string& event,
                   const std::string& branch, const std::string& commit) {
    expect_github({title, variables, event, branch, true, branch, {}, commit});
}
void expect_none(const char* title, const Variables& variables, const std::string& event,
                 const std::string& commit) {
    expect_github({title, variables, event, k_no_name, true, "", {}, commit});
}

TEST(GithubEvent, names_no_branch_unless_its_payload_does) {
    for (const auto* event : {"branch_protection_rule",
                              "discussion",
                              "discussion_comment",
                              "fork",
                              "gollum",
                              "image_version",
                              "issues",
                              "label",
                              "milestone",
                              "page_build",
                              "project",
                              "project_card",
                              "project_column",
                              "public",
                              "registry_package",
                              "repository_dispatch",
                              "schedule",
                              "status",
                              "watch",
                              "workflow_call",
                              "star",
                              "member",
                              "an_event_to_come",
                              ""}) {
        expect_none(event, run_of(event),
                    R"({"ref":"feature/x","ref_type":"branch",)"
                    R"("branch":"trunk","branches":[{"name":"trunk"}],)"
                    R"("repository":{"default_branch":"trunk"}})",
                    "");
        expect_none(event, run_of(event), "", "");
    }
    auto unnamed = run_of("push");
    unnamed.erase("GITHUB_EVENT_NAME");
    expect_none("no event", unnamed, "", "");
}

TEST(GithubEvent, delete_means_the_branch_that_is_gone) {
    const auto event = [](const char* ref, const char* kind) {
        return std::string(R"({"ref":")") + ref + R"(","ref_type":")" + kind +
               R"(","repository":{"default_branch":"trunk"}})";
    };
    const auto run = run_of("delete");
    expect_branch("delete", run, event("feature/gone", "branch"), "feature/gone", "");
    expect_branch("of the default branch", run, event("trunk", "branch"), "trunk", "");
    expect_none("of a tag", run, event("v1", "tag"), "");
    expect_none("of nothing known", run, event("feature/gone", "note"), "");
    expect_none("empty", run, event("", "branch"), "");
    // A branch of this name would otherwise be taken for the default one.
    expect_none("called like a reference", run, event("refs/heads/trunk", "branch"), "");
    expect_none("no event file", run, "", "");
    expect_none("broken event file", run, R"({"ref":"feature/gone","ref_type":"bra)", "");
    expect_none("of another type", run, R"({"ref":7,"ref_type":"branch"})", "");
    expect_none("a list", run, R"(["feature/gone"])", "");
}

TEST(GithubEvent, create_and_push_mean_the_reference_of_their_payload) {
    expect_branch("create", run_of("create", "refs/heads/feature/x"),
                  R"({"ref":"feature/x","ref_type":"branch"})", "feature/x", "sha");
    expect_branch("create, no event file", run_of("create", "refs/heads/feature/x"), "",
                  "feature/x", "sha");
    expect_none("create of a tag", run_of("create", "refs/tags/v1"),
                R"({"ref":"v1","ref_type":"tag"})", "sha");
    expect_branch("push", run_of("push", "refs/heads/feature/x"),
                  R"({"ref":"refs/heads/feature/x","deleted":false})", "feature/x", "sha");
    expect_branch("push, no event file", run_of("push", "refs/heads/feature/x"), "", "feature/x",
                  "sha");
    expect_branch("push to the default branch", run_of("push"), R"({"ref":"refs/heads/trunk"})",
                  "trunk", "sha");
    expect_branch("push of a deletion", run_of("push"),
                  R"({"ref":"refs/heads/feature/gone","deleted":true})", "feature/gone", "");
    expect_none("push of a tag", run_of("push", "refs/tags/v1"), R"({"ref":"refs/tags/v1"})",
                "sha");
    expect_branch("called like a reference", run_of("push", "refs/heads/refs/heads/trunk"), "",
                  "refs/heads/trunk", "sha");
    expect_branch("dispatch", run_of("workflow_dispatch", "refs/heads/feature/x"),
                  R"({"ref":"refs/heads/feature/x","inputs":null})", "feature/x", "sha");
    expect_branch("dispatch, short", run_of("workflow_dispatch", "refs/heads/feature/x"),
                  R"({"ref":"feature/x"})", "feature/x", "sha");
    expect_none("release", run_of("release", "refs/tags/v1"),
                R"({"release":{"tag_name":"v1","target_commitish":"trunk"}})", "sha");
}

TEST(GithubEvent, merge_group_and_deployment_mean_their_own_branch) {
    const std::string queue =
        "gh-readonly-queue/main/pr-104-929f8209d40f77f4abc622a499c93a83babdbe64";
    expect_branch("merge queue", run_of("merge_group", "refs/heads/" + queue),
                  R"({"merge_group":{"head_ref":"refs/heads/)" + queue + R"("}})", queue, "sha");
    const std::string deployment = R"({"deployment":{"ref":"feature/x","sha":"deployed"}})";
    for (const auto* event : {"deployment", "deployment_status"}) {
        expect_branch(event, run_of(event, "refs/heads/feature/x"), deployment, "feature/x",
                      "deployed");
        expect_branch(event, run_of(event, "refs/heads/feature/x"), "", "feature/x", "sha");
        expect_none(event, run_of(event, "refs/tags/v1"), R"({"deployment":{"ref":"v1"}})", "sha");
        // Of a commit: GITHUB_REF is empty.
        expect_none(event, run_of(event, ""), R"({"deployment":{"ref":"abc","sha":"abc"}})", "");
    }
}

std::string workflow_run(const std::string& event, const std::string& branch,
                         const std::string& head, const std::string& pulls = "[]") {
    return R"({"action":"completed","workflow_run":{"event":")" + event + R"(","head_branch":")" +
           branch + R"(","head_sha":"headsha","head_repository":{"full_name":")" + head +
           R"("},"pull_requests":)" + pulls + R"(},"repository":{"full_name":"acme/shop"}})";
}
std::string pulls(const char* head_id) {
    return R"([{"number":7,"head":{"ref":"feature/x","repo":{"id":)" + std::string(head_id) +
           R"(}},"base":{"ref":"trunk","repo":{"id":1}}}])";
}

TEST(GithubEvent, workflow_run_means_the_branch_of_the_run_that_it_follows) {
    const auto run = run_of("workflow_run");
    for (const auto* former : {"push", "workflow_dispatch", "create", "merge_group"}) {
        expect_branch(former, run, workflow_run(former, "feature/x", "acme/shop"), "feature/x",
                      "headsha");
    }
    for (const auto* former : {"schedule", "repository_dispatch", "issue_comment", "delete",
                               "workflow_run", "status", ""}) {
        expect_none(former, run, workflow_run(former, "trunk", "acme/shop"), "");
    }
    expect_github({"pull request", run,
                   workflow_run("pull_request", "feature/x", "acme/shop", pulls("1")), "feature/x",
                   true, "feature/x", 7, "headsha"});
    expect_github({"fork",
                   run,
                   workflow_run("pull_request", "trunk", "eve/shop"),
                   k_no_name,
                   false,
                   "trunk",
                   {},
                   "headsha"});
    expect_github({"fork that is gone",
                   run,
                   workflow_run("pull_request", "trunk", ""),
                   k_no_name,
                   false,
                   "trunk",
                   {},
                   "headsha"});
    expect_none("no event file", run, "", "");
}

TEST(GithubEvent, a_check_means_the_branch_of_its_pull_request_alone) {
    const auto suite = [](const std::string& list) {
        return R"({"check_suite":{"head_branch":"feature/x","head_sha":"headsha",)"
               R"("pull_requests":)" +
               list + "}}";
    };
    const auto check = [](const std::string& list) {
        return R"({"check_run":{"head_sha":"headsha","pull_requests":)" + list +
               R"(,"check_suite":{"head_branch":"feature/x"}}})";
    };
    expect_github({"suite", run_of("check_suite"), suite(pulls("1")), "feature/x", true,
                   "feature/x", 7, "headsha"});
    expect_github({"run", run_of("check_run"), check(pulls("1")), "feature/x", true, "feature/x", 7,
                   "headsha"});
    // A fork's branch looks like this, too.
    expect_github({"without a pull request",
                   run_of("check_suite"),
                   suite("[]"),
                   k_no_name,
                   true,
                   "feature/x",
                   {},
                   ""});
    expect_github({"of a fork",
                   run_of("check_run"),
                   check(pulls("2")),
                   k_no_name,
                   true,
                   "feature/x",
                   {},
                   ""});
    expect_github({"settled by the workflow",
                   with(run_of("check_suite"), "REVIEWDB_FORK", "false"),
                   suite("[]"),
                   "feature/x",
                   true,
                   "feature/x",
                   {},
                   ""});
    expect_none("no event file", run_of("check_suite"), "", "");
}

TEST(GithubEvent, a_comment_names_a_pull_request_and_no_branch) {
    const std::string of_pull = R"({"issue":{"number":7,"pull_request":{"url":"u"}}})";
    const auto run = run_of("issue_comment");
    expect_github({"of a pull request", run, of_pull, k_no_name, true, "", 7, ""});
    expect_github({"of an issue", run, R"({"issue":{"number":7}})", k_no_name, true, "", {}, ""});
    expect_github({"of a fork's, says the workflow", with(run, "REVIEWDB_FORK", "true"), of_pull,
                   "pr-7", false, "", 7, ""});
}

TEST(GithubEvent, of_gitea_and_forgejo_means_the_same) {
    const std::string gone = R"({"ref":"feature/gone","ref_type":"branch"})";
    for (const auto* sign : {"GITEA_ACTIONS", "FORGEJO_ACTIONS"}) {
        auto run = with(run_of("delete"), sign, "true");
        expect_branch(sign, run, gone, "feature/gone", "");
        run.erase("GITHUB_ACTIONS");
        expect_branch(sign, run, gone, "feature/gone", "");
    }
}

TEST(GithubEvent, without_a_branch_is_refused_with_its_name_and_what_to_do) {
    environment::Surroundings surroundings;
    surroundings.variables = run_of("schedule");
    surroundings.git_branch = "trunk";
    const auto error = environment::default_name(surroundings).error();
    EXPECT_NE(error.message.find("the event 'schedule' names no branch"), std::string::npos)
        << error.message;
    EXPECT_NE(error.hint.find("NAME"), std::string::npos) << error.hint;
    surroundings.variables["GITHUB_EVENT_NAME"] = "\x1b[31m\nred";
    const auto hostile = environment::default_name(surroundings).error();
    EXPECT_EQ(hostile.message.find('\x1b'), std::string::npos);
}

}  // namespace
