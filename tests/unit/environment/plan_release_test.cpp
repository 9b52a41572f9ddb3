// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "unit/environment/plan_case.h"

namespace {

using namespace plan_case;  // NOLINT(google-build-using-namespace): the words of its tables

std::string released(const Facts& facts) {
    return in_words(plan_release(some_wish(), facts, FreshIdentities()));
}

// As the policy of right() wants it.
Facts sound() {
    auto facts = right();
    facts.login->connection_limit = facts.policy.connection_limit();
    return facts;
}

TEST(PlanRelease, hands_over_what_was_seen_to_work) {
    EXPECT_EQ(released(sound()), "released: prove_login release");
    const auto plan = *plan_release(some_wish(), sound(), FreshIdentities());
    EXPECT_EQ(plan.target.environment.state, EnvironmentState::gone);
    EXPECT_EQ(plan.steps.back().reason, "because");
    const auto tells = [&](const std::string& what) {
        return std::ranges::any_of(plan.remarks, [&](const auto& remark) {
            return remark.find(what) != std::string::npos;
        });
    };
    EXPECT_TRUE(tells("its secret shop_login stays"));
    EXPECT_TRUE(tells("shop_role owns the database shop_login"));
}

TEST(PlanRelease, makes_it_right_first) {
    auto facts = sound();
    facts.database->accepts_connections = false;
    EXPECT_EQ(released(facts),
              "released: record_intent secure_database prove_login mark_ready again");
    facts = sound();
    facts.secret->is_current = false;
    EXPECT_EQ(released(facts), "released: record_intent prove_login write_secret mark_ready again");
}

TEST(PlanRelease, refuses_before_anything_is_changed) {
    const std::vector<Row> rows{
        {"protected", [](Facts& f) { f.environment->shielded = true; }, "protected"},
        {"closed", [](Facts& f) { f.environment->state = EnvironmentState::closed; }, "conflict"},
        {"being removed", [](Facts& f) { f.environment->state = EnvironmentState::retiring; },
         "conflict"},
        {"never finished", [](Facts& f) { f.environment->state = EnvironmentState::building; },
         "conflict"},
        {"without a database", [](Facts& f) { f.database.reset(); }, "conflict"},
        {"half dropped", [](Facts& f) { f.database->half_dropped = true; }, "conflict"},
        {"behind", [](Facts& f) { f.installation.is_behind = true; }, "conflict"},
        {"another repository", [](Facts& f) { f.environment->origin.repository = "x"; },
         "conflict"},
        {"another's stamp", [](Facts& f) { f.instance->id = base::Uuid::random(); }, "conflict"},
        {"foreign database", [](Facts& f) { f.database->owned_by_manager = false; }, "conflict"}};
    for (const auto& row : rows) {
        auto facts = sound();
        row.spoil(facts);
        EXPECT_EQ(released(facts), row.plan) << row.name;
    }
    EXPECT_EQ(released(nothing()), "not_found");
}

}  // namespace
