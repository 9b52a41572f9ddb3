// SPDX-License-Identifier: Apache-2.0
//
// The name of an environment and its origin, read from what the CI or git says of the work at hand.
// Pure: the caller looks around and hands over what it found.
//
// An empty variable counts as absent, REVIEWDB_NAME excepted: CI passes an empty string for a
// secret that it withholds. A tag has no branch, and so no name. Neither has an event that names no
// branch: a CI runs it on the default branch, which is never taken for the event's.
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
#include "environment/ci_run.h"
#include "environment/records.h"

namespace environment {

struct Surroundings {
    std::map<std::string, std::string> variables;
    std::optional<std::string> git_branch;  // nothing when HEAD is detached; not used in a CI
    std::optional<std::string> git_origin;  // the remote `origin`, as git has it
    // What stands for a repository without such a remote; see repository_at(). Not used in a CI.
    std::optional<std::string> git_place;
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

// The name of a NAME that the caller gave: refs/heads/x is the branch x.
std::string given_name(const std::string& text);

// The name that the caller gave, with the origin of the work at hand.
FoundName named(const std::string& text, const Surroundings& surroundings);

// Records that the work is for `branch`. What the run says of another branch's pull request and
// commit goes.
void set_branch(Origin& origin, const std::string& branch);

// False for what git never takes for a branch, and may take for a pattern.
bool may_be_branch(const std::string& name);

// The origin of the work at hand, also for a name that was given: the repository is the one that
// a pull request goes to, the ref the branch that it comes from.
Origin origin_of(const Surroundings& surroundings);

// When the event happened that the CI runs for; nothing if the CI does not say.
std::optional<Time> event_time_of(const Surroundings& surroundings);

}  // namespace environment
