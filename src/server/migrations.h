// SPDX-License-Identifier: Apache-2.0
//
// The registry's schema as the numbered files of sql/, which the build embeds in the program.
#pragma once

#include <span>
#include <string_view>

namespace server {

struct Migration {
    int number;             // the schema_version that it leads to
    std::string_view name;  // of its file
    std::string_view sql;   // any number of statements
};

// All of them, in the order in which they run.
std::span<const Migration> migrations();

}  // namespace server
