// SPDX-License-Identifier: Apache-2.0
//
// Amounts of bytes as people write and read them, in steps of 1024 as Postgres counts. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

// A number and one of MB GB TB, as in 500MB. Fails invalid_input.
Result<std::int64_t> parse_size(std::string_view text);

// With one digit behind the point: "7.5 MB", "1.2 GB".
std::string describe_size(std::int64_t bytes);

}  // namespace base
