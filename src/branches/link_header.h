// SPDX-License-Identifier: Apache-2.0
//
// Where the next page of a list is, as a Link header says it (RFC 8288). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace branches {

// The target of the link whose relation is `next`; nothing where there is none.
std::optional<std::string> next_link(std::string_view header);

}  // namespace branches
