// SPDX-License-Identifier: Apache-2.0
//
// From the address of a source to somebody who can be asked; and names that a caller sends along.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "branches/address.h"
#include "branches/branches.h"
#include "branches/forge.h"

namespace branches {

struct Surroundings {
    ForgeSurroundings forge = {};  // its variables are also what git gets
    std::string folder = {};       // where a remote's name is looked up; empty: ours
    // What standard input and remotes that do not say it themselves speak for: host/owner/name, or
    // a URL of it. Nothing else asks for it.
    std::string repository = {};
    int standard_input = 0;  // the descriptor
};

// Asks nothing yet. Fails invalid_input: settings of a forge that cannot be, and standard input
// without a repository.
base::Result<std::unique_ptr<Source>> make_source(const Address& address, Surroundings around);

// What somebody sent along with a request, as branches of `repository` (host/owner/name, or a URL
// of it). `complete` is the sender's word for it. Fails invalid_input.
base::Result<Branches> branches_sent(const std::string& repository,
                                     const std::vector<std::string>& refs, bool complete);

}  // namespace branches
