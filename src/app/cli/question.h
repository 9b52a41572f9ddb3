// SPDX-License-Identifier: Apache-2.0
//
// The question before something is destroyed, the same for every verb that destroys.
#pragma once

#include <string_view>

namespace cli {

// True where a person sits at a terminal who can read a question and answer it. A script and a CI
// job have nobody, and their call is their answer.
bool someone_can_answer();

// Prints the question and reads one line; nothing but a yes is one, and anything else is told that
// nothing was changed. Blocks until it was answered.
bool says_yes(std::string_view question);

}  // namespace cli
