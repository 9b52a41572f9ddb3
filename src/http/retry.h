// SPDX-License-Identifier: Apache-2.0
//
// How long to wait before the next attempt: exponential back-off with full jitter, so that many
// callers that were refused together do not come back together.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
#pragma once

#include <chrono>
#include <functional>

#include "base/deadline.h"

namespace http {

// Chance and sleep come from outside, so that tests need neither.
struct Waiting {
    std::function<double()> chance;                        // 0 up to, but not, 1
    std::function<void(std::chrono::milliseconds)> sleep;  // blocks that long
};

// The operating system's randomness, and real sleep.
Waiting real_waiting();

// Before attempt `attempt` + 1, the first being 1: at most 50 ms, 100 ms, 200 ms and so on, and
// 5 s in the end; `chance` of that. Pure.
std::chrono::milliseconds back_off(int attempt, double chance);

// Sleeps for back_off; false, at once, when the deadline would pass meanwhile.
bool wait_for_attempt(const Waiting& waiting, int attempt, base::Deadline deadline);

}  // namespace http
