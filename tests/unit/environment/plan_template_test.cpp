// SPDX-License-Identifier: Apache-2.0
//
// Making, refreshing and forgetting a template.
#include "environment/template.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/environment/plan_case.h"

namespace {

using namespace plan_case;  // NOLINT(google-build-using-namespace): the words of its tables

TemplateWish some_template() {
    return {{k_project, "data"}, "prisma migrate", R"({"run":[]})", "d1"};
}

// A template that is in service, made from digest d1.
Facts in_service() {
    auto facts = nothing();
    facts.secret.reset();
    TemplateRecord model;
    model.id = base::Uuid::random();
    model.project = "shop";
    model.name = "data";
    model.state = TemplateState::ready;
    model.source = "a dump";
    model.digest = "d1";
    InstanceRecord version;
    version.id = base::Uuid::random();
    version.state = InstanceState::frozen;
    version.database = frozen_name(version.id);
    version.oid = 2;
    version.database_template = "data";
    model.instance = version.id;
    facts.model = model;
    facts.instance = version;
    DatabaseFacts database;
    database.oid = 2;
    database.name = version.database;
    database.owned_by_manager = database.is_template = true;
    facts.database = database;
    return facts;
}

// The same beside a build that was not finished.
Facts half_refreshed() {
    auto facts = in_service();
    begin_reset(facts, true);
    facts.role = RoleRecord{base::Uuid::random(), RoleState::building, "shop_throw_away"};
    return facts;
}

std::string made(const Facts& facts, const TemplateWish& wish = some_template()) {
    return in_words(plan_template(wish, facts, {}));
}
std::string forgotten(const Facts& facts) {
    return in_words(plan_forget_template({k_project, "data"}, facts));
}

constexpr const char* k_steps =
    " record_template create_role create_database secure_database hand_over prove_login fill "
    "freeze "
    "publish";

TEST(PlanTemplate, makes_one_where_there_is_none) {
    EXPECT_EQ(made(nothing()), std::string("created:") + k_steps);
    const FreshIdentities fresh;
    const auto facts = nothing();
    const auto plan = plan_template(some_template(), facts, fresh);
    ASSERT_TRUE(plan);
    const auto& target = plan->target;
    EXPECT_EQ(target.model.id, fresh.environment);
    EXPECT_EQ(target.model.project, "shop");
    EXPECT_EQ(target.model.name, "data");
    EXPECT_EQ(target.model.source, "prisma migrate");
    EXPECT_EQ(target.model.digest, "d1");
    EXPECT_EQ(target.instance.id, fresh.instance);
    EXPECT_EQ(target.instance.database, building_name(fresh.instance));
    EXPECT_EQ(target.instance.database_template, "data");
    EXPECT_EQ(target.role.id, fresh.role);
    EXPECT_TRUE(target.source.database.empty());
    EXPECT_TRUE(target.former_owner.empty());
    EXPECT_TRUE(target.environment.name.empty());
}

TEST(PlanTemplate, makes_the_next_version_beside_the_one_in_service) {
    auto wish = some_template();
    wish.digest = "d2";
    const auto facts = in_service();
    EXPECT_EQ(made(facts, wish), std::string("refreshed:") + k_steps);
    const auto plan = plan_template(wish, facts, {});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->target.model.id, facts.model->id);
    EXPECT_EQ(plan->target.model.digest, "d2");
    EXPECT_NE(plan->target.instance.id, facts.instance->id);
    EXPECT_EQ(plan->target.leaving.id, plan->target.instance.id);
    EXPECT_NE(plan->target.role.name, "");
}

TEST(PlanTemplate, does_nothing_where_it_was_made_from_the_same) {
    EXPECT_EQ(made(in_service()), "unchanged:");
    auto anew = some_template();
    anew.anew = true;
    EXPECT_EQ(made(in_service(), anew), std::string("refreshed:") + k_steps);
    auto without_digest = some_template();
    without_digest.digest.clear();
    EXPECT_EQ(made(in_service(), without_digest), std::string("refreshed:") + k_steps);
    auto facts = in_service();
    facts.model->digest.clear();
    EXPECT_EQ(made(facts, without_digest), std::string("refreshed:") + k_steps);
    // What was never finished was made from nothing.
    facts = in_service();
    facts.model->state = TemplateState::building;
    EXPECT_EQ(made(facts), std::string("created:") + k_steps);
}

TEST(PlanTemplate, discards_what_an_earlier_build_left_and_looks_again) {
    const auto facts = half_refreshed();
    for (const auto& plan : {plan_template(some_template(), facts, {}),
                             plan_forget_template({k_project, "data"}, facts)}) {
        EXPECT_EQ(in_words(plan).substr(in_words(plan).find(':')), ": discard again");
        ASSERT_TRUE(plan);
        EXPECT_EQ(plan->target.leaving.id, facts.next->id);
        EXPECT_NE(plan->target.leaving.id, facts.instance->id);
    }
    EXPECT_EQ(in_words(plan_template_undo(facts)), "unchanged: discard again");
    EXPECT_EQ(plan_template_undo(facts).target.leaving.id, facts.next->id);
}

TEST(PlanTemplate, takes_nothing_back_where_nothing_is_half_made) {
    EXPECT_EQ(in_words(plan_template_undo(nothing())), "unchanged:");
    EXPECT_EQ(in_words(plan_template_undo(in_service())), "unchanged:");
}

TEST(PlanTemplate, refreshes_only_what_is_there) {
    auto wish = some_template();
    wish.must_be_there = true;
    EXPECT_EQ(made(nothing(), wish), "not_found");
    auto facts = in_service();
    facts.model->state = TemplateState::building;
    EXPECT_EQ(made(facts, wish), "not_found");
    wish.digest = "d2";
    EXPECT_EQ(made(in_service(), wish), std::string("refreshed:") + k_steps);
}

TEST(PlanTemplate, begins_with_what_another_database_has) {
    auto wish = some_template();
    wish.snapshot = CloneSource{"login", base::Uuid::random(), "shop_login", "shop_role", 5};
    const auto plan = plan_template(wish, nothing(), {});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->target.source.database, "shop_login");
    EXPECT_EQ(plan->target.former_owner, "shop_role");
    EXPECT_EQ(plan->target.instance.database_template, "data");
}

TEST(PlanTemplate, believes_no_registry_that_is_older_than_the_server) {
    auto facts = in_service();
    facts.installation.is_behind = true;
    EXPECT_EQ(made(facts), "conflict");
    EXPECT_EQ(forgotten(facts), "conflict");
    facts = half_refreshed();
    facts.installation.is_behind = true;
    EXPECT_EQ(made(facts), "conflict");
    EXPECT_EQ(forgotten(facts), "conflict");
}

TEST(PlanForgetTemplate, forgets_what_is_there_and_is_content_where_it_is_not) {
    EXPECT_EQ(forgotten(in_service()), "deleted: forget_template");
    EXPECT_EQ(forgotten(nothing()), "absent:");
    auto facts = in_service();
    facts.model->state = TemplateState::building;
    EXPECT_EQ(forgotten(facts), "deleted: forget_template");
}

TEST(PlanForgetTemplate, keeps_what_the_project_is_given_by_default) {
    auto facts = in_service();
    facts.policy =
        Policy::from_rows(k_project, std::vector<PolicyRow>{{"shop", "template", "data"}});
    EXPECT_EQ(forgotten(facts), "conflict");
    facts.policy =
        Policy::from_rows(k_project, std::vector<PolicyRow>{{"shop", "template", "other"}});
    EXPECT_EQ(forgotten(facts), "deleted: forget_template");
}

}  // namespace
