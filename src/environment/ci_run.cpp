// SPDX-License-Identifier: Apache-2.0
#include "environment/ci_run.h"

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <initializer_list>
#include <string_view>

#include "base/duration.h"

namespace environment {

namespace {

using std::string_view;

// Variables where an empty one is absent.
class Words {
   public:
    explicit Words(const Variables& variables) : variables_(variables) {}

    std::string get(const char* name) const {
        const auto found = variables_.find(name);
        return found == variables_.end() ? std::string() : found->second;
    }
    bool has(const char* name) const { return !get(name).empty(); }
    std::string first_of(std::initializer_list<const char*> names) const {
        for (const auto* name : names) {
            if (has(name)) return get(name);
        }
        return {};
    }

   private:
    const Variables& variables_;
};

std::optional<std::string> some(std::string text) {
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}

// Pull requests are counted from 1; Buildkite and Travis say "false" where there is none.
std::optional<int> number_in(string_view text) {
    int number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size() || number < 1)
        return std::nullopt;
    return number;
}

std::string without_prefix(const std::string& text, string_view prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

// The branch of a full reference; nothing for a tag, or for the merge of a pull request.
std::optional<std::string> branch_in(const std::string& ref) {
    constexpr string_view k_heads = "refs/heads/";
    if (ref.starts_with(k_heads)) return some(ref.substr(k_heads.size()));
    return ref.starts_with("refs/") ? std::nullopt : some(ref);
}

BranchOwner fork_if(bool fork) { return fork ? BranchOwner::fork : BranchOwner::repository; }

std::string text_at(const boost::json::value& event, string_view pointer) {
    boost::system::error_code problem;
    const auto* found = event.find_pointer(pointer, problem);
    const auto* text = found == nullptr ? nullptr : found->if_string();
    return text == nullptr ? std::string() : std::string(*text);
}

// What GitHub's event file says of a pull request, on top of what the variables said. A fork that
// was removed since has no repository in it any more, and is still not ours.
void read_event(const std::string& text, CiRun& run) {
    boost::system::error_code problem;
    const auto event = boost::json::parse(text, problem);
    if (problem) return;
    const auto* number = event.find_pointer("/pull_request/number", problem);
    if (number == nullptr) return;
    const auto* whole = number->if_int64();
    if (whole != nullptr) run.pull_request = number_in(std::to_string(*whole));
    const auto base = text_at(event, "/pull_request/base/repo/full_name");
    const auto head = text_at(event, "/pull_request/head/repo/full_name");
    if (!base.empty()) run.owner = fork_if(base != head);
    // The pull request as it was when it was opened, pushed to or closed; a job that is run again
    // has the same.
    run.event_at = base::parse_time(text_at(event, "/pull_request/updated_at"));
    if (auto sha = text_at(event, "/pull_request/head/sha"); !sha.empty())
        run.commit = std::move(sha);
    if (auto ref = text_at(event, "/pull_request/head/ref"); !ref.empty())
        run.branch = std::move(ref);
}

// refs/pull/7/merge
std::optional<int> number_in_ref(const std::string& ref) {
    constexpr string_view k_pull = "refs/pull/";
    if (!ref.starts_with(k_pull)) return std::nullopt;
    const auto rest = ref.substr(k_pull.size());
    return number_in(rest.substr(0, rest.find('/')));
}

CiRun github(const Words& words, const std::optional<std::string>& event) {
    CiRun run{"GitHub Actions", "GITHUB_HEAD_REF, GITHUB_REF_NAME", {}, {}, {}, {}, {}};
    if (words.has("GITHUB_REPOSITORY")) {
        const auto server = words.get("GITHUB_SERVER_URL");
        run.remote =
            (server.empty() ? "https://github.com" : server) + "/" + words.get("GITHUB_REPOSITORY");
    }
    run.commit = words.get("GITHUB_SHA");
    if (words.has("GITHUB_HEAD_REF")) {
        run.branch = words.get("GITHUB_HEAD_REF");
        run.pull_request = number_in_ref(words.get("GITHUB_REF"));
        // This event hands secrets to forks too; the others keep them back.
        const bool exposed = words.get("GITHUB_EVENT_NAME") == "pull_request_target";
        run.owner = exposed ? BranchOwner::stranger : BranchOwner::not_told;
        const auto head = words.get("GITHUB_HEAD_REPOSITORY");
        if (!head.empty()) run.owner = fork_if(head != words.get("GITHUB_REPOSITORY"));
    } else if (const auto number = number_in_ref(words.get("GITHUB_REF"))) {
        // A review, say: GITHUB_REF_TYPE is "branch" here, and GITHUB_REF_NAME "7/merge".
        run.pull_request = number;
        run.owner = BranchOwner::stranger;
    } else if (words.get("GITHUB_REF_TYPE") == "branch") {
        run.branch = some(words.get("GITHUB_REF_NAME"));
    }
    if (event) read_event(*event, run);
    return run;
}

CiRun gitlab(const Words& words) {
    CiRun run{"GitLab CI", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME, CI_COMMIT_BRANCH", {}, {}, {}, {},
              {}};
    run.branch =
        some(words.first_of({"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
                             "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_BRANCH"}));
    run.pull_request =
        number_in(words.first_of({"CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID"}));
    run.owner = fork_if(words.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH") !=
                            words.get("CI_MERGE_REQUEST_PROJECT_PATH") ||
                        words.get("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY") !=
                            words.get("CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY"));
    // A fork's pipeline may run in the fork's project: the merge request goes to the other one.
    const auto project = words.first_of({"CI_MERGE_REQUEST_PROJECT_PATH", "CI_PROJECT_PATH"});
    if (words.has("CI_SERVER_HOST") && !project.empty()) {
        run.remote = "https://" + words.get("CI_SERVER_HOST") + "/" + project;
    }
    run.commit = words.first_of({"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA"});
    return run;
}

CiRun bitbucket(const Words& words) {
    CiRun run{"Bitbucket Pipelines", "BITBUCKET_BRANCH", {}, {}, {}, {}, {}};
    run.branch = some(words.get("BITBUCKET_BRANCH"));
    run.pull_request = number_in(words.get("BITBUCKET_PR_ID"));
    if (words.has("BITBUCKET_REPO_FULL_NAME")) {
        run.remote = "https://bitbucket.org/" + words.get("BITBUCKET_REPO_FULL_NAME");
    }
    run.commit = words.get("BITBUCKET_COMMIT");
    return run;
}

CiRun buildkite(const Words& words) {
    CiRun run{"Buildkite", "BUILDKITE_BRANCH", {}, {}, {}, {}, {}};
    if (!words.has("BUILDKITE_TAG")) run.branch = some(words.get("BUILDKITE_BRANCH"));
    run.pull_request = number_in(words.get("BUILDKITE_PULL_REQUEST"));
    run.remote = words.get("BUILDKITE_REPO");
    // It builds a fork's branch as owner:branch, which no branch of the repository can be called.
    run.owner = fork_if(run.branch && run.branch->find(':') != std::string::npos);
    run.commit = words.get("BUILDKITE_COMMIT");
    return run;
}

CiRun circleci(const Words& words) {
    CiRun run{"CircleCI", "CIRCLE_BRANCH", {}, {}, {}, {}, {}};
    if (!words.has("CIRCLE_TAG")) run.branch = some(words.get("CIRCLE_BRANCH"));
    const auto url = words.get("CIRCLE_PULL_REQUEST");
    run.pull_request = number_in(words.has("CIRCLE_PR_NUMBER") ? words.get("CIRCLE_PR_NUMBER")
                                                               : url.substr(url.rfind('/') + 1));
    // Set for forks only; a fork's branch is called pull/N.
    run.owner = fork_if(words.has("CIRCLE_PR_NUMBER") || words.has("CIRCLE_PR_USERNAME") ||
                        words.get("CIRCLE_BRANCH").starts_with("pull/"));
    run.remote = words.get("CIRCLE_REPOSITORY_URL");
    run.commit = words.get("CIRCLE_SHA1");
    return run;
}

CiRun azure(const Words& words) {
    CiRun run{"Azure Pipelines",
              "SYSTEM_PULLREQUEST_SOURCEBRANCH, BUILD_SOURCEBRANCH",
              {},
              {},
              {},
              {},
              {}};
    run.branch =
        branch_in(words.first_of({"SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH"}));
    run.pull_request = number_in(words.first_of(
        {"SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "SYSTEM_PULLREQUEST_PULLREQUESTID"}));
    const auto fork = words.get("SYSTEM_PULLREQUEST_ISFORK");
    run.owner = fork_if(fork == "True" || fork == "true");
    run.remote = words.get("BUILD_REPOSITORY_URI");
    run.commit = words.first_of({"SYSTEM_PULLREQUEST_SOURCECOMMITID", "BUILD_SOURCEVERSION"});
    return run;
}

CiRun jenkins(const Words& words) {
    CiRun run{"Jenkins", "CHANGE_BRANCH, BRANCH_NAME, GIT_BRANCH", {}, {}, {}, {}, {}};
    if (words.has("CHANGE_BRANCH")) {
        run.branch = words.get("CHANGE_BRANCH");
    } else if (!words.has("TAG_NAME") && words.has("BRANCH_NAME")) {
        run.branch = words.get("BRANCH_NAME");
    } else if (!words.has("TAG_NAME")) {
        run.branch = branch_in(without_prefix(words.get("GIT_BRANCH"), "origin/"));
    }
    run.pull_request = number_in(words.get("CHANGE_ID"));
    run.owner = fork_if(words.has("CHANGE_FORK"));
    run.remote = words.get("GIT_URL");
    run.commit = words.get("GIT_COMMIT");
    return run;
}

CiRun travis(const Words& words) {
    CiRun run{"Travis CI", "TRAVIS_PULL_REQUEST_BRANCH, TRAVIS_BRANCH", {}, {}, {}, {}, {}};
    if (!words.has("TRAVIS_TAG")) {
        run.branch = some(words.first_of({"TRAVIS_PULL_REQUEST_BRANCH", "TRAVIS_BRANCH"}));
    }
    run.pull_request = number_in(words.get("TRAVIS_PULL_REQUEST"));
    run.owner = fork_if(words.has("TRAVIS_PULL_REQUEST_SLUG") &&
                        words.get("TRAVIS_PULL_REQUEST_SLUG") != words.get("TRAVIS_REPO_SLUG"));
    run.commit = words.first_of({"TRAVIS_PULL_REQUEST_SHA", "TRAVIS_COMMIT"});
    return run;
}

std::optional<CiRun> recognised(const Words& words, const std::optional<std::string>& event) {
    if (words.has("GITHUB_ACTIONS")) return github(words, event);
    if (words.has("GITLAB_CI")) return gitlab(words);
    if (words.has("BITBUCKET_BUILD_NUMBER")) return bitbucket(words);
    if (words.has("BUILDKITE")) return buildkite(words);
    if (words.has("CIRCLECI")) return circleci(words);
    if (words.has("TF_BUILD")) return azure(words);
    if (words.has("JENKINS_URL")) return jenkins(words);
    if (words.has("TRAVIS")) return travis(words);
    return std::nullopt;
}

}  // namespace

std::optional<CiRun> ci_run(const Variables& variables,
                            const std::optional<std::string>& github_event) {
    const Words words(variables);
    auto run = recognised(words, github_event);
    if (!run) return run;
    // What the workflow says can make a branch a fork's, and settle what the CI left open; it
    // cannot make a fork's branch ours.
    const auto said = words.get("REVIEWDB_FORK");
    if (said == "true" || said == "1") run->owner = BranchOwner::fork;
    if ((said == "false" || said == "0") && run->owner != BranchOwner::fork) {
        run->owner = BranchOwner::repository;
    }
    return run;
}

}  // namespace environment
