// SPDX-License-Identifier: Apache-2.0
//
// Suggests names for a mistyped one. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cli {

// Returns how many letters to insert, remove or change, or to swap with the next one.
std::size_t edit_distance(std::string_view a, std::string_view b);

// Returns at most three of `names` that resemble `name`, the nearest first: equal except for a few
// letters or for upper and lower case, or equal after the last slash.
std::vector<std::string> similar_names(std::string_view name,
                                       const std::vector<std::string>& names);

}  // namespace cli
