// SPDX-License-Identifier: Apache-2.0
//
// Many things at once in a test: what one of them throws is a failure of the test, not its end.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

namespace support {

// Does `deed` with each number below `count`, on so many threads, until all is done.
inline void at_once(std::size_t threads, std::size_t count,
                    const std::function<void(std::size_t)>& deed) {
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (auto i = next++; i < count; i = next++) {
            try {
                deed(i);
            } catch (const std::exception& error) {
                ADD_FAILURE() << "number " << i << ": " << error.what();
            }
        }
    };
    std::vector<std::thread> workers;
    for (std::size_t i = 0; i < threads; ++i) workers.emplace_back(work);
    for (auto& worker : workers) worker.join();
}

}  // namespace support
