// SPDX-License-Identifier: Apache-2.0
//
// Create and reset where something was built ahead, or where there is something to clone.
#include <gtest/gtest.h>

#include "environment/planning.h"
#include "environment/pool.h"
#include "unit/environment/plan_case.h"

namespace {

using namespace plan_case;  // NOLINT(google-build-using-namespace): the words of its tables

const base::Uuid k_version = base::Uuid::random();

CloneSource some_source() { return {"data", k_version, "reviewdb_t_data", "shop_owner", 5}; }

base::Result<Plan> create(const Facts& facts, const CreateWish& wish = some_create()) {
    return plan_create(wish, facts, {});
}
std::string warm_created(const Facts& facts) { return in_words(create(facts)); }
std::string warm_reset(const Facts& facts) { return in_words(plan_reset(some_wish(), facts, {})); }

InstanceRecord warm_instance(const Facts& facts) {
    InstanceRecord instance;
    instance.id = base::Uuid::random();
    instance.state = InstanceState::warm;
    instance.database = building_name(instance.id);
    instance.oid = 7;
    instance.database_template = "data";
    instance.template_version = k_version;
    instance.shape = planning::shape_of(facts);
    return instance;
}

// Nothing of that name, and one in the pool.
Facts with_warm() {
    auto facts = nothing();
    facts.source = some_source();
    facts.warm = WarmFacts{warm_instance(facts),
                           RoleRecord{base::Uuid::random(), RoleState::building, "shop_warm"}};
    return facts;
}

TEST(PlanClaim, takes_what_was_built_ahead_in_one_step) {
    auto facts = with_warm();
    facts.secret.reset();
    const auto plan = create(facts);
    EXPECT_EQ(in_words(plan), "created: claim");
    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->warm);
    const auto& target = plan->target;
    EXPECT_EQ(target.instance.id, facts.warm->instance.id);
    EXPECT_EQ(target.role.id, facts.warm->role.id);
    EXPECT_EQ(target.environment.instance, facts.warm->instance.id);
    EXPECT_EQ(target.environment.role, facts.warm->role.id);
    EXPECT_EQ(target.environment.state, EnvironmentState::ready);
    EXPECT_EQ(target.environment.origin.repository, k_repository);
    EXPECT_EQ(target.environment.expires_at, facts.now + *facts.policy.ttl());
    EXPECT_EQ(target.final_database, "shop_login");
}

TEST(PlanClaim, says_ready_with_a_store_only_when_the_secret_is_there) {
    const auto plan = create(with_warm());
    EXPECT_EQ(in_words(plan), "created: claim write_secret prove_login mark_ready");
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->target.environment.state, EnvironmentState::publishing);
    EXPECT_EQ(plan->target.environment.secret, "shop_login");
}

TEST(PlanClaim, protects_what_the_policy_protects) {
    auto facts = with_warm();
    facts.policy = Policy::from_rows(k_project, std::vector<PolicyRow>{{"*", "protected", "log*"}});
    facts.warm->instance.shape = planning::shape_of(facts);
    EXPECT_TRUE(create(facts)->target.environment.shielded);
}

TEST(PlanClaim, builds_where_the_one_that_is_there_is_of_another_shape) {
    auto facts = with_warm();
    facts.warm->instance.shape = "key 1, 7 connections";
    const auto plan = create(facts);
    EXPECT_EQ(in_words(plan),
              "created: record_intent create_role create_database secure_database hand_over "
              "prove_login claim write_secret mark_ready");
    EXPECT_FALSE(plan->warm);
    EXPECT_NE(plan->target.instance.id, facts.warm->instance.id);
}

TEST(PlanClaim, refuses_what_create_refuses_before_anything_is_taken) {
    const std::vector<Row> rows{
        {"foreign secret",
         [](Facts& f) {
             f.secret->exists = true;
             f.secret->holder = SecretHolder::somebody_else;
         },
         "conflict"},
        {"repository",
         [](Facts& f) {
             f.policy = Policy::from_rows(
                 k_project, std::vector<PolicyRow>{{"*", "repositories", "example.com/other"}});
             f.warm->instance.shape = planning::shape_of(f);
         },
         "denied"}};
    for (const auto& row : rows) {
        auto facts = with_warm();
        row.spoil(facts);
        EXPECT_EQ(warm_created(facts), row.plan) << row.name;
    }
}

TEST(PlanClone, clones_what_is_wanted_and_says_so) {
    auto facts = nothing();
    facts.source = some_source();
    const auto plan = create(facts);
    ASSERT_TRUE(plan);
    const auto& target = plan->target;
    EXPECT_EQ(target.source.database, "reviewdb_t_data");
    EXPECT_EQ(target.former_owner, "shop_owner");
    EXPECT_EQ(target.instance.database_template, "data");
    EXPECT_EQ(target.instance.template_version, k_version);
    EXPECT_NE(plan->steps[2].reason.find("cloned from the template data"), std::string::npos);
    EXPECT_FALSE(plan->warm);
}

TEST(PlanClone, finds_no_template_of_a_name_that_the_project_has_not) {
    auto facts = nothing();
    facts.source.reset();
    EXPECT_EQ(warm_created(facts), "not_found");
    // What is there needs none.
    auto there = right();
    there.source.reset();
    EXPECT_EQ(warm_created(there), "unchanged: prove_login renew");
    there.database.reset();
    EXPECT_EQ(warm_created(there), "not_found");
    EXPECT_EQ(warm_reset(there), "not_found");
}

TEST(PlanClone, clones_again_what_had_no_database_yet_from_what_is_in_service_now) {
    auto facts = right();
    facts.environment->state = EnvironmentState::building;
    facts.instance->state = InstanceState::building;
    facts.instance->database = building_name(facts.instance->id);
    facts.instance->oid.reset();
    facts.instance->template_version = base::Uuid::random();
    facts.instance->former_owner = "shop_former";
    facts.source = some_source();
    auto with_database = facts;
    with_database.database->name = facts.instance->database;
    facts.database.reset();
    *facts.secret = *with_database.secret = {};
    const auto fresh = create(facts);
    ASSERT_TRUE(fresh);
    EXPECT_EQ(fresh->target.instance.id, facts.instance->id);
    EXPECT_EQ(fresh->target.instance.template_version, k_version);
    EXPECT_EQ(fresh->target.former_owner, "shop_owner");
    // What was cloned already is whose it was then.
    const auto cloned = create(with_database);
    ASSERT_TRUE(cloned);
    EXPECT_EQ(cloned->target.former_owner, "shop_former");
    EXPECT_EQ(cloned->target.instance.template_version, with_database.instance->template_version);
}

TEST(PlanClone, remarks_that_what_is_there_keeps_its_data) {
    auto facts = right();
    facts.instance->database_template = "data";
    auto wish = some_create();
    wish.wanted_template = "other";
    const auto plan = create(facts, wish);
    ASSERT_TRUE(plan);
    EXPECT_EQ(in_words(plan), "unchanged: prove_login renew");
    ASSERT_EQ(plan->remarks.size(), 1U);
    EXPECT_NE(plan->remarks[0].find("reset --template other"), std::string::npos);
    wish.wanted_template = "data";
    EXPECT_TRUE(create(facts, wish)->remarks.empty());
}

// A reset that took a warm one along, whose role is still another.
Facts reset_with_warm() {
    auto facts = right();
    facts.source = some_source();
    begin_reset(facts, true);
    facts.next->oid = 3;
    facts.next->database_template = "data";
    facts.next->template_version = k_version;
    facts.next->former_owner = "shop_owner";
    facts.next_role = RoleRecord{base::Uuid::random(), RoleState::building, "shop_warm"};
    facts.tried.took_from_pool = true;
    return facts;
}

TEST(PlanReset, takes_one_that_was_built_ahead_once) {
    auto facts = right();
    facts.source = some_source();
    facts.warm_there = true;
    const auto plan = plan_reset(some_wish(), facts, {});
    EXPECT_EQ(in_words(plan), "reset: take_warm again");
    EXPECT_EQ(plan->target.instance.database_template, "data");
    EXPECT_EQ(plan->target.instance.template_version, k_version);
    EXPECT_EQ(plan->target.shape, planning::shape_of(facts));
    facts.tried.took_from_pool = true;
    EXPECT_EQ(warm_reset(facts),
              "reset: record_reset create_database secure_database hand_over prove_login "
              "close_database end_sessions swap");
    // Where it goes on with one, it looks for no other.
    facts.tried.took_from_pool = false;
    begin_reset(facts, true);
    EXPECT_EQ(warm_reset(facts),
              "reset: record_reset secure_database hand_over prove_login close_database "
              "end_sessions swap");
}

TEST(PlanReset, gives_what_it_took_to_the_environments_own_role) {
    const auto facts = reset_with_warm();
    const auto plan = plan_reset(some_wish(), facts, {});
    EXPECT_EQ(in_words(plan),
              "reset: record_reset secure_database hand_over dismiss_owner prove_login "
              "close_database end_sessions swap");
    EXPECT_TRUE(plan->warm);
    EXPECT_EQ(plan->target.former_owner, "shop_warm");
    EXPECT_EQ(plan->target.former_role.name, "shop_warm");
    EXPECT_EQ(plan->target.role.id, facts.role->id);
    EXPECT_EQ(plan->target.final_database, "shop_login");
}

TEST(PlanReset, mends_first_and_takes_from_the_pool_then) {
    auto facts = right();
    facts.warm_there = true;
    facts.login->can_login = false;
    EXPECT_EQ(warm_reset(facts),
              "repaired: record_intent repair_role prove_login mark_ready again");
}

TEST(PlanReset, lets_go_of_what_it_took_where_that_is_gone) {
    auto facts = reset_with_warm();
    facts.next_database.reset();
    EXPECT_EQ(warm_reset(facts), "repaired: record_intent drop_next prove_login mark_ready again");
}

TEST(PlanRepair, lets_go_of_what_an_unfinished_reset_took) {
    EXPECT_EQ(in_words(plan_repair(some_wish(), reset_with_warm(), {})),
              "repaired: record_intent drop_next prove_login mark_ready");
}

TEST(PlanWarm, builds_one_with_a_role_of_its_own_and_puts_it_aside) {
    const FreshIdentities fresh;
    const auto facts = nothing();
    const auto plan = plan_warm(k_project, some_source(), facts, fresh);
    EXPECT_EQ(in_words(plan),
              "created: record_warm create_role create_database secure_database hand_over "
              "prove_login shelve");
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->target.instance.id, fresh.instance);
    EXPECT_EQ(plan->target.role.id, fresh.role);
    EXPECT_EQ(plan->target.former_owner, "shop_owner");
    EXPECT_EQ(plan->target.shape, planning::shape_of(facts));
    EXPECT_EQ(plan->target.most_builds, facts.policy.pool_builders());
    EXPECT_EQ(plan->target.environment.project, "shop");
    EXPECT_TRUE(plan->target.environment.name.empty());
}

TEST(PlanWarm, retires_by_one_row_what_others_then_remove) {
    PooledInstance pooled;
    const auto facts = nothing();
    pooled.instance = warm_instance(facts);
    pooled.role = RoleRecord{base::Uuid::random(), RoleState::building, "shop_warm"};
    const auto plan = plan_retirement(pooled, facts, "because");
    EXPECT_EQ(in_words(plan), "deleted: discard");
    EXPECT_EQ(plan.steps[0].reason, "because");
    EXPECT_EQ(plan.target.leaving.id, pooled.instance.id);
}

}  // namespace
