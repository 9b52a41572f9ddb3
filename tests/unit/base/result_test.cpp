// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

Result<int> half(int number) {
    if (number % 2 != 0) return fail(ErrorKind::invalid_input, "odd", "give an even number");
    return number / 2;
}

Result<int> quarter(int number) {
    BASE_TRY_ASSIGN(const auto first, half(number));
    BASE_TRY_ASSIGN(const auto second, half(first));
    return second;
}

Result<void> check(int number, int& reached) {
    BASE_TRY(half(number));
    ++reached;
    return {};
}

TEST(Result, carries_a_value_through_the_macros) {
    int reached = 0;
    EXPECT_EQ(quarter(12).value(), 3);
    EXPECT_TRUE(check(2, reached));
    EXPECT_EQ(reached, 1);
}

TEST(Result, leaves_at_the_first_failure_and_keeps_it_whole) {
    int reached = 0;
    for (const int number : {1, 2}) {
        const auto refused = quarter(number);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
        EXPECT_EQ(refused.error().message, "odd");
        EXPECT_EQ(refused.error().hint, "give an even number");
    }
    EXPECT_FALSE(check(1, reached));
    EXPECT_EQ(reached, 0);
}

TEST(Result, carries_what_can_only_be_moved) {
    const auto make = [] { return Result<std::unique_ptr<int>>(std::make_unique<int>(7)); };
    const auto take = [&]() -> Result<int> {
        BASE_TRY_ASSIGN(const auto box, make());
        return *box;
    };
    EXPECT_EQ(take().value(), 7);
}

TEST(Error, tells_what_was_attempted_before_what_went_wrong) {
    const auto error = half(1).error();
    const auto told = base::Error(error).during("cannot quarter 1").with_hint("try 4");
    EXPECT_EQ(told.message, "cannot quarter 1: odd");
    EXPECT_EQ(told.hint, "try 4");
    EXPECT_EQ(told.kind, error.kind);
}

}  // namespace
