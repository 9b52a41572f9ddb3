// SPDX-License-Identifier: Apache-2.0
//
// Reset: another instance is built beside the one that serves, for the same role; then they change
// places in one transaction. Until then everything can be taken back.
#include "environment/planning.h"

namespace environment {

namespace {

using base::Result;
using planning::add;

// One that was built ahead spares the building. Looks for it once: others take them too.
bool may_take_warm(const Facts& facts) {
    return !facts.next && facts.warm_there && !facts.tried.took_from_pool;
}

// Builds the next instance where it is not built yet, and changes the places.
Result<Plan> exchange(const Wish& wish, const Facts& facts, const FreshIdentities& fresh) {
    Plan plan;
    plan.outcome = Outcome::reset;
    plan.target = planning::target_of(facts);
    if (may_take_warm(facts)) {
        BASE_TRY(
            planning::plan_new_instance(plan.target, facts, fresh.instance, wish.wanted_template));
        add(plan, StepKind::take_warm, "one was built ahead");
        plan.again = true;
        return plan;
    }
    auto& target = plan.target;
    target.leaving.keep_until = facts.now + facts.policy.trash_window();
    target.final_database = target.leaving.database;
    if (facts.next && facts.next_database) {
        target.instance = *facts.next;
        target.instance.database = facts.next_database->name;
        target.former_owner = facts.next->former_owner;
    } else {
        BASE_TRY(planning::plan_new_instance(
            target, facts, facts.next ? facts.next->id : fresh.instance, wish.wanted_template));
    }
    if (facts.next_role) {
        target.former_role = *facts.next_role;
        target.former_owner = facts.next_role->name;
        plan.warm = true;
    }
    add(plan, StepKind::record_reset, "whoever comes after a crash goes on");
    if (!facts.next_database) {
        add(plan, StepKind::create_database,
            planning::why_cloned(facts, "fresh data comes in a database of its own"));
    }
    add(plan, StepKind::secure_database, "it is closed to everybody but its role");
    add(plan, StepKind::hand_over, "its role owns everything in it");
    if (facts.next_role) {
        add(plan, StepKind::dismiss_owner, "the role that it was built with is of no use any more");
    }
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
