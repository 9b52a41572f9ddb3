// SPDX-License-Identifier: Apache-2.0
#include "http/retry.h"

#include <algorithm>
#include <cstdint>
#include <thread>

#include "base/bytes.h"

namespace http {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_first{50};
constexpr milliseconds k_most{5'000};
constexpr int k_doublings = 10;  // enough to be at the most, and far from overflow

double random_fraction() {
    std::uint32_t number = 0;
    for (const char byte : base::random_bytes(sizeof number)) {
        number = number << 8U | static_cast<std::uint8_t>(byte);
    }
    return static_cast<double>(number) / 4'294'967'296.0;
}

}  // namespace

Waiting real_waiting() {
    return {&random_fraction, [](milliseconds time) { std::this_thread::sleep_for(time); }};
}

milliseconds back_off(int attempt, double chance) {
    const auto doublings = static_cast<unsigned>(std::clamp(attempt - 1, 0, k_doublings));
    const auto most = std::min(k_first * (1U << doublings), k_most);
    return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(most.count()) * chance));
}

bool wait_for_attempt(const Waiting& waiting, int attempt, base::Deadline deadline) {
    const auto time = back_off(attempt, waiting.chance());
    if (deadline.remaining() <= time) return false;
    waiting.sleep(time);
    return true;
}

}  // namespace http
