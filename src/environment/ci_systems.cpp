// SPDX-License-Identifier: Apache-2.0
#include "environment/ci_systems.h"

#include "environment/ci_words.h"
#include "environment/repository.h"

namespace environment {

namespace {

constexpr auto k_tag = "the run is about a tag";

// A cron job without a branch of its own runs on the default one.
bool is_cron_on_default_branch(const std::string& event, const std::string& branch,
                               const std::string& fallback) {
    return event == "cron" && (fallback.empty() || fallback == branch);
}
constexpr auto k_cron = "the event 'cron' names no branch";

// Jenkins' git plugin writes "detached" for a commit, and names the remote otherwise.
std::string jenkins_ref(const Words& words) {
    auto ref = words.get("GIT_BRANCH");
    for (const auto* prefix : {"refs/remotes/", "remotes/", "origin/"}) {
        ref = without_prefix(ref, prefix);
    }
    return ref == "detached" || ref == "HEAD" ? std::string() : ref;
}

}  // namespace

CiRun appveyor_run(const Words& words) {
    CiRun run{"AppVeyor", "APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH, APPVEYOR_REPO_BRANCH"};
    run.pull_request = number_in(words.get("APPVEYOR_PULL_REQUEST_NUMBER"));
    run.commit = words.first_of({"APPVEYOR_PULL_REQUEST_HEAD_COMMIT", "APPVEYOR_REPO_COMMIT"});
    const auto name = words.get("APPVEYOR_REPO_NAME");
    if (words.get("APPVEYOR_REPO_PROVIDER") == "gitHub") run.remote = "https://github.com/" + name;
    if (words.get("APPVEYOR_REPO_PROVIDER") == "gitLab") run.remote = "https://gitlab.com/" + name;
    if (words.get("APPVEYOR_REPO_PROVIDER") == "bitBucket") {
        run.remote = "https://bitbucket.org/" + name;
    }
    if (words.has("APPVEYOR_PULL_REQUEST_NUMBER")) {
        // APPVEYOR_REPO_BRANCH is the branch that it would be merged into.
        run.branch = non_empty(words.get("APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH"));
        const auto head = words.get("APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME");
        run.owner = head.empty() ? BranchOwner::not_told : fork_if(head != name);
    } else if (words.says_yes("APPVEYOR_REPO_TAG")) {
        run.no_branch = k_tag;
    } else {
        run.branch = non_empty(words.get("APPVEYOR_REPO_BRANCH"));
    }
    return run;
}

CiRun azure_run(const Words& words) {
    CiRun run{"Azure Pipelines", "SYSTEM_PULLREQUEST_SOURCEBRANCH, BUILD_SOURCEBRANCH"};
    const auto ref = words.first_of({"SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH"});
    run.branch = branch_in(ref);
    if (ref.starts_with("refs/tags/")) run.no_branch = k_tag;
    run.pull_request = number_in(words.first_of(
        {"SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "SYSTEM_PULLREQUEST_PULLREQUESTID"}));
    run.owner = fork_if(words.says_yes("SYSTEM_PULLREQUEST_ISFORK"));
    if (const auto number = number_behind(ref, "refs/pull/")) {
        if (!run.pull_request) run.pull_request = number;
        if (run.owner != BranchOwner::fork) run.owner = BranchOwner::stranger;
    }
    run.remote = words.get("BUILD_REPOSITORY_URI");
    run.commit = words.first_of({"SYSTEM_PULLREQUEST_SOURCECOMMITID", "BUILD_SOURCEVERSION"});
    return run;
}

CiRun bitbucket_run(const Words& words) {
    CiRun run{"Bitbucket Pipelines", "BITBUCKET_BRANCH"};
    if (words.has("BITBUCKET_TAG")) {
        run.no_branch = k_tag;
    } else {
        run.branch = non_empty(words.get("BITBUCKET_BRANCH"));
    }
    run.pull_request = number_in(words.get("BITBUCKET_PR_ID"));
    if (words.has("BITBUCKET_REPO_FULL_NAME")) {
        run.remote = "https://bitbucket.org/" + words.get("BITBUCKET_REPO_FULL_NAME");
    }
    run.commit = words.get("BITBUCKET_COMMIT");
    return run;
}

CiRun buildkite_run(const Words& words) {
    CiRun run{"Buildkite", "BUILDKITE_BRANCH"};
    if (words.has("BUILDKITE_TAG")) {
        run.no_branch = k_tag;
    } else {
        run.branch = non_empty(words.get("BUILDKITE_BRANCH"));
    }
    run.pull_request = number_in(words.get("BUILDKITE_PULL_REQUEST"));
    run.remote = words.get("BUILDKITE_REPO");
    run.commit = words.get("BUILDKITE_COMMIT");
    // It can call a fork's branch owner:branch, which no branch may be called, but need not.
    const bool prefixed = run.branch && run.branch->find(':') != std::string::npos;
    run.owner = fork_if(prefixed);
    if (run.pull_request && !prefixed) {
        const auto head = parse_repository(words.get("BUILDKITE_PULL_REQUEST_REPO"));
        const auto own = parse_repository(run.remote);
        run.owner = head && own ? fork_if(*head != *own) : BranchOwner::not_told;
    }
    return run;
}

CiRun circleci_run(const Words& words) {
    CiRun run{"CircleCI", "CIRCLE_BRANCH"};
    if (words.has("CIRCLE_TAG")) {
        run.no_branch = k_tag;
    } else {
        run.branch = non_empty(words.get("CIRCLE_BRANCH"));
    }
    const auto url = words.get("CIRCLE_PULL_REQUEST");
    run.pull_request = number_in(words.has("CIRCLE_PR_NUMBER") ? words.get("CIRCLE_PR_NUMBER")
                                                               : url.substr(url.rfind('/') + 1));
    // Set for forks only; a fork's branch is called pull/N.
    const auto in_branch = number_behind(words.get("CIRCLE_BRANCH"), "pull/");
    if (!run.pull_request) run.pull_request = in_branch;
    run.owner = fork_if(words.has("CIRCLE_PR_NUMBER") || words.has("CIRCLE_PR_USERNAME") ||
                        words.get("CIRCLE_BRANCH").starts_with("pull/"));
    run.remote = words.get("CIRCLE_REPOSITORY_URL");
    run.commit = words.get("CIRCLE_SHA1");
    return run;
}

CiRun codebuild_run(const Words& words) {
    CiRun run{"AWS CodeBuild", "CODEBUILD_WEBHOOK_HEAD_REF, CODEBUILD_WEBHOOK_TRIGGER"};
    const auto trigger = words.get("CODEBUILD_WEBHOOK_TRIGGER");
    // Without a webhook it is a branch, a tag or a commit, and nothing says which.
    const auto source = words.get("CODEBUILD_SOURCE_VERSION");
    run.pull_request = number_behind(trigger, "pr/");
    if (!run.pull_request) run.pull_request = number_behind(source, "pr/");
    run.remote = words.get("CODEBUILD_SOURCE_REPO_URL");
    run.commit = words.get("CODEBUILD_RESOLVED_SOURCE_VERSION");
    if (run.pull_request) {
        run.branch = branch_of_ref(words.get("CODEBUILD_WEBHOOK_HEAD_REF"));
        // A fork's runs with everything that the project's own may do.
        run.owner = BranchOwner::stranger;
    } else if (trigger.starts_with("branch/")) {
        run.branch = non_empty(without_prefix(trigger, "branch/"));
    } else if (trigger.starts_with("tag/") || source.starts_with("refs/tags/")) {
        run.no_branch = k_tag;
    } else {
        run.branch = branch_of_ref(source.substr(0, source.find('^')));
    }
    return run;
}

CiRun drone_run(const Words& words) {
    CiRun run{"Drone", "DRONE_SOURCE_BRANCH, DRONE_BRANCH"};
    const auto event = words.get("DRONE_BUILD_EVENT");
    run.pull_request = number_in(words.get("DRONE_PULL_REQUEST"));
    run.remote = words.first_of({"DRONE_GIT_HTTP_URL", "DRONE_REPO_LINK"});
    run.commit = words.first_of({"DRONE_COMMIT_SHA", "DRONE_COMMIT"});
    if (event == "pull_request" || run.pull_request) {
        // DRONE_BRANCH is the branch that it would be merged into.
        run.branch = non_empty(words.get("DRONE_SOURCE_BRANCH"));
        run.owner = BranchOwner::not_told;
    } else if (event == "tag" || words.has("DRONE_TAG")) {
        run.no_branch = k_tag;
    } else if (is_cron_on_default_branch(event, words.get("DRONE_BRANCH"),
                                         words.get("DRONE_REPO_BRANCH"))) {
        run.commit.clear();
        run.no_branch = k_cron;
    } else {
        run.branch = non_empty(words.get("DRONE_BRANCH"));
    }
    return run;
}

CiRun jenkins_run(const Words& words) {
    CiRun run{"Jenkins", "CHANGE_BRANCH, BRANCH_NAME, GIT_BRANCH"};
    const auto ref = jenkins_ref(words);
    run.pull_request = number_in(words.get("CHANGE_ID"));
    run.owner = fork_if(words.has("CHANGE_FORK"));
    run.remote = words.get("GIT_URL");
    run.commit = words.get("GIT_COMMIT");
    if (words.has("CHANGE_BRANCH") || words.has("CHANGE_ID")) {
        // BRANCH_NAME is PR-9 here.
        run.branch = non_empty(words.get("CHANGE_BRANCH"));
        if (!run.branch && run.owner != BranchOwner::fork) run.owner = BranchOwner::stranger;
    } else if (words.has("TAG_NAME") || ref.starts_with("refs/tags/") || ref.starts_with("tags/")) {
        run.no_branch = k_tag;
    } else if (words.has("BRANCH_NAME")) {
        run.branch = words.get("BRANCH_NAME");
    } else if (const auto number = number_behind(without_prefix(ref, "refs/"), "pr/")) {
        run.pull_request = number;
        run.owner = BranchOwner::stranger;
    } else {
        run.branch = branch_in(ref);
    }
    return run;
}

CiRun semaphore_run(const Words& words) {
    CiRun run{"Semaphore", "SEMAPHORE_GIT_PR_BRANCH, SEMAPHORE_GIT_BRANCH"};
    const auto kind = words.get("SEMAPHORE_GIT_REF_TYPE");
    run.pull_request = number_in(words.get("SEMAPHORE_GIT_PR_NUMBER"));
    run.remote = words.get("SEMAPHORE_GIT_URL");
    run.commit = words.first_of({"SEMAPHORE_GIT_PR_SHA", "SEMAPHORE_GIT_SHA"});
    if (kind == "pull-request" || run.pull_request) {
        // SEMAPHORE_GIT_BRANCH is the branch that it would be merged into.
        run.branch = non_empty(words.get("SEMAPHORE_GIT_PR_BRANCH"));
        const auto head = words.get("SEMAPHORE_GIT_PR_SLUG");
        run.owner = head.empty() ? BranchOwner::not_told
                                 : fork_if(head != words.get("SEMAPHORE_GIT_REPO_SLUG"));
    } else if (kind == "tag" || words.has("SEMAPHORE_GIT_TAG_NAME")) {
        run.no_branch = k_tag;
    } else {
        run.branch = non_empty(words.get("SEMAPHORE_GIT_BRANCH"));
    }
    return run;
}

// It keeps the branch in a parameter of the build, which is no variable.
CiRun teamcity_run(const Words& words) {
    CiRun run{"TeamCity", "no variable of its own, as the branch is %teamcity.build.branch%"};
    run.commit = words.get("BUILD_VCS_NUMBER");
    run.no_branch =
        "TeamCity sets no variable that names the branch; "
        "set env.REVIEWDB_NAME to %teamcity.build.branch%";
    return run;
}

CiRun travis_run(const Words& words) {
    CiRun run{"Travis CI", "TRAVIS_PULL_REQUEST_BRANCH, TRAVIS_BRANCH"};
    run.pull_request = number_in(words.get("TRAVIS_PULL_REQUEST"));
    run.commit = words.first_of({"TRAVIS_PULL_REQUEST_SHA", "TRAVIS_COMMIT"});
    const auto head = words.get("TRAVIS_PULL_REQUEST_SLUG");
    run.owner = fork_if(!head.empty() && head != words.get("TRAVIS_REPO_SLUG"));
    if (run.pull_request) {
        // TRAVIS_BRANCH is the branch that it would be merged into.
        run.branch = non_empty(words.get("TRAVIS_PULL_REQUEST_BRANCH"));
        if (head.empty()) run.owner = BranchOwner::not_told;
    } else if (words.has("TRAVIS_TAG")) {
        run.no_branch = k_tag;
    } else {
        run.branch = non_empty(words.get("TRAVIS_BRANCH"));
    }
    return run;
}

CiRun woodpecker_run(const Words& words) {
    CiRun run{"Woodpecker", "CI_COMMIT_SOURCE_BRANCH, CI_COMMIT_BRANCH"};
    const auto event = words.get("CI_PIPELINE_EVENT");
    run.pull_request = number_in(words.get("CI_COMMIT_PULL_REQUEST"));
    run.remote = words.first_of({"CI_REPO_CLONE_URL", "CI_REPO_URL"});
    run.commit = words.get("CI_COMMIT_SHA");
    if (event.starts_with("pull_request") || run.pull_request) {
        // CI_COMMIT_BRANCH is the branch that it would be merged into.
        run.branch = non_empty(words.get("CI_COMMIT_SOURCE_BRANCH"));
        run.owner = BranchOwner::not_told;
    } else if (event == "tag" || event == "release" || words.has("CI_COMMIT_TAG")) {
        run.no_branch = k_tag;
    } else if (is_cron_on_default_branch(event, words.get("CI_COMMIT_BRANCH"),
                                         words.get("CI_REPO_DEFAULT_BRANCH"))) {
        run.commit.clear();
        run.no_branch = k_cron;
    } else {
        run.branch = non_empty(words.get("CI_COMMIT_BRANCH"));
    }
    return run;
}

}  // namespace environment
