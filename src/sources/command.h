// SPDX-License-Identifier: Apache-2.0
//
// Commands of the caller's own, as a shell runs them: the migrations and the seed of an
// application.
#pragma once

#include <map>
#include <string>

#include "base/deadline.h"
#include "base/result.h"

namespace sources {

// Runs `command` by /bin/sh in the current folder, with what an application inherits of our
// environment and `variables` on top, with nothing to read; what it prints goes to our standard
// error. Blocks until it and all that it left running have ended. Fails invalid_input when it ends
// with anything but 0; past `deadline` or after an interrupt everything it started is ended, and
// the answer is `deadline`.
base::Result<void> run_command(const std::string& command,
                               const std::map<std::string, std::string>& variables,
                               base::Deadline deadline);

// `command` on a line, for messages.
std::string presentable(const std::string& command);

}  // namespace sources
