// SPDX-License-Identifier: Apache-2.0
//
// The branches of a remote, by the git program: whatever it can reach, with the credentials that it
// has. It asks nobody anything, uses no helper for other protocols, and sees no password in an
// argument.
#pragma once

#include <memory>
#include <string>

#include "base/variables.h"
#include "branches/branches.h"

namespace branches {

struct GitSurroundings {
    base::Variables variables;    // this process's, to be handed on
    std::string folder = {};      // in whose working tree a remote's name is looked up; empty: ours
    std::string repository = {};  // for a remote that does not say which one it is, as a path
};

// `remote` is the name of one in the working tree, a URL or a path.
std::unique_ptr<Source> make_git(std::string remote, GitSurroundings around);

}  // namespace branches
