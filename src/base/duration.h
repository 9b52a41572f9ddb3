// SPDX-License-Identifier: Apache-2.0
//
// Durations as people write them (90s, 30m, 72h, 7d, 2w) and read them ("expires in 6d 3h").
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

// One number and one of s, m, h, d, w; at least a second and at most ten years. Fails
// invalid_input.
Result<std::chrono::seconds> parse_duration(std::string_view text);

// The shortest form that parse_duration reads back as the same time.
std::string format_duration(std::chrono::seconds time);

// The two largest units, for a person: "6d 3h", "12m 5s".
std::string describe_duration(std::chrono::seconds time);

// RFC 3339 in UTC with whole seconds. Nothing else prints a time.
std::string format_time(std::chrono::system_clock::time_point time);

// What RFC 3339 has: 2026-11-24T12:00:00Z, with a fraction of the second and an offset where there
// are any. Nothing for anything else.
std::optional<std::chrono::system_clock::time_point> parse_time(const std::string& text);

}  // namespace base
