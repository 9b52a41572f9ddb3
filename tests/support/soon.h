// SPDX-License-Identifier: Apache-2.0
//
// The deadline of what a test does beside the thing that it tries: only what hangs meets it.
#pragma once

#include <chrono>

#include "base/deadline.h"

namespace support {

inline base::Deadline soon() { return base::Deadline::after(std::chrono::seconds(60)); }

}  // namespace support
