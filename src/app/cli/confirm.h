// SPDX-License-Identifier: Apache-2.0
//
// The question before something is destroyed.
#pragma once

#include <string>

#include "app/cli/session.h"

namespace cli {

// True with --yes, and where nobody is there to answer (standard input or error is no terminal).
bool needs_no_question(const Session& session);

// Shows `shown`, asks `question` and waits for the answer; true for a yes. Says that nothing was
// changed otherwise.
bool confirm(const std::string& shown, const std::string& question);

}  // namespace cli
