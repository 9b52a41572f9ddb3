// SPDX-License-Identifier: Apache-2.0
//
// Delete, and the ends of what was given up or let go of.
#include <fmt/format.h>

#include "environment/lateness.h"
#include "environment/planning.h"

namespace environment {

namespace {

using base::Result;

using planning::add;

// Nobody gets in any more, and its secret is gone.
Plan cutting_off(const Facts& facts) {
    Plan plan;
    plan.outcome = Outcome::deleted;
    plan.target = planning::target_of(facts);
    if (facts.environment) {
        add(plan, StepKind::record_retirement, "whoever comes after a crash goes on");
    }
    if (facts.next) add(plan, StepKind::drop_next, "what an unfinished reset built goes with it");
    if (facts.database && !facts.database->half_dropped) {
        add(plan, StepKind::close_database, "nobody new gets in");
        add(plan, StepKind::end_sessions, "nobody stays in");
    }
    if (facts.environment && !facts.environment->secret.empty()) {
        add(plan, StepKind::delete_secret, "its password is of no use any more");
    }
    return plan;
}

// Everything between the decision and nothing being left.
Plan removal(const Facts& facts, const std::string& why) {
    auto plan = cutting_off(facts);
    const auto add = [&](StepKind kind, std::string reason) {
        planning::add(plan, kind, std::move(reason));
    };
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

// Whether there is anything in it that could be brought back.
bool can_be_kept(const Facts& facts) {
    return facts.policy.trash_window().count() > 0 && facts.role && facts.login && facts.instance &&
           facts.instance->state == InstanceState::serving && facts.database &&
           !facts.database->half_dropped;
}

// As a retirement says that was decided, now or by whoever began it.
Plan retire(const Facts& facts, Retirement retirement) {
    retirement.keeps = retirement.keeps && can_be_kept(facts);
    auto plan = retirement.keeps ? cutting_off(facts) : removal(facts, retirement.reason);
    if (retirement.keeps) {
        plan.target.leaving.keep_until = facts.now + facts.policy.trash_window();
        add(plan, StepKind::trash,
            retirement.reason.empty() ? "its name is free again" : retirement.reason);
    }
    plan.target.environment.retirement = std::move(retirement);
    return plan;
}

Retirement retirement_of(const Wish& wish, const Facts& facts) {
    const auto& environment = *facts.environment;
    if (environment.retirement && environment.state == EnvironmentState::retiring) {
        auto begun = *environment.retirement;
        begun.keeps = begun.keeps && !wish.purges;
        if (wish.event_at && *wish.event_at > begun.event_at) {
            begun.event_at = *wish.event_at;
            begun.pull_request = wish.pull_request ? wish.pull_request : begun.pull_request;
            begun.commit = wish.commit.empty() ? begun.commit : wish.commit;
        }
        return begun;
    }
    return {wish.event_at.value_or(facts.now),
            wish.pull_request ? wish.pull_request : environment.origin.pull_request,
            wish.commit.empty() ? environment.origin.commit : wish.commit,
            !wish.purges,
            wish.reason,
            wish.told_as};
}

// The create that it is about may still be on its way: then that one comes late.
Plan absence(const Wish& wish, const Facts& facts) {
    Plan plan;
    plan.outcome = Outcome::absent;
    if (!planning::has_evidence(wish.event_at, wish.pull_request, wish.commit)) return plan;
    auto& record = plan.target.environment;
    record.project = wish.project.text();
    record.name = wish.name.text();
    record.retirement = Retirement{wish.event_at.value_or(facts.now),
                                   wish.pull_request,
                                   wish.commit,
                                   false,
                                   wish.reason,
                                   wish.told_as};
    add(plan, StepKind::record_absence, "a create for an earlier event comes late");
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
    BASE_TRY(planning::check_registered(facts));
    if (!facts.environment) return absence(wish, facts);
    BASE_TRY(planning::check_repository(wish.repository, facts, wish.project));
    BASE_TRY(planning::check_age(facts));
    if (facts.environment->state != EnvironmentState::building) {
        BASE_TRY(planning::check_not_shielded(wish, facts));
    }
    BASE_TRY(planning::check_not_overtaken(wish, facts));
    if (facts.database && !facts.database->owned_by_manager) return refusal(facts);
    BASE_TRY(planning::check_stamp(facts, wish.name));
    return retire(facts, retirement_of(wish, facts));
}

Plan plan_finish_removal(const Facts& facts) {
    auto begun = facts.environment->retirement.value_or(
        Retirement{facts.now, {}, {}, false, "a removal was not finished", "deleted"});
    auto plan = retire(facts, std::move(begun));
    plan.again = true;
    return plan;
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
