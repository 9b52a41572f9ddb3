// SPDX-License-Identifier: Apache-2.0
//
// Reset: another instance is built beside the one that serves, for the same role; then they change
// places in one transaction. Until then everything can be taken back.
#include "environment/planning.h"

namespace environment {

namespace {

using base::Result;
using planning::add;

// Builds the next instance where it is not built yet, and changes the places.
Plan exchange(const Wish& wish, const Facts& facts, const FreshIdentities& fresh) {
    Plan plan;
    plan.outcome = Outcome::reset;
    plan.target = planning::target_of(facts);
    auto& target = plan.target;
    target.leaving.keep_until = facts.now + facts.policy.trash_window();
    target.final_database = target.leaving.database;
    if (facts.next) {
        target.instance = *facts.next;
        if (facts.next_database) target.instance.database = facts.next_database->name;
    } else {
        target.instance = InstanceRecord{};
        target.instance.id = fresh.instance;
        target.instance.database = building_name(fresh.instance);
        target.instance.database_template = "empty";
    }
    add(plan, StepKind::record_reset, "whoever comes after a crash goes on");
    if (!facts.next_database) {
        add(plan, StepKind::create_database, "fresh data comes in a database of its own");
    }
    add(plan, StepKind::secure_database, "it is closed to everybody but its role");
    add(plan, StepKind::hand_over_schema, "its role owns the schema public");
    if (facts.tried.password_refused) {
        add(plan, StepKind::set_password, "the server refused its password");
    }
    add(plan, StepKind::prove_login, "it takes over only when it has been seen to log in");
    add(plan, StepKind::close_database, "nobody new gets into the old one");
    add(plan, StepKind::end_sessions, "nobody stays in the old one");
    add(plan, StepKind::swap, wish.reason.empty() ? "asked for by the caller" : wish.reason);
    return plan;
}

}  // namespace

Result<Plan> plan_reset(const Wish& wish, const Facts& facts, const FreshIdentities& fresh) {
    BASE_TRY(planning::check_present(wish, facts));
    BASE_TRY(planning::check_not_shielded(wish, facts));
    BASE_TRY(planning::check_not_closed(facts));
    // A `next` of an earlier reset is gone on with, so it is no damage here; a closed door of the
    // old one is on the way to be closed anyway, unless something else has to be mended behind it.
    auto without_reset = facts;
    without_reset.next.reset();
    without_reset.next_database.reset();
    auto open = without_reset;
    if (facts.next && open.database) open.database->accepts_connections = true;
    BASE_TRY_ASSIGN(const auto damage,
                    planning::plan_mending(wish, planning::Closed::refuse, open, fresh));
    // Mending a lost database gave it fresh data already.
    const bool anew = facts.instance && facts.instance->id == fresh.instance;
    const bool spoilt =
        facts.next_database ? facts.next_database->half_dropped : facts.next && facts.next->oid;
    if (!anew && !spoilt && !planning::changes(damage)) return exchange(wish, facts, fresh);
    BASE_TRY_ASSIGN(auto mending,
                    planning::plan_mending(wish, planning::Closed::refuse,
                                           anew || spoilt ? facts : without_reset, fresh));
    if (anew) mending.outcome = Outcome::reset;
    mending.again = !anew;
    return mending;
}

}  // namespace environment
