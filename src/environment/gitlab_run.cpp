// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/words.h"
#include "environment/ci_systems.h"
#include "environment/ci_words.h"

namespace environment {

namespace {

// Pipelines that run on the default branch unless they were told another one.
constexpr std::array<std::string_view, 8> k_often_on_the_default_branch{
    "schedule",
    "pipeline",
    "chat",
    "security_orchestration_policy",
    "ondemand_dast_scan",
    "ondemand_dast_validation",
    "container_registry_push",
    "pipeline_execution_policy_schedule"};

bool is_on_default_branch_by_chance(const Words& words) {
    const auto source = words.get("CI_PIPELINE_SOURCE");
    const bool listed = std::ranges::find(k_often_on_the_default_branch, source) !=
                        k_often_on_the_default_branch.end();
    const auto fallback = words.get("CI_DEFAULT_BRANCH");
    return listed && (fallback.empty() || fallback == words.get("CI_COMMIT_BRANCH"));
}

bool is_fork(const Words& words) {
    return words.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH") !=
               words.get("CI_MERGE_REQUEST_PROJECT_PATH") ||
           words.get("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY") !=
               words.get("CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY");
}

}  // namespace

CiRun gitlab_run(const Words& words) {
    CiRun run{"GitLab CI", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME, CI_COMMIT_BRANCH"};
    run.branch = non_empty(words.first_of(
        {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME"}));
    run.pull_request =
        number_in(words.first_of({"CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID"}));
    run.owner = fork_if(is_fork(words));
    // A fork's pipeline may run in the fork's project: the merge request goes to the other one.
    const auto project = words.first_of({"CI_MERGE_REQUEST_PROJECT_PATH", "CI_PROJECT_PATH"});
    if (words.has("CI_SERVER_HOST") && !project.empty()) {
        run.remote = "https://" + words.get("CI_SERVER_HOST") + "/" + project;
    }
    run.commit = words.first_of({"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA"});
    if (run.branch) return run;
    if (run.pull_request) {
        // The branch of a merge request's pipeline is not the one that it would be merged into.
        run.owner = BranchOwner::stranger;
    } else if (words.has("CI_COMMIT_TAG")) {
        run.no_branch = "the pipeline is about a tag";
    } else if (is_on_default_branch_by_chance(words)) {
        run.commit.clear();
        run.no_branch = fmt::format(
            "a pipeline of the source '{}' runs on the default branch without being about it",
            base::harmless(base::beginning_of(words.get("CI_PIPELINE_SOURCE"), 60)));
    } else {
        run.branch = non_empty(words.get("CI_COMMIT_BRANCH"));
    }
    return run;
}

}  // namespace environment
