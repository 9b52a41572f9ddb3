// SPDX-License-Identifier: Apache-2.0
//
// One row in a table of CI runs: what such a run looks like to us, and what has to come out of it.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "environment/default_name.h"

namespace environment {

using Variables = std::map<std::string, std::string>;

inline constexpr const char* k_no_name = "";

// `name` is k_no_name where there is none.
struct CiCase {
    const char* title;
    Variables variables;
    std::string event;
    std::string name;
    bool may_be_shielded;
    std::string ref;
    std::optional<int> pull_request;
    std::string commit;
};

inline Variables with(Variables variables, const char* name, const char* value) {
    variables[name] = value;
    return variables;
}

// Finds the name and the origin of `run`, and compares every part of them.
inline void expect_run(const CiCase& run, const std::string& repository) {
    Surroundings surroundings;
    surroundings.variables = run.variables;
    if (!run.event.empty()) surroundings.github_event = run.event;
    const auto found = default_name(surroundings);
    const auto origin = origin_of(surroundings);
    EXPECT_EQ(origin.repository, repository) << run.title;
    EXPECT_EQ(origin.ref, run.ref) << run.title;
    EXPECT_EQ(origin.pull_request, run.pull_request) << run.title;
    EXPECT_EQ(origin.commit, run.commit) << run.title;
    if (run.name == k_no_name) {
        ASSERT_FALSE(found.has_value()) << run.title << ": " << found->name;
        EXPECT_EQ(found.error().kind, base::ErrorKind::invalid_input) << run.title;
        EXPECT_FALSE(found.error().hint.empty()) << run.title;
        return;
    }
    ASSERT_TRUE(found.has_value()) << run.title << ": " << found.error().message;
    EXPECT_EQ(found->name, run.name) << run.title;
    EXPECT_EQ(found->may_be_shielded, run.may_be_shielded) << run.title;
    EXPECT_EQ(found->origin, origin) << run.title;
}

}  // namespace environment
