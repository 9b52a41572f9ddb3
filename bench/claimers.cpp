// SPDX-License-Identifier: Apache-2.0
#include "claimers.h"

#include <fmt/format.h>

#include <chrono>
#include <future>
#include <latch>
#include <memory>

#include "supplied.h"

namespace bench {

using std::chrono::steady_clock;

double Claims::pace() const {
    constexpr double k_milliseconds = 1000;
    return seconds * k_milliseconds / static_cast<double>(milliseconds.size());
}

std::vector<Claimer> claimers(const Stand& stand, std::size_t count, const std::string& names) {
    std::vector<Claimer> all;
    for (std::size_t i = 0; i < count; ++i) {
        auto one = std::make_shared<Supplied>(stand.login(), fmt::format("{}{}x", names, i));
        all.emplace_back([one] { one->claim(); });
    }
    return all;
}

std::vector<Claimer> floor_claimers(const Stand& stand, const ClaimScript& script,
                                    std::size_t count, const std::string& names) {
    std::vector<Claimer> all;
    for (std::size_t i = 0; i < count; ++i) {
        auto one =
            std::make_shared<FloorClaimer>(script, stand.login(), fmt::format("{}{}x", names, i));
        all.emplace_back([one] { one->claim(); });
    }
    return all;
}

Claims claim_at_once(const std::vector<Claimer>& all, int times) {
    std::latch begin(static_cast<std::ptrdiff_t>(all.size()));
    std::vector<std::future<std::vector<double>>> parts;
    parts.reserve(all.size());
    const auto start = steady_clock::now();
    for (const auto& claim : all) {
        parts.push_back(std::async(std::launch::async, [&begin, &claim, times] {
            std::vector<double> took;
            took.reserve(static_cast<std::size_t>(times));
            begin.arrive_and_wait();
            for (int i = 0; i < times; ++i) {
                const auto before = steady_clock::now();
                claim();
                took.push_back(
                    std::chrono::duration<double, std::milli>(steady_clock::now() - before)
                        .count());
            }
            return took;
        }));
    }
    Claims claims;
    for (auto& part : parts) {
        const auto took = part.get();
        claims.milliseconds.insert(claims.milliseconds.end(), took.begin(), took.end());
    }
    claims.seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
    return claims;
}

}  // namespace bench
