// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "unit/environment/plan_case.h"

namespace {

using namespace plan_case;  // NOLINT(google-build-using-namespace): the words of its tables

std::string created(const Facts& facts) {
    return in_words(plan_create(some_create(), facts, FreshIdentities{}));
}
std::string repaired(const Facts& facts) {
    return in_words(plan_repair(some_wish(), facts, FreshIdentities{}));
}

constexpr const char* k_whole =
    "created: record_intent create_role create_database secure_database hand_over "
    "prove_login claim write_secret mark_ready";

TEST(PlanCreate, makes_everything_where_there_is_nothing) {
    EXPECT_EQ(created(nothing()), k_whole);
    auto without_store = nothing();
    without_store.secret.reset();
    EXPECT_EQ(created(without_store),
              "created: record_intent create_role create_database secure_database "
              "hand_over prove_login claim");
}

TEST(PlanCreate, renews_and_proves_what_is_right) {
    EXPECT_EQ(created(right()), "unchanged: prove_login renew");
    EXPECT_EQ(repaired(right()), "unchanged: prove_login");
}

TEST(PlanCreate, mends_each_thing_that_is_wrong_and_nothing_else) {
    const std::vector<Row> rows{
        {"login", [](Facts& f) { f.login->can_login = false; }, "repair_role prove_login"},
        {"privileged", [](Facts& f) { f.login->privileged = true; }, "repair_role prove_login"},
        {"expires", [](Facts& f) { f.login->expires = true; }, "repair_role prove_login"},
        {"limit", [](Facts& f) { f.login->connection_limit = 1; }, "repair_role prove_login"},
        {"role stamp", [](Facts& f) { f.login->comment = "x"; }, "repair_role prove_login"},
        {"no role", [](Facts& f) { f.login.reset(); }, "create_role secure_database prove_login"},
        {"public", [](Facts& f) { f.database->open_to_public = true; },
         "secure_database prove_login"},
        {"rights", [](Facts& f) { f.database->role_may_use = false; },
         "secure_database prove_login"},
        {"closed", [](Facts& f) { f.database->accepts_connections = false; },
         "secure_database prove_login"},
        {"database limit", [](Facts& f) { f.database->connection_limit = 0; },
         "secure_database prove_login"},
        {"template", [](Facts& f) { f.database->is_template = true; },
         "secure_database prove_login"},
        {"stamp", [](Facts& f) { f.database->comment = "x"; }, "secure_database prove_login"},
        {"settings", [](Facts& f) { f.database->settings.clear(); }, "secure_database prove_login"},
        {"renamed", [](Facts& f) { f.database->name = "x"; }, "prove_login claim"},
        {"schema", [](Facts& f) { f.tried.schema_not_its_own = true; }, "hand_over prove_login"},
        {"password", [](Facts& f) { f.tried.password_refused = true; }, "set_password prove_login"},
        {"next", [](Facts& f) { begin_reset(f, true); }, "drop_next prove_login"},
        {"secret", [](Facts& f) { f.secret->is_current = false; }, "prove_login write_secret"},
        {"no secret", [](Facts& f) { *f.secret = {}; }, "prove_login write_secret"},
        {"no database", [](Facts& f) { f.database.reset(); },
         "create_database secure_database hand_over prove_login claim"}};
    for (const auto& row : rows) {
        auto facts = right();
        row.spoil(facts);
        const auto expected = std::string("repaired: record_intent ") + row.plan + " mark_ready";
        EXPECT_EQ(created(facts), expected) << row.name;
        EXPECT_EQ(repaired(facts), expected) << row.name;
    }
}

TEST(PlanCreate, goes_on_where_an_earlier_one_stopped) {
    const std::vector<Row> rows{
        {"recorded",
         [](Facts& f) {
             f.login.reset();
             f.database.reset();
             f.instance->oid.reset();
         },
         k_whole},
        {"has a role",
         [](Facts& f) {
             f.database.reset();
             f.instance->oid.reset();
         },
         "created: record_intent create_database secure_database hand_over prove_login "
         "claim write_secret mark_ready"},
        {"has a database", [](Facts& f) { f.database->comment.clear(); },
         "created: record_intent secure_database hand_over prove_login claim write_secret "
         "mark_ready"}};
    for (const auto& row : rows) {
        auto facts = right();
        facts.environment->state = EnvironmentState::building;
        facts.instance->state = InstanceState::building;
        facts.instance->database = building_name(facts.instance->id);
        facts.database->name = facts.instance->database;
        *facts.secret = {};
        row.spoil(facts);
        EXPECT_EQ(created(facts), row.plan) << row.name;
    }
    auto claimed = right();
    claimed.environment->state = EnvironmentState::publishing;
    EXPECT_EQ(created(claimed), "created: record_intent prove_login write_secret mark_ready");
}

TEST(PlanCreate, never_puts_another_database_in_the_place_of_one_that_was_seen) {
    auto facts = right();
    facts.environment->state = EnvironmentState::building;
    facts.instance->state = InstanceState::building;
    facts.instance->database = building_name(facts.instance->id);
    facts.database.reset();
    const FreshIdentities fresh;
    const auto plan = plan_create(some_create(), facts, fresh);
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->target.instance.id, fresh.instance);
    facts.instance->oid.reset();
    EXPECT_EQ(plan_create(some_create(), facts, fresh)->target.instance.id, facts.instance->id);
}

TEST(PlanCreate, finishes_what_stands_in_the_way_and_looks_again) {
    auto half = right();
    half.database->half_dropped = true;
    EXPECT_EQ(created(half), "repaired: drop_database again");
    auto retiring = right();
    retiring.environment->state = EnvironmentState::retiring;
    EXPECT_EQ(created(retiring),
              "deleted: record_retirement close_database end_sessions delete_secret bury "
              "drop_database drop_role forget again");
    retiring.database->comment = "x";
    EXPECT_EQ(created(retiring), "conflict");
}

TEST(PlanCreate, takes_another_name_while_one_of_ours_still_holds_its_own) {
    auto facts = nothing();
    const FreshIdentities fresh;
    facts.final_name = NameHolder::dropping_instance;
    const auto plan = plan_create(some_create(), facts, fresh);
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->target.final_database,
              facts.policy.database_pattern().apply_beside(k_project, k_name, fresh.instance, 63));
}

TEST(PlanCreate, refuses_before_anything_is_changed) {
    const std::vector<Row> rows{
        {"closed", [](Facts& f) { f.environment->state = EnvironmentState::closed; }, "conflict"},
        {"behind", [](Facts& f) { f.installation.is_behind = true; }, "conflict"},
        {"another repository", [](Facts& f) { f.environment->origin.repository = "x"; },
         "conflict"},
        {"foreign secret", [](Facts& f) { f.secret->holder = SecretHolder::somebody_else; },
         "conflict"},
        {"foreign database", [](Facts& f) { f.database->owned_by_manager = false; }, "conflict"},
        {"another database", [](Facts& f) { f.database->oid = 9; }, "conflict"},
        {"another's stamp", [](Facts& f) { f.instance->id = base::Uuid::random(); }, "conflict"},
        {"half dropped and unstamped",
         [](Facts& f) {
             f.database->half_dropped = true;
             f.database->comment = "x";
         },
         "conflict"},
        {"foreign name",
         [](Facts& f) {
             f.database.reset();
             f.final_name = NameHolder::somebody_else;
         },
         "conflict"}};
    for (const auto& row : rows) {
        auto facts = right();
        row.spoil(facts);
        EXPECT_EQ(created(facts), row.plan) << row.name;
    }
}

TEST(PlanCreate, makes_nothing_for_a_repository_that_is_not_admitted) {
    const std::vector<PolicyRow> policy{{"*", "repositories", "example.com/other"}};
    for (auto facts : {nothing(), right()}) {
        facts.policy = Policy::from_rows(k_project, policy);
        EXPECT_EQ(created(facts), "denied");
    }
    auto there = right();
    there.policy = Policy::from_rows(k_project, policy);
    EXPECT_EQ(repaired(there), "unchanged: prove_login");
}

TEST(PlanRepair, gives_terms_only_to_what_has_none_yet) {
    auto facts = right();
    facts.environment->expires_at = facts.now;
    EXPECT_EQ(plan_repair(some_wish(), facts, {})->target.environment.expires_at, facts.now);
    facts.environment->state = EnvironmentState::building;
    facts.environment->expires_at.reset();
    EXPECT_EQ(plan_repair(some_wish(), facts, {})->target.environment.expires_at,
              facts.now + *facts.policy.ttl());
}

TEST(PlanRepair, refuses_what_is_not_there_or_is_going) {
    EXPECT_EQ(repaired(nothing()), "not_found");
    auto facts = right();
    facts.environment->state = EnvironmentState::retiring;
    EXPECT_EQ(repaired(facts), "conflict");
}

}  // namespace
