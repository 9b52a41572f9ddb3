// SPDX-License-Identifier: Apache-2.0
#include "base/uuid.h"

#include <gtest/gtest.h>

#include <set>

namespace {

using base::Uuid;

constexpr const char* k_text = "01234567-89ab-4cde-8f01-23456789abcd";

TEST(Uuid, is_read_back_as_it_is_written) {
    EXPECT_EQ(Uuid::parse(k_text).value().to_string(), k_text);
    EXPECT_EQ(Uuid::parse("01234567-89AB-4CDE-8F01-23456789ABCD"), Uuid::parse(k_text));
    EXPECT_EQ(Uuid().to_string(), "00000000-0000-0000-0000-000000000000");
    EXPECT_EQ(Uuid::parse(k_text)->bytes(),
              "\x01\x23\x45\x67\x89\xab\x4c\xde\x8f\x01\x23\x45\x67\x89\xab\xcd");
}

TEST(Uuid, is_refused_in_any_other_form) {
    for (const auto* text :
         {"", "0123456789ab4cde8f0123456789abcd", "{01234567-89ab-4cde-8f01-23456789abcd}",
          "01234567-89ab-4cde-8f01-23456789abc", "01234567-89ab-4cde-8f01-23456789abcde",
          "0123456789ab--4cde-8f01-23456789abcd", "g1234567-89ab-4cde-8f01-23456789abcd"}) {
        EXPECT_EQ(Uuid::parse(text), std::nullopt) << text;
    }
}

TEST(Uuid, is_random_of_version_4_and_never_the_same) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto text = Uuid::random().to_string();
        EXPECT_EQ(text[14], '4') << text;
        EXPECT_NE(std::string_view("89ab").find(text[19]), std::string_view::npos) << text;
        EXPECT_TRUE(seen.insert(text).second) << text;
    }
}

TEST(Uuid, has_a_short_name_that_is_fit_for_a_catalog_and_all_chance) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto name = Uuid::random().short_name();
        EXPECT_EQ(name.size(), 10U);
        EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), std::string::npos);
        EXPECT_TRUE(seen.insert(name).second) << name;
    }
    EXPECT_EQ(Uuid::parse(k_text)->short_name(), Uuid::parse(k_text)->short_name());
}

}  // namespace
