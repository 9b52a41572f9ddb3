// SPDX-License-Identifier: Apache-2.0
//
// The few things to do with ASCII text that configuration files and protocols need. Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace base {

inline std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

// Without blanks, tabs and line ends at both ends.
inline std::string trimmed(std::string_view text) {
    constexpr std::string_view k_blank = " \t\r\n";
    const auto first = text.find_first_not_of(k_blank);
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(k_blank) - first + 1));
}

}  // namespace base
