// SPDX-License-Identifier: Apache-2.0
//
// From the argument vector to Arguments. Pure but for nothing: does no work that --help would wait
// for.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "app/cli/arguments.h"
#include "base/result.h"

namespace cli {

// A text that was asked for instead of work: help or version. Goes to standard output.
struct Shown {
    std::string text;
};

// `words` without the program's name. Fails invalid_input with one sentence and where to read on.
base::Result<std::variant<Arguments, Shown>> parse_command_line(std::vector<std::string> words);

}  // namespace cli
