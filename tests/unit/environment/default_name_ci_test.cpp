// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "environment/default_name.h"
#include "unit/environment/ci_case.h"

namespace {

using environment::CiCase;
using environment::expect_run;
using environment::k_no_name;
using environment::Variables;
using environment::with;

std::string pull_request_event(const std::string& number, const std::string& head_repository) {
    return R"({"action":"closed","number":)" + number + R"(,"pull_request":{"number":)" + number +
           R"(,"head":{"ref":"feature/x","sha":"headsha","repo":)" + head_repository +
           R"(},"base":{"ref":"main","repo":{"full_name":"acme/shop"}}}})";
}
const std::string k_own_event = pull_request_event("7", R"({"full_name":"acme/shop"})");
const std::string k_fork_event = pull_request_event("7", R"({"full_name":"eve/shop"})");
const std::string k_lost_fork_event = pull_request_event("7", "null");

Variables github(Variables more) {
    Variables variables{{"CI", "true"},
                        {"GITHUB_ACTIONS", "true"},
                        {"GITHUB_SERVER_URL", "https://github.com"},
                        {"GITHUB_REPOSITORY", "acme/shop"},
                        {"GITHUB_SHA", "mergesha"},
                        {"GITHUB_HEAD_REF", ""},
                        {"GITHUB_BASE_REF", ""}};
    for (auto& [name, value] : more) variables[name] = value;
    return variables;
}
Variables github_branch(const char* event, const std::string& branch) {
    return github({{"GITHUB_EVENT_NAME", event},
                   {"GITHUB_REF", "refs/heads/" + branch},
                   {"GITHUB_REF_NAME", branch},
                   {"GITHUB_REF_TYPE", "branch"}});
}
Variables github_pull(const char* event, const char* ref, const char* ref_name) {
    return github({{"GITHUB_EVENT_NAME", event},
                   {"GITHUB_REF", ref},
                   {"GITHUB_REF_NAME", ref_name},
                   {"GITHUB_REF_TYPE", "branch"},
                   {"GITHUB_HEAD_REF", "feature/x"},
                   {"GITHUB_BASE_REF", "main"}});
}
const Variables k_github_pull = github_pull("pull_request", "refs/pull/7/merge", "7/merge");
const Variables k_github_target = github_pull("pull_request_target", "refs/heads/main", "main");

TEST(DefaultName, is_the_source_branch_of_a_github_run) {
    const auto tag = github({{"GITHUB_EVENT_NAME", "push"},
                             {"GITHUB_REF", "refs/tags/v1"},
                             {"GITHUB_REF_NAME", "v1"},
                             {"GITHUB_REF_TYPE", "tag"}});
    const auto closed = github_pull("pull_request", "refs/heads/main", "main");
    const auto review = with(k_github_pull, "GITHUB_HEAD_REF", "");
    const std::vector<CiCase> runs{
        {"push",
         github_branch("push", "feature/x"),
         "{}",
         "feature/x",
         true,
         "feature/x",
         {},
         "mergesha"},
        {"tag", tag, "{}", k_no_name, true, "", {}, "mergesha"},
        {"pull request", k_github_pull, k_own_event, "feature/x", true, "feature/x", 7, "headsha"},
        {"pull request, no event file", k_github_pull, "", "feature/x", false, "feature/x", 7,
         "mergesha"},
        {"pull request, broken event file", k_github_pull, "{\"pull_re", "feature/x", false,
         "feature/x", 7, "mergesha"},
        {"closed by a merge", closed, k_own_event, "feature/x", true, "feature/x", 7, "headsha"},
        {"review", review, k_own_event, "feature/x", true, "feature/x", 7, "headsha"},
        {"review, no event file", review, "", k_no_name, true, "", 7, "mergesha"},
    };
    for (const auto& run : runs) expect_run(run, "github.com/acme/shop");
}

TEST(DefaultName, is_the_number_of_a_pull_request_from_a_fork_on_github) {
    const auto closed = github_pull("pull_request", "refs/heads/main", "main");
    const std::vector<CiCase> runs{
        {"fork", k_github_pull, k_fork_event, "pr-7", false, "feature/x", 7, "headsha"},
        {"fork, target", k_github_target, k_fork_event, "pr-7", false, "feature/x", 7, "headsha"},
        {"fork, closed", closed, k_fork_event, "pr-7", false, "feature/x", 7, "headsha"},
        {"fork that is gone", k_github_pull, k_lost_fork_event, "pr-7", false, "feature/x", 7,
         "headsha"},
        {"fork by variable", with(k_github_pull, "REVIEWDB_FORK", "true"), "", "pr-7", false,
         "feature/x", 7, "mergesha"},
        {"fork by head repository", with(k_github_pull, "GITHUB_HEAD_REPOSITORY", "eve/shop"), "",
         "pr-7", false, "feature/x", 7, "mergesha"},
        {"fork whatever the variable says", with(k_github_pull, "REVIEWDB_FORK", "false"),
         k_fork_event, "pr-7", false, "feature/x", 7, "headsha"},
        {"own by head repository", with(k_github_pull, "GITHUB_HEAD_REPOSITORY", "acme/shop"), "",
         "feature/x", true, "feature/x", 7, "mergesha"},
        {"own by variable", with(k_github_pull, "REVIEWDB_FORK", "false"), "", "feature/x", true,
         "feature/x", 7, "mergesha"},
        {"target, nothing told", k_github_target, "", k_no_name, true, "feature/x", {}, "mergesha"},
        {"fork without a number",
         with(k_github_target, "REVIEWDB_FORK", "true"),
         "",
         k_no_name,
         false,
         "feature/x",
         {},
         "mergesha"},
    };
    for (const auto& run : runs) expect_run(run, "github.com/acme/shop");
}

Variables gitlab(Variables more) {
    Variables variables{{"CI", "true"},
                        {"GITLAB_CI", "true"},
                        {"CI_SERVER_HOST", "GitLab.example.com"},
                        {"CI_PROJECT_PATH", "acme/web/shop"},
                        {"CI_COMMIT_SHA", "sha"},
                        {"CI_COMMIT_REF_NAME", "whatever"}};
    for (auto& [name, value] : more) variables[name] = value;
    return variables;
}
Variables merge_request(const char* source_project) {
    return gitlab({{"CI_PIPELINE_SOURCE", "merge_request_event"},
                   {"CI_MERGE_REQUEST_IID", "12"},
                   {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "feature/x"},
                   {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"},
                   {"CI_MERGE_REQUEST_PROJECT_PATH", "acme/web/shop"},
                   {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", source_project}});
}

TEST(DefaultName, is_the_source_branch_of_a_gitlab_run) {
    const auto in_fork = with(merge_request("eve/shop"), "CI_PROJECT_PATH", "eve/shop");
    const std::vector<CiCase> runs{
        {"push",
         gitlab({{"CI_COMMIT_BRANCH", "feature/x"}}),
         "",
         "feature/x",
         true,
         "feature/x",
         {},
         "sha"},
        {"tag", gitlab({{"CI_COMMIT_TAG", "v1"}}), "", k_no_name, true, "", {}, "sha"},
        {"merge request", merge_request("acme/web/shop"), "", "feature/x", true, "feature/x", 12,
         "sha"},
        {"merged result",
         with(merge_request("acme/web/shop"), "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "head"), "",
         "feature/x", true, "feature/x", 12, "head"},
        {"fork", merge_request("eve/shop"), "", "pr-12", false, "feature/x", 12, "sha"},
        {"fork, in its own project", in_fork, "", "pr-12", false, "feature/x", 12, "sha"},
        {"fork that is gone", merge_request(""), "", "pr-12", false, "feature/x", 12, "sha"},
        {"fork whatever the variable says", with(merge_request("eve/shop"), "REVIEWDB_FORK", "0"),
         "", "pr-12", false, "feature/x", 12, "sha"},
    };
    for (const auto& run : runs) expect_run(run, "gitlab.example.com/acme/web/shop");
}

TEST(DefaultName, is_found_in_the_other_common_systems) {
    const Variables bitbucket{{"BITBUCKET_BUILD_NUMBER", "3"},
                              {"BITBUCKET_REPO_FULL_NAME", "acme/shop"},
                              {"BITBUCKET_COMMIT", "sha"}};
    expect_run({"bitbucket", with(with(bitbucket, "BITBUCKET_BRANCH", "x"), "BITBUCKET_PR_ID", "4"),
                "", "x", true, "x", 4, "sha"},
               "bitbucket.org/acme/shop");
    expect_run({"bitbucket, tag",
                with(bitbucket, "BITBUCKET_TAG", "v1"),
                "",
                k_no_name,
                true,
                "",
                {},
                "sha"},
               "bitbucket.org/acme/shop");

    const Variables buildkite{{"BUILDKITE", "true"},
                              {"BUILDKITE_REPO", "git@github.com:acme/shop.git"},
                              {"BUILDKITE_COMMIT", "sha"},
                              {"BUILDKITE_PULL_REQUEST", "false"},
                              {"BUILDKITE_BRANCH", "x"}};
    expect_run({"buildkite", buildkite, "", "x", true, "x", {}, "sha"}, "github.com/acme/shop");
    expect_run({"buildkite, tag",
                with(buildkite, "BUILDKITE_TAG", "x"),
                "",
                k_no_name,
                true,
                "",
                {},
                "sha"},
               "github.com/acme/shop");
    expect_run({"buildkite, fork",
                with(with(buildkite, "BUILDKITE_BRANCH", "eve:x"), "BUILDKITE_PULL_REQUEST", "9"),
                "", "pr-9", false, "eve:x", 9, "sha"},
               "github.com/acme/shop");

    const Variables circle{{"CIRCLECI", "true"},
                           {"CIRCLE_REPOSITORY_URL", "https://github.com/acme/shop"},
                           {"CIRCLE_SHA1", "sha"},
                           {"CIRCLE_BRANCH", "x"}};
    expect_run(
        {"circle", with(circle, "CIRCLE_PULL_REQUEST", "https://github.com/acme/shop/pull/5"), "",
         "x", true, "x", 5, "sha"},
        "github.com/acme/shop");
    expect_run(
        {"circle, fork", with(with(circle, "CIRCLE_BRANCH", "pull/6"), "CIRCLE_PR_NUMBER", "6"), "",
         "pr-6", false, "pull/6", 6, "sha"},
        "github.com/acme/shop");
    expect_run({"circle, tag",
                with(with(circle, "CIRCLE_BRANCH", ""), "CIRCLE_TAG", "v1"),
                "",
                k_no_name,
                true,
                "",
                {},
                "sha"},
               "github.com/acme/shop");
}

TEST(DefaultName, is_found_in_azure_jenkins_and_travis) {
    const Variables azure{{"TF_BUILD", "True"},
                          {"BUILD_REPOSITORY_URI", "https://acme@dev.azure.com/acme/p/_git/shop"},
                          {"BUILD_SOURCEVERSION", "sha"},
                          {"BUILD_SOURCEBRANCH", "refs/heads/feature/x"}};
    const auto azure_pull = with(with(with(azure, "BUILD_SOURCEBRANCH", "refs/pull/8/merge"),
                                      "SYSTEM_PULLREQUEST_SOURCEBRANCH", "refs/heads/y"),
                                 "SYSTEM_PULLREQUEST_PULLREQUESTID", "8");
    const std::vector<CiCase> azure_runs{
        {"azure", azure, "", "feature/x", true, "feature/x", {}, "sha"},
        {"azure, pull request", azure_pull, "", "y", true, "y", 8, "sha"},
        {"azure, fork", with(azure_pull, "SYSTEM_PULLREQUEST_ISFORK", "True"), "", "pr-8", false,
         "y", 8, "sha"},
        {"azure, tag",
         with(azure, "BUILD_SOURCEBRANCH", "refs/tags/v1"),
         "",
         k_no_name,
         true,
         "",
         {},
         "sha"}};
    for (const auto& run : azure_runs) expect_run(run, "dev.azure.com/acme/p/_git/shop");

    const Variables jenkins{{"JENKINS_URL", "https://ci"},
                            {"GIT_URL", "https://git.example.com/acme/shop.git"},
                            {"GIT_COMMIT", "sha"}};
    const auto change =
        with(with(with(jenkins, "BRANCH_NAME", "PR-9"), "CHANGE_BRANCH", "x"), "CHANGE_ID", "9");
    const std::vector<CiCase> jenkins_runs{
        {"jenkins",
         with(jenkins, "GIT_BRANCH", "origin/feature/x"),
         "",
         "feature/x",
         true,
         "feature/x",
         {},
         "sha"},
        {"jenkins, many branches",
         with(jenkins, "BRANCH_NAME", "x"),
         "",
         "x",
         true,
         "x",
         {},
         "sha"},
        {"jenkins, change", change, "", "x", true, "x", 9, "sha"},
        {"jenkins, fork", with(change, "CHANGE_FORK", "eve"), "", "pr-9", false, "x", 9, "sha"},
        {"jenkins, tag",
         with(with(jenkins, "BRANCH_NAME", "v1"), "TAG_NAME", "v1"),
         "",
         k_no_name,
         true,
         "",
         {},
         "sha"}};
    for (const auto& run : jenkins_runs) expect_run(run, "git.example.com/acme/shop");

    const Variables travis{{"TRAVIS", "true"},
                           {"TRAVIS_BRANCH", "main"},
                           {"TRAVIS_REPO_SLUG", "acme/shop"},
                           {"TRAVIS_PULL_REQUEST", "false"},
                           {"TRAVIS_COMMIT", "sha"}};
    const auto pull =
        with(with(with(travis, "TRAVIS_PULL_REQUEST", "3"), "TRAVIS_PULL_REQUEST_BRANCH", "x"),
             "TRAVIS_PULL_REQUEST_SLUG", "acme/shop");
    const std::vector<CiCase> travis_runs{
        {"travis", travis, "", "main", true, "main", {}, "sha"},
        {"travis, pull request", pull, "", "x", true, "x", 3, "sha"},
        {"travis, fork", with(pull, "TRAVIS_PULL_REQUEST_SLUG", "eve/shop"), "", "pr-3", false, "x",
         3, "sha"},
        {"travis, tag", with(travis, "TRAVIS_TAG", "v1"), "", k_no_name, true, "", {}, "sha"}};
    for (const auto& run : travis_runs) expect_run(run, "");
}

}  // namespace
