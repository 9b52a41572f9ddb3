// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "unit/environment/plan_case.h"

namespace {

using namespace plan_case;  // NOLINT(google-build-using-namespace): the words of its tables

// For good, where `purges`; else into the trash.
std::string deleted(const Facts& facts, bool purges = true) {
    auto wish = some_wish();
    wish.purges = purges;
    return in_words(plan_delete(wish, facts));
}

TEST(PlanDelete, removes_what_there_is_and_no_more) {
    const std::vector<Row> rows{
        {"everything", [](Facts&) {},
         "deleted: record_retirement close_database end_sessions delete_secret bury "
         "drop_database drop_role forget"},
        {"no database", [](Facts& f) { f.database.reset(); },
         "deleted: record_retirement delete_secret bury drop_role forget"},
        {"no role", [](Facts& f) { f.login.reset(); },
         "deleted: record_retirement close_database end_sessions delete_secret bury "
         "drop_database forget"},
        {"no secret", [](Facts& f) { f.environment->secret.clear(); },
         "deleted: record_retirement close_database end_sessions bury drop_database drop_role "
         "forget"},
        {"half dropped", [](Facts& f) { f.database->half_dropped = true; },
         "deleted: record_retirement delete_secret bury drop_database drop_role forget"},
        {"a reset", [](Facts& f) { begin_reset(f, true); },
         "deleted: record_retirement drop_next close_database end_sessions delete_secret bury "
         "drop_database drop_role forget"},
        {"closed", [](Facts& f) { f.environment->state = EnvironmentState::closed; },
         "deleted: record_retirement close_database end_sessions delete_secret bury "
         "drop_database drop_role forget"}};
    for (const auto& row : rows) {
        auto facts = right();
        row.spoil(facts);
        EXPECT_EQ(deleted(facts), row.plan) << row.name;
    }
}

TEST(PlanDelete, keeps_in_the_trash_what_can_be_brought_back) {
    const std::string kept =
        "deleted: record_retirement close_database end_sessions delete_secret trash";
    const std::string dropped =
        "deleted: record_retirement close_database end_sessions delete_secret bury drop_database "
        "drop_role forget";
    EXPECT_EQ(deleted(right(), false), kept);
    const auto plan = *plan_delete(some_wish(), right());
    EXPECT_EQ(plan.target.leaving.keep_until, right().now + std::chrono::days(7));
    EXPECT_TRUE(plan.target.environment.retirement->keeps);
    const std::vector<Row> rows{
        {"a reset", [](Facts& f) { begin_reset(f, true); },
         "deleted: record_retirement drop_next close_database end_sessions delete_secret trash"},
        {"closed", [](Facts& f) { f.environment->state = EnvironmentState::closed; }, kept.c_str()},
        {"no database", [](Facts& f) { f.database.reset(); },
         "deleted: record_retirement delete_secret bury drop_role forget"},
        {"no role", [](Facts& f) { f.login.reset(); },
         "deleted: record_retirement close_database end_sessions delete_secret bury "
         "drop_database forget"},
        {"half dropped", [](Facts& f) { f.database->half_dropped = true; },
         "deleted: record_retirement delete_secret bury drop_database drop_role forget"},
        {"never claimed", [](Facts& f) { f.instance->state = InstanceState::building; },
         dropped.c_str()},
        {"no window",
         [](Facts& f) {
             const std::vector<PolicyRow> none{{"*", "trash_window", "none"}};
             f.policy = Policy::from_rows(k_project, none);
         },
         dropped.c_str()}};
    for (const auto& row : rows) {
        auto facts = right();
        row.spoil(facts);
        EXPECT_EQ(deleted(facts, false), row.plan) << row.name;
    }
}

TEST(PlanDelete, ends_a_removal_as_it_was_begun) {
    for (const bool keeps : {true, false}) {
        auto facts = right();
        facts.environment->state = EnvironmentState::retiring;
        facts.environment->retirement = Retirement{facts.now, 7, "abc", keeps, "merged"};
        const auto plan = *plan_delete(some_wish(), facts);
        const bool kept = in_words(plan).find("trash") != std::string::npos;
        EXPECT_EQ(kept, keeps);
        EXPECT_EQ(plan.target.environment.retirement->reason, "merged");
        EXPECT_EQ(in_words(plan_create(some_create(), facts, FreshIdentities())),
                  in_words(plan) + " again");
    }
}

TEST(PlanDelete, has_nothing_to_do_where_there_is_nothing) {
    EXPECT_EQ(deleted(nothing()), "absent:");
}

TEST(PlanDelete, refuses_before_anything_is_changed) {
    const std::vector<Row> rows{
        {"protected", [](Facts& f) { f.environment->shielded = true; }, "protected"},
        {"behind", [](Facts& f) { f.installation.is_behind = true; }, "conflict"},
        {"another repository", [](Facts& f) { f.environment->origin.repository = "x"; },
         "conflict"},
        // Postgres refuses that one step.
        {"foreign database", [](Facts& f) { f.database->owned_by_manager = false; },
         "deleted: close_database again"},
        {"another database", [](Facts& f) { f.database->oid = 9; }, "conflict"},
        {"another's stamp", [](Facts& f) { f.instance->id = base::Uuid::random(); }, "conflict"},
        {"no stamp", [](Facts& f) { f.database->comment = "x"; }, "conflict"}};
    for (const auto& row : rows) {
        auto facts = right();
        row.spoil(facts);
        EXPECT_EQ(deleted(facts), row.plan) << row.name;
    }
}

TEST(PlanDelete, removes_what_was_never_finished_though_it_is_protected_or_has_no_stamp) {
    auto facts = right();
    facts.environment->state = EnvironmentState::building;
    facts.environment->shielded = true;
    facts.instance->state = InstanceState::building;
    facts.instance->oid.reset();
    facts.instance->database = facts.database->name = building_name(facts.instance->id);
    facts.database->comment.clear();
    EXPECT_EQ(deleted(facts),
              "deleted: record_retirement close_database end_sessions delete_secret bury "
              "drop_database drop_role forget");
}

TEST(PlanBurial, finishes_what_nobody_has_any_more) {
    auto facts = right();
    facts.environment.reset();
    facts.instance->state = InstanceState::dropping;
    EXPECT_EQ(in_words(plan_burial(facts)),
              "deleted: close_database end_sessions bury drop_database drop_role forget");
    facts.instance->state = InstanceState::gone;
    facts.database.reset();
    EXPECT_EQ(in_words(plan_burial(facts)), "deleted: drop_role forget");
}

TEST(PlanBurial, leaves_alone_what_the_registry_may_be_wrong_about) {
    auto facts = right();
    facts.environment.reset();
    facts.instance->state = InstanceState::dropping;
    facts.installation.is_behind = true;
    EXPECT_EQ(in_words(plan_burial(facts)), "unchanged:");
    // Nobody ever had it, says the registry; and yet it has somebody's name.
    facts.installation.is_behind = false;
    for (const auto& recorded :
         {building_name(facts.instance->id), frozen_name(facts.instance->id)}) {
        facts.instance->database = recorded;
        facts.database->name = "shop_login";
        EXPECT_EQ(in_words(plan_burial(facts)), "unchanged:");
        for (const auto& name : {building_name(facts.instance->id), frozen_name(facts.instance->id),
                                 dropping_name(facts.instance->id)}) {
            facts.database->name = name;
            EXPECT_NE(in_words(plan_burial(facts)), "unchanged:") << name;
        }
    }
    // What had a name of its own is known by its oid, whatever it is called.
    facts.instance->database = "shop_login";
    facts.database->name = "renamed_by_hand";
    EXPECT_NE(in_words(plan_burial(facts)), "unchanged:");
}

}  // namespace
