// SPDX-License-Identifier: Apache-2.0
//
// What goes to the trash and comes out of it, and which create comes too late.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "unit/environment/plan_case.h"

namespace {

using namespace plan_case;  // NOLINT(google-build-using-namespace): the words of its tables
using std::chrono::seconds;
using testing::HasSubstr;

Facts trashed() {
    auto facts = nothing();
    const auto former = right();
    Trashed one;
    one.instance = *former.instance;
    one.instance.state = InstanceState::trashed;
    one.instance.database = dropping_name(one.instance.id);
    one.role = *former.role;
    one.former = former.environment;
    one.former->state = EnvironmentState::gone;
    one.former->retirement = Retirement{facts.now, {}, {}, true, "because"};
    one.is_there = true;
    facts.trashed = one;
    return facts;
}

std::string restored(const Facts& facts) {
    return in_words(plan_restore(some_wish(), facts, FreshIdentities()));
}

TEST(PlanRestore, ties_what_is_in_the_trash_to_an_environment_of_its_name) {
    const auto facts = trashed();
    const auto plan = *plan_restore(some_wish(), facts, FreshIdentities());
    EXPECT_EQ(in_words(plan), "restored: restore again");
    EXPECT_EQ(plan.target.final_database, "shop_login");
    EXPECT_EQ(plan.target.role.id, facts.trashed->role.id);
    EXPECT_EQ(plan.target.environment.state, EnvironmentState::publishing);
    EXPECT_EQ(plan.target.environment.secret, "shop_login");
    EXPECT_FALSE(plan.target.environment.retirement);
    EXPECT_GT(plan.target.environment.expires_at, facts.now);
}

TEST(PlanRestore, gives_it_another_database_name_beside_one_that_is_going) {
    auto facts = trashed();
    facts.final_name = NameHolder::dropping_instance;
    const auto plan = *plan_restore(some_wish(), facts, FreshIdentities());
    EXPECT_NE(plan.target.final_database, "shop_login");
    // It could not be renamed when it went: then it has the name itself.
    facts.trashed->instance.database = "shop_login";
    EXPECT_EQ(plan_restore(some_wish(), facts, FreshIdentities())->target.final_database,
              "shop_login");
}

TEST(PlanRestore, lets_the_former_data_of_a_living_one_change_places) {
    auto facts = right();
    facts.trashed = trashed().trashed;
    facts.trashed->role = *facts.role;
    EXPECT_EQ(restored(facts), "restored: close_database end_sessions swap again");
    facts.environment->shielded = true;
    EXPECT_EQ(restored(facts), "protected");
}

TEST(PlanRestore, refuses_with_a_way_out) {
    const std::vector<Row> rows{
        {"nothing there", [](Facts& f) { f.trashed.reset(); }, "not_found"},
        {"dropped by hand", [](Facts& f) { f.trashed->is_there = false; }, "not_found"},
        {"its role serves another", [](Facts& f) { f.trashed->serves = "other"; }, "conflict"},
        {"behind", [](Facts& f) { f.installation.is_behind = true; }, "conflict"},
        {"a foreign database", [](Facts& f) { f.final_name = NameHolder::somebody_else; },
         "conflict"},
        {"a foreign secret",
         [](Facts& f) {
             f.secret = SecretFacts{true, SecretHolder::somebody_else, false, false};
         },
         "conflict"},
        {"the name is taken",
         [](Facts& f) {
             const auto there = right();
             f.environment = there.environment;
             f.role = there.role;
         },
         "conflict"}};
    for (const auto& row : rows) {
        auto facts = trashed();
        row.spoil(facts);
        const auto plan = plan_restore(some_wish(), facts, FreshIdentities());
        EXPECT_EQ(in_words(plan), row.plan) << row.name;
    }
}

TEST(PlanRestore, ends_a_removal_that_was_begun_first) {
    auto facts = right();
    facts.environment->state = EnvironmentState::retiring;
    facts.environment->retirement = Retirement{facts.now, {}, {}, true, "because"};
    EXPECT_EQ(restored(facts),
              "deleted: record_retirement close_database end_sessions delete_secret trash again");
}

// --- what comes too late

const Time k_closed(seconds(1'800'000'000));

Facts with_tombstone() {
    auto facts = nothing();
    facts.tombstone = Retirement{k_closed, 7, "abc", true, "closed"};
    return facts;
}

struct Evidence {
    const char* name;
    std::optional<Time> event_at;
    std::optional<int> pull_request;
    std::string commit;
    bool late;
};

TEST(PlanCreate, is_late_only_with_proof) {
    const std::vector<Evidence> cases{
        {"none", {}, {}, {}, false},
        {"an earlier event", k_closed - seconds(1), {}, {}, true},
        {"the same moment", k_closed, {}, {}, true},
        {"a later event", k_closed + seconds(1), {}, {}, false},
        {"the commit that was closed", {}, 7, "abc", true},
        {"another commit", {}, 7, "def", false},
        {"another pull request", {}, 8, "abc", false},
        {"a commit alone", {}, {}, "abc", false},
        {"a pull request alone", {}, 7, {}, false},
        {"opened again with the same commit", k_closed + seconds(1), 7, "abc", false},
        {"an earlier event with another commit", k_closed - seconds(1), 7, "def", true}};
    for (const auto& one : cases) {
        auto wish = some_create();
        wish.event_at = one.event_at;
        wish.origin.pull_request = one.pull_request;
        wish.origin.commit = one.commit;
        const auto plan = plan_create(wish, with_tombstone(), FreshIdentities());
        EXPECT_EQ(!plan && plan.error().kind == base::ErrorKind::late, one.late) << one.name;
        if (one.late) {
            EXPECT_THAT(plan.error().hint, HasSubstr("--force"));
        }
        wish.forced = true;
        const auto forced = plan_create(wish, with_tombstone(), FreshIdentities());
        ASSERT_TRUE(forced) << one.name;
        const auto told = summary(forced->steps);
        EXPECT_EQ(told.find("forced") != std::string::npos, one.late) << one.name << told;
        // Where there is an environment, nothing is made again.
        auto there = right();
        there.tombstone = with_tombstone().tombstone;
        wish.forced = false;
        EXPECT_TRUE(plan_create(wish, there, FreshIdentities())) << one.name;
    }
}

TEST(PlanDelete, is_late_for_an_event_before_the_one_it_was_created_for) {
    auto facts = right();
    facts.environment->event_at = k_closed;
    for (const auto& [shift, late] : {std::pair(-1, true), {0, false}, {1, false}}) {
        auto wish = some_wish();
        wish.event_at = k_closed + seconds(shift);
        const auto plan = plan_delete(wish, facts);
        EXPECT_EQ(in_words(plan).starts_with("late"), late) << shift;
        wish.forced = true;
        EXPECT_TRUE(plan_delete(wish, facts)) << shift;
    }
    EXPECT_TRUE(plan_delete(some_wish(), facts));
}

TEST(PlanDelete, removes_what_was_seen_and_not_what_came_after) {
    const auto facts = right();
    auto wish = some_wish();
    wish.seen = facts.environment;
    EXPECT_TRUE(plan_delete(wish, facts));
    const std::vector<Row> rows{
        {"created again", [](Facts& f) { f.environment->last_create_at += seconds(1); }, "late"},
        {"extended", [](Facts& f) { f.environment->expires_at = f.now + seconds(9); }, "late"},
        {"another one", [](Facts& f) { f.environment->id = base::Uuid::random(); }, "late"},
        {"closed", [](Facts& f) { f.environment->state = EnvironmentState::closed; }, "late"},
        {"its own removal", [](Facts& f) { f.environment->state = EnvironmentState::retiring; },
         "deleted: record_retirement close_database end_sessions delete_secret trash"}};
    for (const auto& row : rows) {
        auto changed = facts;
        row.spoil(changed);
        EXPECT_EQ(in_words(plan_delete(wish, changed)), row.plan) << row.name;
    }
}

}  // namespace
