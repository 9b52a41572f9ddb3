// SPDX-License-Identifier: Apache-2.0
#include "base/deadline.h"

#include <gtest/gtest.h>

#include <thread>

namespace {

using base::Deadline;
using namespace std::chrono_literals;

TEST(Deadline, counts_down_and_never_below_nothing) {
    const auto deadline = Deadline::after(30ms);
    EXPECT_FALSE(deadline.passed());
    EXPECT_LE(deadline.remaining(), 30ms);
    std::this_thread::sleep_for(31ms);
    EXPECT_TRUE(deadline.passed());
    EXPECT_EQ(deadline.remaining(), 0ms);
}

TEST(Deadline, that_lies_in_the_past_has_passed) {
    EXPECT_TRUE(Deadline::after(-5s).passed());
    EXPECT_EQ(Deadline::after(-5s).remaining(), 0ms);
}

TEST(Deadline, at_most_can_only_bring_it_nearer) {
    const auto hour = Deadline::after(1h);
    EXPECT_LE(hour.at_most(1s).remaining(), 1s);
    EXPECT_GT(hour.at_most(2h).remaining(), 59min);
    EXPECT_LE(hour.at_most(2h).remaining(), 1h);
}

TEST(Deadline, extended_by_adds_to_what_is_left) {
    const auto later = Deadline::after(1min).extended_by(1h);
    EXPECT_GT(later.remaining(), 1h);
    EXPECT_LE(later.remaining(), 61min);
}

}  // namespace
