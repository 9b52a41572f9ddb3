// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ostream>
#include <type_traits>

namespace {

using base::Secret;

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
    out << value;
};

// The ways by which text reaches a log without anybody deciding so.
static_assert(Streamable<std::string> && !Streamable<Secret>);
static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);

TEST(Secret, is_revealed_only_by_name) {
    EXPECT_EQ(Secret("pass word").reveal(), "pass word");
    EXPECT_TRUE(Secret().empty());
    EXPECT_FALSE(Secret("x").empty());
}

TEST(Secret, equals_only_the_same_text) {
    EXPECT_TRUE(Secret("abc") == Secret("abc"));
    EXPECT_FALSE(Secret("abc") == Secret("abd"));
    EXPECT_FALSE(Secret("abc") == Secret("ab"));
    EXPECT_TRUE(Secret() == Secret(""));
}

TEST(Secret, leaves_nothing_where_it_was_moved_from) {
    Secret source("a text that is longer than what fits into the string itself");
    const auto* place = source.reveal().data();
    const Secret target(std::move(source));
    EXPECT_TRUE(target.reveal().starts_with("a text"));
    EXPECT_TRUE(source.empty());  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(source.reveal().data(), place);
    EXPECT_EQ(std::string_view(place, 6), std::string_view("\0\0\0\0\0\0", 6));
}

TEST(Secret, is_copied_and_assigned_as_a_value) {
    const Secret first("one");
    Secret second(first);
    EXPECT_EQ(second, first);
    second = Secret("two");
    EXPECT_EQ(first.reveal(), "one");
    EXPECT_EQ(second.reveal(), "two");
}

}  // namespace
