// SPDX-License-Identifier: Apache-2.0
//
// What the variables of a run mean, in GitLab for each source of a pipeline, and in other systems.
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

Variables with_all(Variables variables, const Variables& more) {
    for (const auto& [name, value] : more) variables[name] = value;
    return variables;
}

Variables pipeline(const std::string& source, const Variables& more) {
    return with_all({{"CI", "true"},
                     {"GITLAB_CI", "true"},
                     {"CI_SERVER_HOST", "gitlab.example.com"},
                     {"CI_PROJECT_PATH", "acme/shop"},
                     {"CI_DEFAULT_BRANCH", "trunk"},
                     {"CI_COMMIT_SHA", "sha"},
                     {"CI_PIPELINE_SOURCE", source}},
                    more);
}
void expect_gitlab(const CiCase& run) { expect_run(run, "gitlab.example.com/acme/shop"); }

TEST(GitlabPipeline, means_its_branch_when_it_was_started_for_it) {
    for (const auto* source : {"push", "web", "webide", "api", "trigger", "parent_pipeline",
                               "external", "duo_workflow", ""}) {
        for (const auto* branch : {"feature/x", "trunk"}) {
            expect_gitlab({source,
                           pipeline(source, {{"CI_COMMIT_BRANCH", branch}}),
                           "",
                           branch,
                           true,
                           branch,
                           {},
                           "sha"});
        }
        expect_gitlab({source,
                       pipeline(source, {{"CI_COMMIT_TAG", "v1"}}),
                       "",
                       k_no_name,
                       true,
                       "",
                       {},
                       "sha"});
    }
}

TEST(GitlabPipeline, never_means_the_default_branch_by_chance) {
    for (const auto* source : {"schedule", "pipeline", "chat", "security_orchestration_policy",
                               "ondemand_dast_scan", "ondemand_dast_validation",
                               "container_registry_push", "pipeline_execution_policy_schedule"}) {
        expect_gitlab({source,
                       pipeline(source, {{"CI_COMMIT_BRANCH", "trunk"}}),
                       "",
                       k_no_name,
                       true,
                       "",
                       {},
                       ""});
        expect_gitlab({source,
                       pipeline(source, {{"CI_COMMIT_BRANCH", "feature/x"}}),
                       "",
                       "feature/x",
                       true,
                       "feature/x",
                       {},
                       "sha"});
    }
}

TEST(GitlabPipeline, of_a_merge_request_means_its_source_branch) {
    const auto of = [](const char* project) {
        return pipeline("merge_request_event",
                        {{"CI_MERGE_REQUEST_IID", "7"},
                         {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "feature/x"},
                         {"CI_MERGE_REQUEST_PROJECT_PATH", "acme/shop"},
                         {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", project}});
    };
    expect_gitlab({"own", of("acme/shop"), "", "feature/x", true, "feature/x", 7, "sha"});
    expect_gitlab({"fork", of("eve/shop"), "", "pr-7", false, "feature/x", 7, "sha"});
    expect_gitlab({"without its branch",
                   pipeline("merge_request_event",
                            {{"CI_MERGE_REQUEST_IID", "7"}, {"CI_COMMIT_BRANCH", "trunk"}}),
                   "", k_no_name, true, "", 7, "sha"});
    const auto external = [](const char* repository) {
        return pipeline("external_pull_request_event",
                        {{"CI_EXTERNAL_PULL_REQUEST_IID", "8"},
                         {"CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME", "feature/x"},
                         {"CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY", repository},
                         {"CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY", "acme/shop"}});
    };
    expect_gitlab(
        {"external", external("acme/shop"), "", "feature/x", true, "feature/x", 8, "sha"});
    expect_gitlab(
        {"external fork", external("eve/shop"), "", "pr-8", false, "feature/x", 8, "sha"});
}

TEST(CiSystem, drone_means_the_source_branch) {
    const auto run = [](const Variables& more) {
        return with_all({{"CI", "true"},
                         {"DRONE", "true"},
                         {"DRONE_BRANCH", "trunk"},
                         {"DRONE_REPO_BRANCH", "trunk"},
                         {"DRONE_GIT_HTTP_URL", "https://git.example.com/acme/shop.git"},
                         {"DRONE_COMMIT_SHA", "sha"}},
                        more);
    };
    const std::vector<CiCase> runs{
        {"push",
         run({{"DRONE_BUILD_EVENT", "push"}, {"DRONE_BRANCH", "x"}}),
         "",
         "x",
         true,
         "x",
         {},
         "sha"},
        {"promote", run({{"DRONE_BUILD_EVENT", "promote"}}), "", "trunk", true, "trunk", {}, "sha"},
        {"pull request",
         run({{"DRONE_BUILD_EVENT", "pull_request"},
              {"DRONE_PULL_REQUEST", "7"},
              {"DRONE_SOURCE_BRANCH", "x"}}),
         "", "x", false, "x", 7, "sha"},
        {"pull request without its branch",
         run({{"DRONE_BUILD_EVENT", "pull_request"}}),
         "",
         k_no_name,
         true,
         "",
         {},
         "sha"},
        {"tag",
         run({{"DRONE_BUILD_EVENT", "tag"}, {"DRONE_TAG", "v1"}}),
         "",
         k_no_name,
         true,
         "",
         {},
         "sha"},
        {"cron", run({{"DRONE_BUILD_EVENT", "cron"}}), "", k_no_name, true, "", {}, ""},
        {"cron of a branch",
         run({{"DRONE_BUILD_EVENT", "cron"}, {"DRONE_BRANCH", "x"}}),
         "",
         "x",
         true,
         "x",
         {},
         "sha"}};
    for (const auto& one : runs) expect_run(one, "git.example.com/acme/shop");
}

TEST(CiSystem, woodpecker_means_the_source_branch) {
    const auto run = [](const Variables& more) {
        return with_all({{"CI", "woodpecker"},
                         {"CI_COMMIT_BRANCH", "trunk"},
                         {"CI_REPO_DEFAULT_BRANCH", "trunk"},
                         {"CI_REPO_CLONE_URL", "https://codeberg.org/acme/shop.git"},
                         {"CI_COMMIT_SHA", "sha"}},
                        more);
    };
    std::vector<CiCase> runs{
        {"push",
         run({{"CI_PIPELINE_EVENT", "push"}, {"CI_COMMIT_BRANCH", "x"}}),
         "",
         "x",
         true,
         "x",
         {},
         "sha"},
        {"manual", run({{"CI_PIPELINE_EVENT", "manual"}}), "", "trunk", true, "trunk", {}, "sha"},
        {"cron", run({{"CI_PIPELINE_EVENT", "cron"}}), "", k_no_name, true, "", {}, ""},
        {"tag",
         run({{"CI_PIPELINE_EVENT", "tag"}, {"CI_COMMIT_TAG", "v1"}}),
         "",
         k_no_name,
         true,
         "",
         {},
         "sha"},
        {"release", run({{"CI_PIPELINE_EVENT", "release"}}), "", k_no_name, true, "", {}, "sha"}};
    for (const auto* event : {"pull_request", "pull_request_closed", "pull_request_metadata"}) {
        runs.push_back({event,
                        run({{"CI_PIPELINE_EVENT", event},
                             {"CI_COMMIT_PULL_REQUEST", "7"},
                             {"CI_COMMIT_SOURCE_BRANCH", "x"}}),
                        "", "x", false, "x", 7, "sha"});
        runs.push_back(
            {event, run({{"CI_PIPELINE_EVENT", event}}), "", k_no_name, true, "", {}, "sha"});
    }
    for (const auto& one : runs) expect_run(one, "codeberg.org/acme/shop");
}

TEST(CiSystem, appveyor_and_semaphore_mean_the_source_branch) {
    const auto appveyor = [](const Variables& more) {
        return with_all({{"CI", "True"},
                         {"APPVEYOR", "True"},
                         {"APPVEYOR_REPO_PROVIDER", "gitHub"},
                         {"APPVEYOR_REPO_NAME", "acme/shop"},
                         {"APPVEYOR_REPO_BRANCH", "trunk"},
                         {"APPVEYOR_REPO_COMMIT", "sha"}},
                        more);
    };
    const auto pull = [&](const char* head) {
        return appveyor({{"APPVEYOR_PULL_REQUEST_NUMBER", "7"},
                         {"APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME", head},
                         {"APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH", "x"},
                         {"APPVEYOR_PULL_REQUEST_HEAD_COMMIT", "head"}});
    };
    const auto semaphore = [](const Variables& more) {
        return with_all({{"CI", "true"},
                         {"SEMAPHORE", "true"},
                         {"SEMAPHORE_GIT_URL", "git@github.com:acme/shop.git"},
                         {"SEMAPHORE_GIT_REPO_SLUG", "acme/shop"},
                         {"SEMAPHORE_GIT_BRANCH", "trunk"},
                         {"SEMAPHORE_GIT_SHA", "sha"}},
                        more);
    };
    const auto semaphore_pull = [&](const char* head) {
        return semaphore({{"SEMAPHORE_GIT_REF_TYPE", "pull-request"},
                          {"SEMAPHORE_GIT_PR_NUMBER", "7"},
                          {"SEMAPHORE_GIT_PR_SLUG", head},
                          {"SEMAPHORE_GIT_PR_BRANCH", "x"},
                          {"SEMAPHORE_GIT_PR_SHA", "head"}});
    };
    const std::vector<CiCase> runs{
        {"appveyor", appveyor({}), "", "trunk", true, "trunk", {}, "sha"},
        {"appveyor, tag",
         appveyor({{"APPVEYOR_REPO_TAG", "true"}}),
         "",
         k_no_name,
         true,
         "",
         {},
         "sha"},
        {"appveyor, no tag",
         appveyor({{"APPVEYOR_REPO_TAG", "false"}}),
         "",
         "trunk",
         true,
         "trunk",
         {},
         "sha"},
        {"appveyor, own", pull("acme/shop"), "", "x", true, "x", 7, "head"},
        {"appveyor, fork", pull("eve/shop"), "", "pr-7", false, "x", 7, "head"},
        {"semaphore",
         semaphore({{"SEMAPHORE_GIT_REF_TYPE", "branch"}}),
         "",
         "trunk",
         true,
         "trunk",
         {},
         "sha"},
        {"semaphore, tag",
         semaphore({{"SEMAPHORE_GIT_REF_TYPE", "tag"}}),
         "",
         k_no_name,
         true,
         "",
         {},
         "sha"},
        {"semaphore, own", semaphore_pull("acme/shop"), "", "x", true, "x", 7, "head"},
        {"semaphore, fork", semaphore_pull("eve/shop"), "", "pr-7", false, "x", 7, "head"}};
    for (const auto& one : runs) expect_run(one, "github.com/acme/shop");
}

TEST(CiSystem, codebuild_means_the_branch_of_its_webhook) {
    const auto run = [](const Variables& more) {
        return with_all({{"CODEBUILD_BUILD_ID", "shop:1"},
                         {"CODEBUILD_SOURCE_REPO_URL", "https://github.com/acme/shop.git"},
                         {"CODEBUILD_RESOLVED_SOURCE_VERSION", "sha"}},
                        more);
    };
    const auto pull = run({{"CODEBUILD_WEBHOOK_TRIGGER", "pr/7"},
                           {"CODEBUILD_SOURCE_VERSION", "pr/7"},
                           {"CODEBUILD_WEBHOOK_HEAD_REF", "refs/heads/x"}});
    const std::vector<CiCase> runs{
        {"branch",
         run({{"CODEBUILD_WEBHOOK_TRIGGER", "branch/feature/x"}}),
         "",
         "feature/x",
         true,
         "feature/x",
         {},
         "sha"},
        {"by hand",
         run({{"CODEBUILD_SOURCE_VERSION", "refs/heads/x^{abc}"}}),
         "",
         "x",
         true,
         "x",
         {},
         "sha"},
        {"a commit",
         run({{"CODEBUILD_SOURCE_VERSION", "0123456789abcdef"}}),
         "",
         k_no_name,
         true,
         "",
         {},
         "sha"},
        {"tag", run({{"CODEBUILD_WEBHOOK_TRIGGER", "tag/v1"}}), "", k_no_name, true, "", {}, "sha"},
        {"pull request", pull, "", k_no_name, true, "x", 7, "sha"},
        {"own", with_all(pull, {{"REVIEWDB_FORK", "false"}}), "", "x", true, "x", 7, "sha"},
        {"fork", with_all(pull, {{"REVIEWDB_FORK", "true"}}), "", "pr-7", false, "x", 7, "sha"}};
    for (const auto& one : runs) expect_run(one, "github.com/acme/shop");
}

TEST(CiSystem, a_target_branch_is_never_taken_for_the_source) {
    const Variables travis{{"TRAVIS", "true"},
                           {"TRAVIS_BRANCH", "trunk"},
                           {"TRAVIS_PULL_REQUEST", "7"},
                           {"TRAVIS_COMMIT", "sha"}};
    expect_run({"travis", travis, "", k_no_name, true, "", 7, "sha"}, "");
    const Variables azure{{"TF_BUILD", "True"},
                          {"BUILD_SOURCEBRANCH", "refs/pull/7/merge"},
                          {"BUILD_SOURCEVERSION", "sha"}};
    expect_run({"azure", azure, "", k_no_name, true, "", 7, "sha"}, "");
    const Variables jenkins{{"JENKINS_URL", "https://ci"},
                            {"BRANCH_NAME", "PR-7"},
                            {"CHANGE_ID", "7"},
                            {"CHANGE_TARGET", "trunk"},
                            {"GIT_COMMIT", "sha"}};
    expect_run({"jenkins", jenkins, "", k_no_name, true, "", 7, "sha"}, "");
}

TEST(CiSystem, jenkins_on_a_detached_head_names_no_branch) {
    const auto run = [](const char* branch) {
        return Variables{{"JENKINS_URL", "https://ci"}, {"GIT_BRANCH", branch}};
    };
    for (const auto* none : {"detached", "HEAD", "origin/HEAD", "refs/tags/v1", "tags/v1", ""}) {
        expect_run({none, run(none), "", k_no_name, true, "", {}, ""}, "");
    }
    for (const auto* branch : {"origin/feature/x", "feature/x", "refs/heads/feature/x",
                               "refs/remotes/origin/feature/x"}) {
        expect_run({branch, run(branch), "", "feature/x", true, "feature/x", {}, ""}, "");
    }
    expect_run({"pull request", run("origin/pr/7/merge"), "", k_no_name, true, "", 7, ""}, "");
}

TEST(CiSystem, buildkite_compares_the_repositories_of_a_pull_request) {
    const auto run = [](const char* head) {
        return Variables{
            {"BUILDKITE", "true"},           {"BUILDKITE_REPO", "git@github.com:acme/shop.git"},
            {"BUILDKITE_BRANCH", "x"},       {"BUILDKITE_COMMIT", "sha"},
            {"BUILDKITE_PULL_REQUEST", "7"}, {"BUILDKITE_PULL_REQUEST_REPO", head}};
    };
    const std::vector<CiCase> runs{
        {"own", run("https://github.com/acme/shop.git"), "", "x", true, "x", 7, "sha"},
        {"fork", run("git://github.com/eve/shop.git"), "", "pr-7", false, "x", 7, "sha"},
        {"not told", run(""), "", "x", false, "x", 7, "sha"}};
    for (const auto& one : runs) expect_run(one, "github.com/acme/shop");
}

TEST(CiSystem, teamcity_says_how_to_pass_the_branch) {
    environment::Surroundings surroundings;
    surroundings.variables = {{"TEAMCITY_VERSION", "2024.12"}, {"BUILD_VCS_NUMBER", "sha"}};
    const auto error = environment::default_name(surroundings).error();
    EXPECT_NE(error.message.find("%teamcity.build.branch%"), std::string::npos) << error.message;
    surroundings.variables["REVIEWDB_NAME"] = "refs/heads/feature/x";
    const auto found = environment::default_name(surroundings);
    EXPECT_EQ(found->name, "feature/x");
    EXPECT_EQ(found->origin.ref, "feature/x");
}

TEST(CiSystem, hands_on_the_branches_of_bots_and_of_hostile_people_as_they_are) {
    for (const auto* branch :
         {"dependabot/npm_and_yarn/lodash-4.17.21", "renovate/major-all-non-major",
          "renovate/@types/node-20.x", "gh-readonly-queue/main/pr-9-abc", "-rf", "--yes", "$(id)",
          "a;b|c&d", "x'y\"z", "größe", "refs/heads/x", "HEAD", "main\xc2\xa0"}) {
        const Variables circle{{"CIRCLECI", "true"}, {"CIRCLE_BRANCH", branch}};
        expect_run({branch, circle, "", branch, true, branch, {}, ""}, "");
        expect_gitlab({branch,
                       pipeline("push", {{"CI_COMMIT_BRANCH", branch}}),
                       "",
                       branch,
                       true,
                       branch,
                       {},
                       "sha"});
    }
}

TEST(GivenName, that_is_a_full_reference_is_the_branch) {
    environment::Surroundings surroundings;
    surroundings.variables = {
        {"GITLAB_CI", "true"}, {"CI_COMMIT_BRANCH", "feature/x"}, {"CI_COMMIT_SHA", "sha"}};
    const auto reference = environment::named("refs/heads/feature/y", surroundings);
    EXPECT_EQ(reference.name, "feature/y");
    EXPECT_EQ(reference.origin.ref, "feature/y");
    EXPECT_EQ(reference.origin.commit, "") << "of another branch";
    const auto same = environment::named("refs/heads/feature/x", surroundings);
    EXPECT_EQ(same.origin.commit, "sha");
    const auto stage = environment::named("stage-1", surroundings);
    EXPECT_EQ(stage.name, "stage-1");
    EXPECT_EQ(stage.origin.ref, "feature/x");
    EXPECT_EQ(environment::named("refs/tags/v1", surroundings).name, "refs/tags/v1");
    surroundings.variables["CI_MERGE_REQUEST_SOURCE_PROJECT_PATH"] = "eve/shop";
    const auto fork = environment::named("refs/heads/main", surroundings);
    EXPECT_EQ(fork.origin.ref, "feature/x") << "a fork's branch passes for none of ours";
    EXPECT_FALSE(fork.may_be_shielded);
}

TEST(GivenName, that_git_would_take_for_a_pattern_is_no_branch) {
    for (const auto* name : {"", "*", "feature/*", "a?b", "a[b]", "a b", "a~1", "a^", "a:b", "a\\b",
                             "a\nb", "a\x7f"}) {
        EXPECT_FALSE(environment::may_be_branch(name)) << name;
    }
    for (const auto* name : {"main", "feature/x", "größe", "-x", "$(id)", "{0}"}) {
        EXPECT_TRUE(environment::may_be_branch(name)) << name;
    }
}

}  // namespace
