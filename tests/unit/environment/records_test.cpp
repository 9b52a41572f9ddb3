// SPDX-License-Identifier: Apache-2.0
#include "environment/records.h"

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

// Every state up to `last` has a word of its own, which is read back as that state.
template <typename State, typename Parse>
void expect_words(State last, Parse parse) {
    std::set<std::string_view> words;
    for (int i = 0; i <= static_cast<int>(last); ++i) {
        const auto state = static_cast<State>(i);
        const auto word = to_text(state);
        EXPECT_FALSE(word.empty()) << i;
        EXPECT_TRUE(words.insert(word).second) << word;
        EXPECT_EQ(parse(word), state) << word;
    }
    EXPECT_TRUE(to_text(static_cast<State>(static_cast<int>(last) + 1)).empty());
}

TEST(States, are_read_back_as_they_are_written) {
    expect_words(EnvironmentState::gone, parse_environment_state);
    expect_words(InstanceState::gone, parse_instance_state);
    expect_words(RoleState::gone, parse_role_state);
}

TEST(States, are_written_as_the_registry_has_them) {
    EXPECT_EQ(to_text(EnvironmentState::publishing), "publishing");
    EXPECT_EQ(to_text(EnvironmentState::retiring), "retiring");
    EXPECT_EQ(to_text(InstanceState::trashed), "trashed");
    EXPECT_EQ(to_text(RoleState::pinned), "pinned");
}

TEST(States, are_nothing_for_a_word_of_a_newer_program) {
    for (const auto* word : {"", "Ready", "ready ", "hibernating", "pinned"}) {
        EXPECT_EQ(parse_environment_state(word), std::nullopt) << word;
    }
    EXPECT_EQ(parse_instance_state("ready"), std::nullopt);
    EXPECT_EQ(parse_role_state("warm"), std::nullopt);
}

TEST(Origin, is_the_same_only_in_all_its_parts) {
    const Origin origin{"github.com/acme/shop", "x", 7, "sha"};
    EXPECT_EQ(origin, (Origin{"github.com/acme/shop", "x", 7, "sha"}));
    EXPECT_NE(origin, (Origin{"github.com/acme/web", "x", 7, "sha"}));
    EXPECT_NE(origin, (Origin{"github.com/acme/shop", "y", 7, "sha"}));
    EXPECT_NE(origin, (Origin{"github.com/acme/shop", "x", std::nullopt, "sha"}));
    EXPECT_NE(origin, (Origin{"github.com/acme/shop", "x", 7, ""}));
}

}  // namespace
