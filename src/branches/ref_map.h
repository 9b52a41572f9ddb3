// SPDX-License-Identifier: Apache-2.0
//
// From branches to the stages that a team's own script makes of them.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "base/variables.h"
#include "branches/branches.h"

namespace branches {

struct Stage {
    std::string branch;
    std::string name;  // what an environment is called

    friend bool operator==(const Stage&, const Stage&) = default;
};

struct RefMap {
    // A program and its arguments, which gets the branch as the last one; or, where there is more
    // in it than words, a line for /bin/sh, in which $1 is the branch.
    std::string command;
    base::Variables variables;  // this process's, to be handed on
};

// The stages of all branches of `branches`, in their order. The command runs once for each branch,
// with nothing to read; the one line that it prints is the stage, and a branch for which it prints
// nothing has none. What it says on standard error counts for nothing while it ends with 0.
//
// Fails as a whole, naming command and branch: invalid_input when it ends with anything but 0,
// prints more than a line or what cannot be a name, or prints nothing for any branch at all;
// deadline.
base::Result<std::vector<Stage>> map_refs(const RefMap& map, const Branches& branches,
                                          base::Deadline deadline);

}  // namespace branches
