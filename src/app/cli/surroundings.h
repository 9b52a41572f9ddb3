// SPDX-License-Identifier: Apache-2.0
//
// What lies around this call: variables, git, the CI's event file, who calls. git is asked only
// where its answer is needed: each question costs a process.
#pragma once

#include <string>

#include "app/cli/arguments.h"
#include "app/cli/settings.h"
#include "base/deadline.h"
#include "environment/default_name.h"

namespace cli {

Variables own_variables();

// The name that was given, or the default one; and whose it is.
base::Result<environment::FoundName> find_name(const Arguments& arguments,
                                               const Variables& variables, base::Deadline deadline);

// The CI's run, else user@host.
std::string default_actor(const Variables& variables);

}  // namespace cli
