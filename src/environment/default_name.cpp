// SPDX-License-Identifier: Apache-2.0
#include "environment/default_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "environment/ci_words.h"
#include "environment/repository.h"

namespace environment {

namespace {

using base::ErrorKind;

bool is_own(const std::optional<CiRun>& run) {
    return !run || run->owner == BranchOwner::repository;
}

tl::unexpected<base::Error> unknown_fork(const CiRun& run) {
    return base::fail(
        ErrorKind::invalid_input,
        fmt::format(
            "the branch of this {} run may be the repository's own or a fork's, and nothing says "
            "which",
            run.system),
        "keep GITHUB_EVENT_PATH readable, set REVIEWDB_FORK to true or false, or pass a NAME");
}

base::Result<FoundName> name_of_fork(const CiRun& run, Origin origin) {
    if (!run.pull_request) {
        return base::fail(
            ErrorKind::invalid_input,
            fmt::format(
                "this {} run is about a pull request from a fork, and nothing says its number",
                run.system),
            "keep the CI's event file and variables readable, or pass a NAME");
    }
    return FoundName{fmt::format("pr-{}", *run.pull_request), std::move(origin), false};
}

tl::unexpected<base::Error> nothing_found(const std::optional<CiRun>& run) {
    if (run && !run->no_branch.empty()) {
        return base::fail(
            ErrorKind::invalid_input,
            fmt::format("this {} run does not name a branch: {}", run->system, run->no_branch),
            "pass a NAME, or set REVIEWDB_NAME");
    }
    const auto looked = run ? fmt::format("REVIEWDB_NAME, or {} ({})", run->looked_at, run->system)
                            : std::string(
                                  "REVIEWDB_NAME, the variables of the known CI systems, "
                                  "or the branch of the git checkout here");
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("no NAME was given, and none was found in {}", looked),
                      "pass a NAME; a tag, and a checkout with a detached HEAD, have no branch");
}

std::string repository_of(const Surroundings& surroundings, const std::optional<CiRun>& run) {
    if (run) {
        if (auto repository = parse_repository(run->remote)) return *std::move(repository);
    }
    if (auto repository = parse_repository(surroundings.git_origin.value_or(""))) {
        return *std::move(repository);
    }
    return run ? std::string() : surroundings.git_place.value_or("");
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
    if (const auto given = surroundings.variables.find("REVIEWDB_NAME");
        given != surroundings.variables.end()) {
        if (given->second.empty()) {
            return base::fail(ErrorKind::invalid_input, "REVIEWDB_NAME is set, and empty",
                              "give it a value, or unset it");
        }
        return named(given->second, surroundings);
    }
    if (run && run->owner == BranchOwner::fork) return name_of_fork(*run, std::move(origin));
    const auto branch = run ? run->branch : surroundings.git_branch;
    if (!branch || branch->empty()) return nothing_found(run);
    if (run && run->owner == BranchOwner::stranger) return unknown_fork(*run);
    return FoundName{*branch, std::move(origin), is_own(run)};
}

std::string given_name(const std::string& text) { return without_prefix(text, k_heads); }

FoundName named(const std::string& text, const Surroundings& surroundings) {
    const auto run = ci_run(surroundings.variables, surroundings.github_event);
    FoundName found{given_name(text), origin_of(surroundings, run), is_own(run)};
    // A fork's branch is none of this repository's, whatever it is called.
    if (is_own(run) && found.name != text) set_branch(found.origin, found.name);
    return found;
}

void set_branch(Origin& origin, const std::string& branch) {
    if (origin.ref == branch) return;
    origin.ref = branch;
    origin.pull_request.reset();
    origin.commit.clear();
}

bool may_be_branch(const std::string& name) {
    constexpr std::string_view k_refused = " ~^:?*[\\\x7f";
    return !name.empty() && name.find_first_of(k_refused) == std::string::npos &&
           std::ranges::none_of(name, [](unsigned char c) { return c < 0x20; });
}

Origin origin_of(const Surroundings& surroundings) {
    return origin_of(surroundings, ci_run(surroundings.variables, surroundings.github_event));
}

std::optional<Time> event_time_of(const Surroundings& surroundings) {
    const auto run = ci_run(surroundings.variables, surroundings.github_event);
    return run ? run->event_at : std::nullopt;
}

}  // namespace environment
