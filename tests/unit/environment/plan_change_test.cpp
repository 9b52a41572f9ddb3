// SPDX-License-Identifier: Apache-2.0
//
// Reset, rotate, close, open, extend and protect.
#include <gtest/gtest.h>

#include <vector>

#include "unit/environment/plan_case.h"

namespace {

using namespace plan_case;  // NOLINT(google-build-using-namespace): the words of its tables

std::string reset(const Facts& facts) {
    return in_words(plan_reset(some_wish(), facts, FreshIdentities{}));
}
std::string rotated(const Facts& facts) {
    return in_words(plan_rotate(some_wish(), Sessions::end, 1, facts, FreshIdentities{}));
}
std::string closed(const Facts& facts) { return in_words(plan_close(some_wish(), facts)); }
std::string opened(const Facts& facts) {
    return in_words(plan_open(some_wish(), facts, FreshIdentities{}));
}
std::string extended(const Facts& facts) {
    return in_words(plan_extend(some_wish(), std::nullopt, facts));
}
std::string shielded(const Facts& facts) {
    return in_words(plan_protect(some_wish(), Protection::on, facts));
}

constexpr const char* k_exchange =
    "reset: record_reset create_database secure_database hand_over prove_login "
    "close_database end_sessions swap";
constexpr const char* k_going_on =
    "reset: record_reset secure_database hand_over prove_login close_database "
    "end_sessions swap";

void check(const std::vector<Row>& rows, std::string (*plan)(const Facts&)) {
    for (const auto& row : rows) {
        auto facts = right();
        row.spoil(facts);
        EXPECT_EQ(plan(facts), row.plan) << row.name;
    }
}

TEST(PlanChange, every_verb_refuses_what_is_not_there_or_not_the_callers) {
    for (auto* plan : {&reset, &rotated, &closed, &opened, &extended, &shielded}) {
        EXPECT_EQ(plan(nothing()), "not_found");
        check({{"behind", [](Facts& f) { f.installation.is_behind = true; }, "conflict"},
               {"repository", [](Facts& f) { f.environment->origin.repository = "x"; }, "conflict"},
               {"going", [](Facts& f) { f.environment->state = EnvironmentState::retiring; },
                "conflict"}},
              plan);
    }
}

TEST(PlanChange, no_verb_that_touches_a_database_touches_another_one) {
    for (auto* plan : {&reset, &rotated, &closed, &opened, &shielded}) {
        check({{"foreign", [](Facts& f) { f.database->owned_by_manager = false; }, "conflict"},
               {"another", [](Facts& f) { f.database->oid = 9; }, "conflict"},
               {"stamp", [](Facts& f) { f.instance->id = base::Uuid::random(); }, "conflict"}},
              plan);
    }
}

TEST(PlanReset, builds_beside_and_exchanges) {
    check({{"right", [](Facts&) {}, k_exchange},
           {"begun", [](Facts& f) { begin_reset(f, false); }, k_exchange},
           {"built", [](Facts& f) { begin_reset(f, true); }, k_going_on},
           {"built, and the old one closed",
            [](Facts& f) {
                begin_reset(f, true);
                f.database->accepts_connections = false;
            },
            k_going_on}},
          reset);
}

TEST(PlanReset, mends_first_and_looks_again) {
    check({{"role", [](Facts& f) { f.login->can_login = false; },
            "repaired: record_intent repair_role prove_login mark_ready again"},
           // Behind the closed door nobody could be seen to log in.
           {"role behind a closed door",
            [](Facts& f) {
                begin_reset(f, true);
                f.database->accepts_connections = false;
                f.login->can_login = false;
            },
            "repaired: record_intent repair_role secure_database prove_login mark_ready again"},
           {"next half dropped",
            [](Facts& f) {
                begin_reset(f, true);
                f.next_database->half_dropped = true;
            },
            "repaired: record_intent drop_next prove_login mark_ready again"},
           {"next was there and is gone",
            [](Facts& f) {
                begin_reset(f, false);
                f.next->oid = 3;
            },
            "repaired: record_intent drop_next prove_login mark_ready again"}},
          reset);
}

TEST(PlanReset, leaves_nothing_beside_data_that_are_fresh_already) {
    auto facts = right();
    FreshIdentities fresh;
    fresh.instance = facts.instance->id;
    EXPECT_EQ(in_words(plan_reset(some_wish(), facts, fresh)), "reset: prove_login");
    begin_reset(facts, true);
    EXPECT_EQ(in_words(plan_reset(some_wish(), facts, fresh)),
              "reset: record_intent drop_next prove_login mark_ready");
}

TEST(PlanReset, refuses_the_protected_and_the_closed) {
    check(
        {{"protected", [](Facts& f) { f.environment->shielded = true; }, "protected"},
         {"closed", [](Facts& f) { f.environment->state = EnvironmentState::closed; }, "conflict"}},
        reset);
}

TEST(PlanRotate, makes_the_next_version_of_what_is_right) {
    check(
        {{"right", [](Facts&) {},
          "rotated: rotate_password prove_login write_secret mark_ready end_sessions"},
         {"without a store", [](Facts& f) { f.secret.reset(); },
          "rotated: rotate_password prove_login end_sessions"},
         {"role", [](Facts& f) { f.login->can_login = false; },
          "repaired: record_intent repair_role prove_login mark_ready again"},
         {"closed", [](Facts& f) { f.environment->state = EnvironmentState::closed; }, "conflict"}},
        rotated);
}

TEST(PlanRotate, rotates_once_however_often_it_looks) {
    auto facts = right();
    facts.role->password_version = 2;
    facts.environment->state = EnvironmentState::publishing;
    EXPECT_EQ(rotated(facts).substr(0, 9), "rotated: ");
    EXPECT_EQ(rotated(facts).find("rotate_password"), std::string::npos);
}

TEST(PlanClose, shuts_what_is_ready) {
    check({{"right", [](Facts&) {}, "closed: record_closure close_database end_sessions"},
           {"no database", [](Facts& f) { f.database.reset(); }, "closed: record_closure"},
           {"half dropped", [](Facts& f) { f.database->half_dropped = true; },
            "closed: record_closure"},
           {"no stamp", [](Facts& f) { f.database->comment = "x"; }, "conflict"},
           {"building", [](Facts& f) { f.environment->state = EnvironmentState::building; },
            "conflict"}},
          closed);
}

TEST(PlanClose, finishes_a_close_and_leaves_a_finished_one_alone) {
    const auto shut = [](void (*more)(Facts&)) {
        auto facts = right();
        facts.environment->state = EnvironmentState::closed;
        facts.database->accepts_connections = false;
        more(facts);
        return closed(facts);
    };
    EXPECT_EQ(shut([](Facts&) {}), "unchanged:");
    EXPECT_EQ(shut([](Facts& f) { f.database.reset(); }), "unchanged:");
    EXPECT_EQ(shut([](Facts& f) { f.database->half_dropped = true; }), "unchanged:");
    constexpr const char* k_again = "closed: record_closure close_database end_sessions";
    EXPECT_EQ(shut([](Facts& f) { f.database->accepts_connections = true; }), k_again);
    // Who may create databases may copy a template, however closed it is.
    EXPECT_EQ(shut([](Facts& f) { f.database->is_template = true; }), k_again);
}

TEST(PlanOpen, mends_and_lets_people_in) {
    check({{"closed",
            [](Facts& f) {
                f.environment->state = EnvironmentState::closed;
                f.database->accepts_connections = false;
            },
            "opened: record_intent secure_database prove_login write_secret mark_ready"},
           {"open", [](Facts&) {}, "unchanged: prove_login"}},
          opened);
}

TEST(PlanExtend, gives_another_expiry_whatever_else_is_wrong) {
    check({{"right", [](Facts&) {}, "extended: renew"},
           {"no database", [](Facts& f) { f.database.reset(); }, "extended: renew"},
           {"closed", [](Facts& f) { f.environment->state = EnvironmentState::closed; },
            "extended: renew"}},
          extended);
    const auto facts = right();
    const auto plan = plan_extend(some_wish(), std::chrono::hours(2), facts);
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->target.environment.expires_at, facts.now + std::chrono::hours(2));
}

TEST(PlanProtect, marks_what_is_not_marked) {
    check({{"right", [](Facts&) {}, "protected: mark_protection"},
           {"is so", [](Facts& f) { f.environment->shielded = true; }, "unchanged:"},
           {"no database", [](Facts& f) { f.database.reset(); }, "protected: mark_protection"},
           {"closed", [](Facts& f) { f.environment->state = EnvironmentState::closed; },
            "protected: mark_protection"}},
          shielded);
    auto facts = right();
    facts.environment->shielded = true;
    EXPECT_EQ(in_words(plan_protect(some_wish(), Protection::off, facts)),
              "unprotected: mark_protection");
}

}  // namespace
