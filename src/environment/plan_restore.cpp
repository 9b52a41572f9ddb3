// SPDX-License-Identifier: Apache-2.0
//
// Restore: what an environment let go of becomes an environment's again, with its role and so with
// its password. Where the name has an environment that still has that role, the two instances
// change places.
#include <fmt/format.h>

#include "environment/planning.h"

namespace environment {

namespace {

using base::ErrorKind;
using base::Result;
using planning::add;

Result<void> check_trashed(const Wish& wish, const Facts& facts) {
    if (!facts.trashed) {
        return base::fail(
            ErrorKind::not_found,
            fmt::format("there is nothing in the trash of project {} that could be restored{}",
                        wish.project.text(),
                        facts.environment
                            ? fmt::format(", and '{}' is there as it is", wish.name.text())
                            : ""),
            "'reviewdb trash list' shows what is kept; 'reviewdb history NAME' what became of it");
    }
    if (facts.trashed->is_there) return {};
    return base::fail(ErrorKind::not_found,
                      fmt::format("the database {} is in the trash by the registry, and gone from "
                                  "the server: somebody dropped it by hand",
                                  facts.trashed->instance.database));
}

// What the trash has, as the target of a plan.
Target target_from_trash(const Facts& facts) {
    auto target = planning::target_of(facts);
    target.instance = facts.trashed->instance;
    target.role = facts.trashed->role;
    return target;
}

// The former data of an environment that lives on with the same role.
Result<Plan> exchange(const Wish& wish, const Facts& facts) {
    BASE_TRY(planning::check_not_shielded(wish, facts));
    BASE_TRY(planning::check_not_closed(facts));
    BASE_TRY(planning::check_stamp(facts, wish.name));
    if (!facts.database || facts.next) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("the environment '{}' is not whole", wish.name.text()),
                          "make it right first: reviewdb repair NAME");
    }
    Plan plan;
    plan.target = target_from_trash(facts);
    plan.target.final_database = plan.target.leaving.database;
    plan.target.leaving.keep_until = facts.now + facts.policy.trash_window();
    add(plan, StepKind::close_database, "nobody new gets into what it has now");
    add(plan, StepKind::end_sessions, "nobody stays in what it has now");
    add(plan, StepKind::swap,
        wish.reason.empty() ? "asked for by the caller; what it had goes to the trash"
                            : wish.reason);
    return plan;
}

// An environment of its own. Its terms are those that it had, its time begins anew.
Result<Plan> tie(const Wish& wish, const Facts& facts, const FreshIdentities& fresh) {
    const auto& trashed = *facts.trashed;
    if (!trashed.serves.empty()) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("the role of {} serves the environment '{}'",
                                      trashed.instance.database, trashed.serves),
                          fmt::format("bring the old data back there, and what it has now goes to "
                                      "the trash: reviewdb restore {}",
                                      trashed.serves));
    }
    Plan plan;
    plan.target = target_from_trash(facts);
    auto& record = plan.target.environment;
    if (trashed.former) record = *trashed.former;
    record.id = fresh.environment;
    record.project = wish.project.text();
    record.name = wish.name.text();
    record.state = EnvironmentState::publishing;
    record.epoch = 0;
    record.instance = plan.target.instance.id;
    record.role = plan.target.role.id;
    record.closed_because.clear();
    record.retirement.reset();
    if (!trashed.former) record.created_at = facts.now;
    const CreateWish nothing_new{wish.project, wish.name, {}, {}, std::nullopt};
    planning::take_terms(nothing_new, facts, record);
    const bool renamed = !trashed.former || trashed.former->name != record.name;
    if (renamed || !facts.secret) record.secret.clear();
    if (facts.secret && record.secret.empty()) {
        record.secret = planning::secret_name(nothing_new, facts);
    }
    const auto own =
        facts.policy.database_pattern().apply(wish.project, wish.name, k_longest_catalog_name);
    if (trashed.instance.database == own) {
        plan.target.final_database = own;
    } else {
        BASE_TRY_ASSIGN(
            plan.target.final_database,
            planning::choose_final_name(wish.project, wish.name, facts, trashed.instance.id));
    }
    add(plan, StepKind::restore, wish.reason.empty() ? "asked for by the caller" : wish.reason);
    return plan;
}

}  // namespace

Result<Plan> plan_restore(const Wish& wish, const Facts& facts, const FreshIdentities& fresh) {
    BASE_TRY(planning::check_repository(wish.repository, facts, wish.project));
    BASE_TRY(planning::check_age(facts));
    if (facts.environment && facts.environment->state == EnvironmentState::retiring) {
        BASE_TRY(planning::check_stamp(facts, wish.name));
        return plan_finish_removal(facts);
    }
    BASE_TRY(check_trashed(wish, facts));
    BASE_TRY(planning::check_owner(wish.repository, facts.trashed->former, wish.project));
    if (facts.secret && facts.secret->exists &&
        facts.secret->holder == SecretHolder::somebody_else) {
        return base::fail(ErrorKind::conflict,
                          "the secret store has a secret of that name already, which is neither "
                          "this environment's nor a placeholder",
                          "remove it, or restore under another name: --as NAME");
    }
    const bool its_own =
        facts.environment && facts.role && facts.trashed->role.id == facts.role->id;
    if (facts.environment && !its_own) {
        return base::fail(
            ErrorKind::conflict,
            fmt::format("there is an environment '{}' already", wish.name.text()),
            "restore under another name, and with the password that it had: --as NAME");
    }
    BASE_TRY_ASSIGN(auto plan, its_own ? exchange(wish, facts) : tie(wish, facts, fresh));
    plan.outcome = Outcome::restored;
    plan.again = true;
    return plan;
}

}  // namespace environment
