// SPDX-License-Identifier: Apache-2.0
#include "branches/link_header.h"

#include <gtest/gtest.h>

#include <random>

namespace {

using branches::next_link;

TEST(LinkHeader, finds_the_next_page) {
    EXPECT_EQ(next_link(R"(<https://a/?page=2>; rel="next", <https://a/?page=9>; rel="last")"),
              "https://a/?page=2");
    EXPECT_EQ(next_link(R"(<https://a/1>; rel="prev", <https://a/3>; rel="next")"), "https://a/3");
    EXPECT_EQ(next_link(R"(<https://a/3>;rel=next)"), "https://a/3");
    EXPECT_EQ(next_link(R"(<https://a/3>; title="a, b"; REL="last NEXT")"), "https://a/3");
    EXPECT_EQ(next_link(R"(<https://a/?x=1,2;3>; rel="next")"), "https://a/?x=1,2;3");
}

TEST(LinkHeader, finds_none_where_there_is_none) {
    for (const auto* header :
         {"", "<", "<https://a/", "<https://a/>", R"(<https://a/>; rel="prev")",
          R"(<https://a/>; rel="nextish")", R"(<https://a/>; rel=)", R"(rel="next")",
          R"(<https://a/>; rel="prev"; rel="next")", R"(<https://a/>; title="; rel=next")",
          R"(<https://a/>, rel="next")"}) {
        EXPECT_FALSE(next_link(header)) << header;
    }
}

TEST(LinkHeader, comes_to_an_end_with_any_text) {
    std::mt19937 chance(20'261'128);  // NOLINT(cert-msc51-cpp): the same texts each time
    const std::string letters = "<>;,=\" relnxtRELNXT/:ab\t\\";
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (auto length = chance() % 40; length > 0; --length) {
            text += letters[chance() % letters.size()];
        }
        const auto found = next_link(text);
        if (found) {
            EXPECT_NE(text.find("<" + *found + ">"), std::string::npos) << text;
        }
    }
}

}  // namespace
