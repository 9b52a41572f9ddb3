// SPDX-License-Identifier: Apache-2.0
//
// What a caller names as the source of truth: git:REMOTE, github:OWNER/REPOSITORY,
// gitlab:GROUP/PROJECT, or - for standard input. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace branches {

struct Address {
    enum class Kind { git, github, gitlab, standard_input };

    Kind kind = Kind::standard_input;
    std::string of;  // the remote, or the path of the repository; may hold credentials
};

// Fails invalid_input, without quoting what may be a credential.
base::Result<Address> parse_address(std::string_view text);

// For people: as it was written, without credentials.
std::string to_text(const Address& address);

}  // namespace branches
