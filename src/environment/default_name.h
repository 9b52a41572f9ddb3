// SPDX-License-Identifier: Apache-2.0
//
// What an environment is called, and where it comes from, when nobody said: read from what the CI
// or git says of the work at hand. Pure: whoever calls has looked around and hands over what is
// there.
//
// An empty variable counts as absent, REVIEWDB_NAME excepted: CI hands over an empty string for
// what it withholds. A tag has no branch, and so no name.
//
// Forks. A stranger picks the name of the branch in a fork, so their pull request N is called
// `pr-N` and is never protected. GitLab, Azure and most others say in variables whose branch it is;
// GitHub says so only in its event file (`github_event`). Where that is not at hand,
// GITHUB_HEAD_REPOSITORY (owner/name) or REVIEWDB_FORK (true or false) can be set by the workflow.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "environment/records.h"

namespace environment {

struct Surroundings {
    std::map<std::string, std::string> variables;
    std::optional<std::string> git_branch;    // nothing when HEAD is detached
    std::optional<std::string> git_origin;    // the remote `origin`, as git has it
    std::optional<std::string> github_event;  // the text of the file GITHUB_EVENT_PATH
};

struct FoundName {
    std::string name;  // raw: still to be parsed as a Name
    Origin origin;
    bool may_be_shielded = true;  // false unless the branch is known to be the repository's own
};

// REVIEWDB_NAME; else the source branch in the words of the CI, `pr-N` for a fork's; else the git
// branch. Fails invalid_input, saying what was looked at.
base::Result<FoundName> default_name(const Surroundings& surroundings);

// Where the work at hand comes from, also for a name that was given: the repository is the one that
// a pull request goes to, the ref the branch that it comes from.
Origin origin_of(const Surroundings& surroundings);

// When that happened which the CI runs for; nothing where it does not say.
std::optional<Time> event_time_of(const Surroundings& surroundings);

// True where a machine is calling: in any known CI, and in AWS Lambda.
bool is_ci(const std::map<std::string, std::string>& variables);

}  // namespace environment
