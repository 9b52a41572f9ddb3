// SPDX-License-Identifier: Apache-2.0
#include "environment/default_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "environment/ci_run.h"
#include "environment/repository.h"

namespace environment {

namespace {

using base::ErrorKind;

bool is_set(const Variables& variables, std::string_view name) {
    const auto found = variables.find(std::string(name));
    return found != variables.end() && !found->second.empty();
}

tl::unexpected<base::Error> unknown_fork(const CiRun& run) {
    return base::fail(
        ErrorKind::invalid_input,
        fmt::format(
            "this {} run is about a pull request, and nothing says whether its branch is the "
            "repository's own or a fork's",
            run.system),
        "keep GITHUB_EVENT_PATH readable, set REVIEWDB_FORK to true or false, or give a NAME");
}

base::Result<FoundName> name_of_fork(const CiRun& run, Origin origin) {
    if (!run.pull_request) {
        return base::fail(
            ErrorKind::invalid_input,
            fmt::format(
                "this {} run is about a pull request from a fork, and nothing says its number",
                run.system),
            "keep the CI's event file and variables readable, or give a NAME");
    }
    return FoundName{fmt::format("pr-{}", *run.pull_request), std::move(origin), false};
}

tl::unexpected<base::Error> nothing_found(const std::optional<CiRun>& run) {
    const auto looked = run ? fmt::format("REVIEWDB_NAME, {} ({})", run->looked_at, run->system)
                            : std::string("REVIEWDB_NAME, the variables of the known CI systems");
    return base::fail(
        ErrorKind::invalid_input,
        fmt::format("no name was given, and none was found in {}, or as the branch of "
                    "the git checkout here",
                    looked),
        "give a NAME; a tag, and a checkout with a detached HEAD, have no branch");
}

std::string repository_of(const Surroundings& surroundings, const std::optional<CiRun>& run) {
    if (run) {
        if (auto repository = parse_repository(run->remote)) return *std::move(repository);
    }
    return parse_repository(surroundings.git_origin.value_or("")).value_or("");
}

Origin origin_of(const Surroundings& surroundings, const std::optional<CiRun>& run) {
    Origin origin;
    origin.repository = repository_of(surroundings, run);
    if (run) {
        origin.pull_request = run->pull_request;
        origin.commit = run->commit;
        origin.ref = run->branch.value_or("");
    }
    // In a tag's run the branch is unknown, whatever the checkout is on.
    if (!run) origin.ref = surroundings.git_branch.value_or("");
    return origin;
}

}  // namespace

base::Result<FoundName> default_name(const Surroundings& surroundings) {
    const auto run = ci_run(surroundings.variables, surroundings.github_event);
    auto origin = origin_of(surroundings, run);
    const bool own = !run || run->owner == BranchOwner::repository;
    if (const auto given = surroundings.variables.find("REVIEWDB_NAME");
        given != surroundings.variables.end()) {
        if (given->second.empty()) {
            return base::fail(ErrorKind::invalid_input, "REVIEWDB_NAME is set, and empty",
                              "give it a value, or unset it");
        }
        return FoundName{given->second, std::move(origin), own};
    }
    if (run && run->owner == BranchOwner::stranger) return unknown_fork(*run);
    if (run && run->owner == BranchOwner::fork) return name_of_fork(*run, std::move(origin));
    if (run && run->branch) return FoundName{*run->branch, std::move(origin), own};
    const auto branch = surroundings.git_branch.value_or("");
    if (branch.empty()) return nothing_found(run);
    return FoundName{branch, std::move(origin), own};
}

Origin origin_of(const Surroundings& surroundings) {
    return origin_of(surroundings, ci_run(surroundings.variables, surroundings.github_event));
}

std::optional<Time> event_time_of(const Surroundings& surroundings) {
    const auto run = ci_run(surroundings.variables, surroundings.github_event);
    return run ? run->event_at : std::nullopt;
}

bool is_ci(const Variables& variables) {
    constexpr std::array k_signs{"GITHUB_ACTIONS", "GITLAB_CI", "BITBUCKET_BUILD_NUMBER",
                                 "BUILDKITE",      "CIRCLECI",  "TF_BUILD",
                                 "JENKINS_URL",    "TRAVIS",    "TEAMCITY_VERSION",
                                 "APPVEYOR",       "DRONE",     "CODEBUILD_BUILD_ID"};
    if (is_set(variables, "CI")) {
        const auto& value = variables.at("CI");
        if (value != "false" && value != "0") return true;
    }
    if (std::ranges::any_of(k_signs, [&](auto sign) { return is_set(variables, sign); }))
        return true;
    return std::ranges::any_of(variables, [](const auto& variable) {
        return variable.first.starts_with("AWS_LAMBDA_") && !variable.second.empty();
    });
}

}  // namespace environment
