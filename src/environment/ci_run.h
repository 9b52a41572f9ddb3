// SPDX-License-Identifier: Apache-2.0
//
// One run of a CI system as its variables tell it, in one form for all of them. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "environment/records.h"

namespace environment {

using Variables = std::map<std::string, std::string>;

// Whose branch a run is about.
enum class BranchOwner {
    repository,
    fork,
    not_told,  // a pull request; the CI usually keeps forks away from secrets
    stranger,  // a pull request in a run that forks can start with secrets at hand: not told
};

struct CiRun {
    std::string system;     // for a person: "GitHub Actions"
    std::string looked_at;  // the variables that could have held the branch
    // The source branch. Never the default branch only because the run has it checked out: an event
    // that names no branch has none here.
    std::optional<std::string> branch = {};
    std::string no_branch = {};  // why there is none: "the event 'schedule' names no branch"
    BranchOwner owner = BranchOwner::repository;
    std::optional<int> pull_request = {};
    std::string remote = {};  // a URL of the repository that the run belongs to; may hold a token
    std::string commit = {};
    std::optional<Time> event_at = {};  // when the event happened, if the CI says so
};

// Returns nothing outside the known systems. `github_event` is the text of GitHub's event file.
std::optional<CiRun> ci_run(const Variables& variables,
                            const std::optional<std::string>& github_event);

// True in any CI, known or not, and in AWS Lambda.
bool is_ci(const Variables& variables);

}  // namespace environment
