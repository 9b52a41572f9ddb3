// SPDX-License-Identifier: Apache-2.0
#include "http/retry.h"

#include <gtest/gtest.h>

namespace {

using http::back_off;
using std::chrono::milliseconds;

TEST(BackOff, doubles_up_to_five_seconds) {
    EXPECT_EQ(back_off(1, 1.0), milliseconds(50));
    EXPECT_EQ(back_off(2, 1.0), milliseconds(100));
    EXPECT_EQ(back_off(6, 1.0), milliseconds(1'600));
    EXPECT_EQ(back_off(8, 1.0), milliseconds(5'000));
    EXPECT_EQ(back_off(1'000'000, 1.0), milliseconds(5'000));
}

TEST(BackOff, leaves_all_of_it_to_chance) {
    EXPECT_EQ(back_off(5, 0.0), milliseconds(0));
    EXPECT_EQ(back_off(5, 0.5), milliseconds(400));
}

TEST(BackOff, has_a_chance_from_nought_up_to_one) {
    const auto waiting = http::real_waiting();
    double least = 1;
    double most = 0;
    for (int i = 0; i < 1'000; ++i) {
        const auto chance = waiting.chance();
        least = std::min(least, chance);
        most = std::max(most, chance);
    }
    EXPECT_GE(least, 0.0);
    EXPECT_LT(least, 0.1);
    EXPECT_GT(most, 0.9);
    EXPECT_LT(most, 1.0);
}

TEST(BackOff, does_not_begin_a_wait_that_the_deadline_would_cut) {
    int slept = 0;
    const http::Waiting waiting{[] { return 0.999; }, [&](milliseconds) { ++slept; }};
    EXPECT_FALSE(http::wait_for_attempt(waiting, 8, base::Deadline::after(milliseconds(1'000))));
    EXPECT_EQ(slept, 0);
    EXPECT_TRUE(http::wait_for_attempt(waiting, 1, base::Deadline::after(milliseconds(60'000))));
    EXPECT_EQ(slept, 1);
}

}  // namespace
