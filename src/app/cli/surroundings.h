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

// Whether git is asked at once whose clone this is, if neither flags nor the CI say it, or the
// caller does so, by ask_git().
enum class Clone { ask_now, ask_later };

// What the call is about, by its words and by where it is made.
struct Found : environment::FoundName {
    std::optional<environment::Time> event_at;  // --event-time, or what the CI says
};

// The name that was given, or the default one; and whose it is.
base::Result<Found> find_name(const Arguments& arguments, const Variables& variables, Clone clone,
                              base::Deadline deadline);

// Whose work is at hand, whatever it is called: HOST/OWNER/NAME; empty where nobody says.
std::string repository_at_hand(const Arguments& arguments, const Variables& variables,
                               base::Deadline deadline);

// What git is asked while something else is done.
struct Questions {
    std::optional<base::Running> repository;  // whose clone this is
    std::optional<base::Running> branch;      // whether the name that was given is a branch
};

// Asks git what flags and CI leave open of `found`. Does not wait.
Questions ask_git(const Arguments& arguments, const Variables& variables,
                  const environment::FoundName& found);
// Puts the answers into `found`; what git has no answer to stays as it is.
void add_answers(Questions questions, const Arguments& arguments, environment::FoundName& found,
                 base::Deadline deadline);

// The CI's run, else user@host.
std::string default_actor(const Variables& variables);

}  // namespace cli
