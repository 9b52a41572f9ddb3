// SPDX-License-Identifier: Apache-2.0
//
// Programs that are asked something: by argument vector, with nothing to read, without what is
// secret in our variables, and with bounds on time and on what they may say.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "base/subprocess.h"
#include "base/variables.h"

namespace branches {

struct Question {
    std::vector<std::string> arguments;
    base::Variables variables;       // all that it gets
    std::string folder = {};         // ours where it is empty
    std::size_t longest_answer = 0;  // bytes
};

// Runs the program to its end, and keeps the end of what it said on standard error. Past `deadline`
// or after an interrupt it is ended with all that it started, and the answer is `deadline`. Fails
// not_found where there is no such program, unavailable when it says more than it may.
base::Result<base::Finished> run(const Question& question, base::Deadline deadline);

// The last line in it that is not blank.
std::string last_line(const std::string& text);

}  // namespace branches
