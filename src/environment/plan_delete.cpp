// SPDX-License-Identifier: Apache-2.0
//
// Delete, and the ends of what was given up or let go of.
#include "environment/planning.h"

namespace environment {

namespace {

using base::Result;

// Everything between the decision and nothing being left.
Plan removal(const Facts& facts, const std::string& why) {
    Plan plan;
    plan.outcome = Outcome::deleted;
    plan.target = planning::target_of(facts);
    const auto add = [&](StepKind kind, std::string reason) {
        planning::add(plan, kind, std::move(reason));
    };
    if (facts.environment) {
        add(StepKind::record_retirement, "whoever comes after a crash goes on");
    }
    if (facts.next) add(StepKind::drop_next, "what an unfinished reset built goes with it");
    if (facts.database && !facts.database->half_dropped) {
        add(StepKind::close_database, "nobody new gets in");
        add(StepKind::end_sessions, "nobody stays in");
    }
    if (facts.environment && !facts.environment->secret.empty()) {
        add(StepKind::delete_secret, "its password is of no use any more");
    }
    if (facts.environment || (facts.instance && facts.instance->state != InstanceState::gone)) {
        add(StepKind::bury, why.empty() ? "its name is free again" : why);
    }
    if (facts.database) {
        add(StepKind::drop_database, facts.database->half_dropped
                                         ? "an interrupted DROP has to be finished"
                                         : "nothing of it stays");
    }
    if (facts.login && facts.role) add(StepKind::drop_role, "nothing of it stays");
    add(StepKind::forget, "the registry agrees with the server");
    return plan;
}

// The registry names a database that the manager does not own: somebody edited a row. Postgres has
// the last word on that, before anything is recorded.
Plan refusal(const Facts& facts) {
    Plan plan;
    plan.outcome = Outcome::deleted;
    plan.target = planning::target_of(facts);
    planning::add(plan, StepKind::close_database,
                  "the registry names a database of " + facts.database->owner);
    plan.again = true;
    return plan;
}

// To the registry nobody ever had it, and the server has it under a name that somebody gave it
// since.
bool is_claimed_unawares(const Facts& facts) {
    if (!facts.instance || !facts.database) return false;
    const auto& id = facts.instance->id;
    const auto is_ours = [&](const std::string& name) {
        return name == building_name(id) || name == frozen_name(id);
    };
    const auto& name = facts.database->name;
    return is_ours(facts.instance->database) && !is_ours(name) && name != dropping_name(id);
}

}  // namespace

Result<Plan> plan_delete(const Wish& wish, const Facts& facts) {
    if (!facts.environment) {
        Plan plan;
        plan.outcome = Outcome::absent;
        return plan;
    }
    BASE_TRY(planning::check_repository(wish.repository, facts, wish.project));
    BASE_TRY(planning::check_age(facts));
    if (facts.environment->state != EnvironmentState::building) {
        BASE_TRY(planning::check_not_shielded(wish, facts));
    }
    if (facts.database && !facts.database->owned_by_manager) return refusal(facts);
    BASE_TRY(planning::check_stamp(facts, wish.name));
    return removal(facts, wish.reason);
}

Plan plan_abandon(const Facts& facts, const std::string& reason) {
    auto plan = removal(facts, reason);
    plan.outcome = Outcome::absent;
    return plan;
}

Plan plan_burial(const Facts& facts) {
    // A claim is not counted, so a registry from before it does not show that it is behind.
    if (facts.installation.is_behind || is_claimed_unawares(facts)) return {};
    return removal(facts, {});
}

}  // namespace environment
