// SPDX-License-Identifier: Apache-2.0
//
// For arrangements that have to succeed before a test has anything to test.
#pragma once

#include <stdexcept>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace support {

// The value of `result`; throws std::runtime_error with its message and hint when it failed.
template <typename T>
T must(base::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message + " " + result.error().hint);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace support
