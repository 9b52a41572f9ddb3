// SPDX-License-Identifier: Apache-2.0
//
// What lies around this call: variables, git, the CI's event file, who calls. git is asked only
// where its answer is needed, and while something else is done where that can be: each question
// costs a process.
#pragma once

#include <optional>
#include <string>

#include "app/cli/arguments.h"
#include "app/cli/settings.h"
#include "base/deadline.h"
#include "base/subprocess.h"
#include "environment/default_name.h"

namespace cli {

// A repository is the one that its remote `origin` names, or its only remote. One without such a
// remote is known by the folder that has its objects, which all worktrees share; a clone of it, by
// the same folder. On a server that others reach, the name of this machine stands before it.

// Whether git is asked at once whose clone this is, if neither flags nor the CI say it, or the
// caller does so, by ask_git().
enum class Clone { ask_now, ask_later };

// What ask_git() asks: whose clone this is, and whether the name is a branch of it.
enum class Inquiry { repository, repository_and_branch };

// What the call is about, by its words and by where it is made.
struct Found : environment::FoundName {
    std::optional<environment::Time> event_at;  // --event-time, or what the CI says
};

// The name that was given, or the default one; and whose it is.
base::Result<Found> find_name(const Arguments& arguments, const Settings& settings,
                              const Variables& variables, Clone clone, base::Deadline deadline);

// The repository of the call, whatever its environment is called; empty outside of a repository.
std::string repository_at_hand(const Arguments& arguments, const Settings& settings,
                               const Variables& variables, base::Deadline deadline);

// On the local server, lets each repository have a project of its own if nothing chose the project.
void choose_project(const Arguments& arguments, const Variables& variables, Settings& settings);

// What git is asked while something else is done.
struct Questions {
    std::optional<base::Running> repository;  // whose clone this is
    std::optional<base::Running> branch;      // whether the name that was given is a branch
};

// Asks git what flags and CI leave open of `found`. Does not wait.
Questions ask_git(const Arguments& arguments, const Variables& variables,
                  const environment::FoundName& found, Inquiry inquiry);
// Puts the answers into `found`; what git has no answer to stays as it is.
void add_answers(Questions questions, const Arguments& arguments, const Settings& settings,
                 const Variables& variables, environment::FoundName& found,
                 base::Deadline deadline);

// The CI's run, else user@host.
std::string default_actor(const Variables& variables);

}  // namespace cli
