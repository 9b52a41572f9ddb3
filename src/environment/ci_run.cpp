// SPDX-License-Identifier: Apache-2.0
#include "environment/ci_run.h"

#include <algorithm>
#include <array>

#include "environment/ci_systems.h"
#include "environment/ci_words.h"

namespace environment {

namespace {

struct System {
    const char* sign;  // the variable that it always sets
    CiRun (*read)(const Words&);
};

// Without GitHub's, which others imitate, and Woodpecker, which has only the value of CI.
constexpr std::array<System, 12> k_systems{{{"GITLAB_CI", gitlab_run},
                                            {"BITBUCKET_BUILD_NUMBER", bitbucket_run},
                                            {"BUILDKITE", buildkite_run},
                                            {"CIRCLECI", circleci_run},
                                            {"TF_BUILD", azure_run},
                                            {"TRAVIS", travis_run},
                                            {"APPVEYOR", appveyor_run},
                                            {"SEMAPHORE", semaphore_run},
                                            {"CODEBUILD_BUILD_ID", codebuild_run},
                                            {"DRONE", drone_run},
                                            {"TEAMCITY_VERSION", teamcity_run},
                                            {"JENKINS_URL", jenkins_run}}};

bool is_woodpecker(const Words& words) {
    return words.get("CI") == "woodpecker" || words.get("CI_SYSTEM_NAME") == "woodpecker";
}

std::optional<CiRun> recognized(const Words& words, const std::optional<std::string>& event) {
    for (const auto* sign : {"GITHUB_ACTIONS", "GITEA_ACTIONS", "FORGEJO_ACTIONS"}) {
        if (words.has(sign)) return github_run(words, event);
    }
    if (is_woodpecker(words)) return woodpecker_run(words);
    for (const auto& system : k_systems) {
        if (words.has(system.sign)) return system.read(words);
    }
    return std::nullopt;
}

}  // namespace

std::optional<CiRun> ci_run(const Variables& variables,
                            const std::optional<std::string>& github_event) {
    const Words words(variables);
    auto run = recognized(words, github_event);
    if (!run) return run;
    // The workflow can declare a branch a fork's, and settle what the CI left open; it cannot
    // declare a fork's branch the repository's own.
    const auto said = words.get("REVIEWDB_FORK");
    if (said == "true" || said == "1") run->owner = BranchOwner::fork;
    if ((said == "false" || said == "0") && run->owner != BranchOwner::fork) {
        run->owner = BranchOwner::repository;
    }
    return run;
}

bool is_ci(const Variables& variables) {
    const Words words(variables);
    if (recognized(words, std::nullopt)) return true;
    const auto ci = words.get("CI");
    if (!ci.empty() && ci != "false" && ci != "0") return true;
    return std::ranges::any_of(variables, [](const auto& variable) {
        return variable.first.starts_with("AWS_LAMBDA_") && !variable.second.empty();
    });
}

}  // namespace environment
