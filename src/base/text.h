// SPDX-License-Identifier: Apache-2.0
//
// The few things to do with ASCII text that configuration files and protocols need. Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace base {

// Of ASCII, whatever the locale is.
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return is_lower(c) || is_upper(c); }
constexpr bool is_alphanumeric(char c) { return is_letter(c) || is_digit(c); }

inline char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
inline std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lower(c); });
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
