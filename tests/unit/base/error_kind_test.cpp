// SPDX-License-Identifier: Apache-2.0
#include "base/error_kind.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace {

using base::ErrorKind;
using base::facts_of;
using base::k_error_kinds;

TEST(ErrorKindTable, holds_every_kind_at_its_own_place) {
    for (std::size_t i = 0; i < k_error_kinds.size(); ++i) {
        const auto kind = static_cast<ErrorKind>(i);
        EXPECT_EQ(facts_of(kind).kind, kind) << i;
        // Names the kind without a default: a new one does not compile until it is named here.
        switch (kind) {
            case ErrorKind::invalid_input:
            case ErrorKind::not_found:
            case ErrorKind::conflict:
            case ErrorKind::denied:
            case ErrorKind::late:
            case ErrorKind::shielded:
            case ErrorKind::overloaded:
            case ErrorKind::unavailable:
            case ErrorKind::deadline:
            case ErrorKind::in_doubt:
            case ErrorKind::command_failed:
            case ErrorKind::internal:
                break;
        }
    }
    EXPECT_EQ(static_cast<std::size_t>(ErrorKind::internal) + 1, k_error_kinds.size());
}

// As published in the manual: scripts depend on them.
TEST(ErrorKindTable, publishes_these_names_and_exit_codes) {
    const std::map<std::string, int> published{
        {"invalid_input", 2}, {"not_found", 3},  {"conflict", 4},    {"denied", 5},
        {"protected", 8},     {"overloaded", 6}, {"unavailable", 6}, {"deadline", 6},
        {"in_doubt", 6},      {"internal", 1},   {"late", 4},        {"command_failed", 9},
    };
    std::map<std::string, int> actual;
    for (const auto& facts : k_error_kinds) actual.emplace(facts.name, facts.exit_code);
    EXPECT_EQ(actual, published);
}

TEST(ErrorKindTable, says_try_again_in_the_same_breath_everywhere) {
    for (const auto& facts : k_error_kinds) {
        EXPECT_EQ(facts.retryable, facts.exit_code == 6) << facts.name;
        EXPECT_EQ(facts.retryable, facts.http_status == 503 || facts.http_status == 504)
            << facts.name;
    }
}

TEST(ErrorKindTable, keeps_drift_apart_from_every_kind) {
    for (const auto& facts : k_error_kinds) {
        EXPECT_NE(facts.exit_code, base::k_exit_drift) << facts.name;
        EXPECT_NE(facts.exit_code, 0) << facts.name;
    }
}

TEST(ErrorKindTable, blames_the_caller_with_400s_and_the_world_with_500s) {
    const std::set<ErrorKind> callers{
        ErrorKind::invalid_input, ErrorKind::not_found, ErrorKind::conflict,      ErrorKind::denied,
        ErrorKind::late,          ErrorKind::shielded,  ErrorKind::command_failed};
    for (const auto& facts : k_error_kinds) {
        EXPECT_EQ(facts.http_status / 100, callers.contains(facts.kind) ? 4 : 5) << facts.name;
    }
}

}  // namespace
