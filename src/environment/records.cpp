// SPDX-License-Identifier: Apache-2.0
#include "environment/records.h"

#include <algorithm>
#include <array>
#include <utility>

namespace environment {

namespace {

template <typename State, std::size_t N>
using Words = std::array<std::pair<State, std::string_view>, N>;

constexpr Words<EnvironmentState, 6> k_environment_states{{
    {EnvironmentState::building, "building"},
    {EnvironmentState::publishing, "publishing"},
    {EnvironmentState::ready, "ready"},
    {EnvironmentState::closed, "closed"},
    {EnvironmentState::retiring, "retiring"},
    {EnvironmentState::gone, "gone"},
}};
constexpr Words<InstanceState, 7> k_instance_states{{
    {InstanceState::building, "building"},
    {InstanceState::warm, "warm"},
    {InstanceState::frozen, "frozen"},
    {InstanceState::serving, "serving"},
    {InstanceState::trashed, "trashed"},
    {InstanceState::dropping, "dropping"},
    {InstanceState::gone, "gone"},
}};
constexpr Words<RoleState, 4> k_role_states{{
    {RoleState::building, "building"},
    {RoleState::serving, "serving"},
    {RoleState::pinned, "pinned"},
    {RoleState::gone, "gone"},
}};

constexpr Words<TemplateState, 3> k_template_states{{
    {TemplateState::building, "building"},
    {TemplateState::ready, "ready"},
    {TemplateState::gone, "gone"},
}};

template <typename State, std::size_t N>
std::string_view word_of(const Words<State, N>& words, State state) {
    for (const auto& [known, word] : words) {
        if (known == state) return word;
    }
    return {};
}

template <typename State, std::size_t N>
std::optional<State> state_of(const Words<State, N>& words, std::string_view text) {
    for (const auto& [state, word] : words) {
        if (word == text) return state;
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_text(EnvironmentState state) { return word_of(k_environment_states, state); }
std::string_view to_text(InstanceState state) { return word_of(k_instance_states, state); }
std::string_view to_text(RoleState state) { return word_of(k_role_states, state); }
std::string_view to_text(TemplateState state) { return word_of(k_template_states, state); }

std::optional<EnvironmentState> parse_environment_state(std::string_view text) {
    return state_of(k_environment_states, text);
}
std::optional<InstanceState> parse_instance_state(std::string_view text) {
    return state_of(k_instance_states, text);
}
std::optional<RoleState> parse_role_state(std::string_view text) {
    return state_of(k_role_states, text);
}
std::optional<TemplateState> parse_template_state(std::string_view text) {
    return state_of(k_template_states, text);
}

base::Result<EnvironmentState> parse_listed_state(std::string_view text) {
    const auto state = parse_environment_state(text);
    if (state == EnvironmentState::gone) {
        return base::fail(base::ErrorKind::invalid_input, "what is gone is in no list",
                          "'reviewdb history' tells of it, and 'reviewdb trash list' shows what "
                          "can be brought back");
    }
    if (state) return *state;
    return base::fail(base::ErrorKind::invalid_input,
                      "there is no state '" + std::string(text) + "' to list",
                      "building, publishing, ready, closed or retiring");
}

bool tells_of_removal(std::string_view event) {
    return std::ranges::find(k_removals, event) != k_removals.end();
}

}  // namespace environment
