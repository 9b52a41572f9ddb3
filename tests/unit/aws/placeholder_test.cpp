// SPDX-License-Identifier: Apache-2.0
#include "aws/placeholder.h"

#include <gtest/gtest.h>

namespace {

using aws::emptied;
using base::Secret;

TEST(Placeholder, keeps_the_keys_of_others_and_nothing_of_ours) {
    const auto left = emptied(Secret(
        R"({"engine":"postgres","host":"h","port":1,"username":"u","password":"p","dbname":"d",)"
        R"("ssl":true,"url":"postgresql://","reviewdb":"x","dbClusterIdentifier":"c"})"));
    EXPECT_EQ(left.reveal(), R"({"dbClusterIdentifier":"c","username":"placeholder"})");
    EXPECT_EQ(emptied(left), left);
}

TEST(Placeholder, is_made_of_whatever_was_there) {
    for (const auto* text : {"", "not json", "[1]", "{}"}) {
        EXPECT_EQ(emptied(Secret(text)).reveal(), R"({"username":"placeholder"})") << text;
    }
}

TEST(Placeholder, says_of_none_that_it_is_ours) {
    const auto* const ours = R"({"reviewdb":"11111111-2222-4333-8444-555555555555"})";
    EXPECT_TRUE(aws::says_ours(Secret(ours)));
    EXPECT_FALSE(aws::says_ours(emptied(Secret(ours))));
}

}  // namespace
