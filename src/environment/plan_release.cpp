// SPDX-License-Identifier: Apache-2.0
//
// Release: an environment is handed over as it is, and is none of ours any more.
#include <fmt/format.h>

#include "environment/planning.h"

namespace environment {

namespace {

using base::ErrorKind;
using base::Result;

Result<void> check_whole(const Wish& wish, const Facts& facts) {
    const auto& name = wish.name.text();
    if (facts.environment->state == EnvironmentState::building) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("the environment '{}' was never finished, so there is "
                                      "nothing to hand over",
                                      name),
                          "'reviewdb create' finishes it, 'reviewdb delete' removes it");
    }
    if (facts.database && !facts.database->half_dropped) return {};
    return base::fail(ErrorKind::conflict,
                      fmt::format("the environment '{}' has no database to hand over", name),
                      "'reviewdb repair' makes an empty one, 'reviewdb delete' removes the rest");
}

// What stays behind, so that whoever takes it over knows of it.
void tell_what_stays(const Facts& facts, Plan& plan) {
    const auto& role = plan.target.role.name;
    plan.remarks.push_back(fmt::format(
        "its role {} owns the database {} from now on and can do everything with it; a superuser, "
        "or the role itself from another database, can drop it",
        role, plan.target.instance.database));
    auto limits = fmt::format("{} connections", plan.target.connection_limit);
    for (const auto& setting : plan.target.database_settings) limits += ", " + setting;
    plan.remarks.push_back(
        fmt::format("it keeps its limits: {}; ALTER ROLE … CONNECTION LIMIT -1 lifts the first, "
                    "ALTER DATABASE … RESET ALL the others",
                    limits));
    plan.remarks.push_back(facts.secret
                               ? fmt::format("its secret {} stays as it is, and is changed by "
                                             "reviewdb no more",
                                             plan.target.environment.secret)
                               : "its password is kept nowhere, and can be asked for no more: "
                                 "whoever lacks it sets another with ALTER ROLE … PASSWORD");
}

}  // namespace

Result<Plan> plan_release(const Wish& wish, const Facts& facts, const FreshIdentities& fresh) {
    BASE_TRY(planning::check_present(wish, facts));
    BASE_TRY(planning::check_not_shielded(wish, facts));
    BASE_TRY(planning::check_not_closed(facts));
    BASE_TRY(check_whole(wish, facts));
    BASE_TRY_ASSIGN(auto plan,
                    planning::plan_mending(wish, planning::Closed::refuse, facts, fresh));
    plan.outcome = Outcome::released;
    // What is handed over works.
    if (planning::changes(plan)) {
        plan.again = true;
        plan.remarks.emplace_back("then it is handed over");
        return plan;
    }
    BASE_TRY(planning::check_stamp(facts, wish.name));
    std::erase_if(plan.steps, [](const Step& step) { return step.kind == StepKind::renew; });
    planning::add(plan, StepKind::release,
                  wish.reason.empty() ? "asked for by the caller" : wish.reason);
    plan.target.environment.state = EnvironmentState::gone;
    plan.target.environment.expires_at.reset();
    tell_what_stays(facts, plan);
    return plan;
}

}  // namespace environment
