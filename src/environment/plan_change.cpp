// SPDX-License-Identifier: Apache-2.0
//
// What changes an environment and leaves it its data: rotate, close, extend, protect.
#include "environment/planning.h"

namespace environment {

namespace {

using base::Result;
using planning::add;

Result<Plan> begin(const Wish& wish, const Facts& facts, Outcome outcome) {
    BASE_TRY(planning::check_present(wish, facts));
    Plan plan;
    plan.target = planning::target_of(facts);
    plan.outcome = outcome;
    return plan;
}

std::string or_asked(const std::string& reason) {
    return reason.empty() ? "asked for by the caller" : reason;
}

}  // namespace

Result<Plan> plan_rotate(const Wish& wish, Sessions sessions, std::optional<int> from,
                         const Facts& facts, const FreshIdentities& fresh) {
    BASE_TRY_ASSIGN(auto plan,
                    planning::plan_mending(wish, planning::Closed::refuse, facts, fresh));
    if (from && facts.role && facts.role->password_version > *from) {
        plan.outcome = Outcome::rotated;
        return plan;
    }
    if (planning::changes(plan)) {
        plan.again = true;
        return plan;
    }
    plan.outcome = Outcome::rotated;
    plan.steps.clear();
    auto& role = plan.target.role;
    ++role.password_version;
    role.source = PasswordSource::derived;
    role.key_number = facts.installation.current_key;
    plan.target.environment.state =
        facts.secret ? EnvironmentState::publishing : EnvironmentState::ready;
    add(plan, StepKind::rotate_password, or_asked(wish.reason));
    add(plan, StepKind::prove_login, "the new password is the one that logs in");
    if (facts.secret) {
        add(plan, StepKind::write_secret, "applications read its secret");
        add(plan, StepKind::mark_ready, "everything is in place");
    }
    if (sessions == Sessions::end) {
        add(plan, StepKind::end_sessions, "who came in with the old password has to come again");
    }
    return plan;
}

Result<Plan> plan_close(const Wish& wish, const Facts& facts) {
    BASE_TRY_ASSIGN(auto plan, begin(wish, facts, Outcome::closed));
    auto& record = plan.target.environment;
    const bool recorded = record.state == EnvironmentState::closed;
    if (record.state != EnvironmentState::ready && !recorded) {
        return base::fail(base::ErrorKind::conflict,
                          "the environment '" + record.name + "' is not ready, so nobody is in it",
                          "'reviewdb create' finishes it, 'reviewdb delete' removes it");
    }
    // Whoever may create databases may copy a template, closed or not.
    const bool open = facts.database && !facts.database->half_dropped &&
                      (facts.database->accepts_connections || facts.database->is_template);
    if (recorded && !open) {
        plan.outcome = Outcome::unchanged;
        return plan;
    }
    BASE_TRY(planning::check_stamp(facts, wish.name));
    record.state = EnvironmentState::closed;
    if (!recorded) record.closed_because = wish.reason;
    add(plan, StepKind::record_closure, or_asked(wish.reason));
    if (facts.database && !facts.database->half_dropped) {
        add(plan, StepKind::close_database, "nobody new gets in");
        add(plan, StepKind::end_sessions, "nobody stays in");
    }
    return plan;
}

Result<Plan> plan_extend(const Wish& wish, std::optional<std::chrono::seconds> ttl,
                         const Facts& facts) {
    BASE_TRY_ASSIGN(auto plan, begin(wish, facts, Outcome::extended));
    const auto time = ttl ? ttl : facts.policy.ttl();
    plan.target.environment.expires_at = time ? std::optional(facts.now + *time) : std::nullopt;
    add(plan, StepKind::renew, "another expiry");
    return plan;
}

Result<Plan> plan_protect(const Wish& wish, Protection protection, const Facts& facts) {
    const bool on = protection == Protection::on;
    BASE_TRY_ASSIGN(auto plan,
                    begin(wish, facts, on ? Outcome::protected_now : Outcome::unprotected));
    if (facts.environment->shielded == on) {
        plan.outcome = Outcome::unchanged;
        return plan;
    }
    BASE_TRY(planning::check_database(facts, wish.name));
    plan.target.environment.shielded = on;
    add(plan, StepKind::mark_protection, or_asked(wish.reason));
    return plan;
}

}  // namespace environment
