// SPDX-License-Identifier: Apache-2.0
//
// What is pending, rotation by a store, and letting go of an environment that lives on.
#include <fmt/format.h>

#include <chrono>

#include "environment/manager.h"
#include "environment/operation.h"
#include "environment/secret_value.h"
#include "environment/standing.h"

namespace environment {

using base::Deadline;
using base::ErrorKind;
using base::Result;

Result<Answer> Manager::rotate_from(int version, const Wish& wish, Deadline deadline) {
    const FreshIdentities fresh;
    return operate(
        {wish.project, wish.name},
        [&](const Facts& facts) {
            return plan_rotate(wish, Sessions::leave, version, facts, fresh);
        },
        {}, Execution::carry_out, deadline);
}

Result<Answer> Manager::release(const Wish& wish, Execution execution, Deadline deadline) {
    const FreshIdentities fresh;
    std::optional<Plan> begun;
    return operate(
        {wish.project, wish.name},
        [&](const Facts& facts) -> Result<Plan> {
            // It happened, and the answer was lost.
            const bool ours_no_more = begun && !facts.environment &&
                                      facts.final_name == NameHolder::somebody_else &&
                                      facts.final_name_owner == begun->target.role.name;
            if (ours_no_more) {
                begun->steps.clear();
                return *begun;
            }
            auto plan = plan_release(wish, facts, fresh);
            if (plan && !plan->again) begun = *plan;
            return plan;
        },
        {}, execution, deadline);
}

Result<Succession> Manager::succession(const Subject& subject, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto facts, recall(subject, deadline));
    if (facts.installation.doubt) {
        return base::fail(
            doubtful(fmt::format("the password of '{}' was not rotated", subject.name.text()),
                     *facts.installation.doubt));
    }
    if (!facts.environment || !facts.role || !facts.instance) {
        return base::fail(ErrorKind::not_found, "there is no environment '" + subject.name.text() +
                                                    "' whose password could be rotated");
    }
    BASE_TRY_ASSIGN(const auto store, surroundings_.make_secret_store(facts.policy));
    std::optional<base::Secret> former;
    if (store) {
        BASE_TRY_ASSIGN(former, store->read(facts.environment->secret, deadline));
    }
    Succession values;
    values.version = facts.role->password_version;
    auto login = connection_facts(describe(facts));
    BASE_TRY_ASSIGN(login.password,
                    password_of(*facts.role, facts.installation, surroundings_.keys, former));
    values.current = make_secret_value(login, facts.environment->id, former);
    auto role = *facts.role;
    role.source = PasswordSource::derived;
    role.key_number = facts.installation.current_key;
    ++role.password_version;
    BASE_TRY_ASSIGN(login.password,
                    password_of(role, facts.installation, surroundings_.keys, former));
    values.next = make_secret_value(login, facts.environment->id, former);
    return values;
}

Result<std::vector<Report>> Manager::finish_pending(Deadline deadline) {
    // Long for one of them, and short beside somebody else who works on it.
    constexpr std::chrono::seconds k_for_one(10);
    std::vector<Report> reports;
    for (const auto state : {EnvironmentState::retiring, EnvironmentState::publishing}) {
        ListFilter filter;
        filter.state = state;
        BASE_TRY_ASSIGN(const auto pending, server_.list(filter, deadline));
        for (const auto& one : pending) {
            auto project = Project::parse(one.environment.project);
            auto name = Name::parse(one.environment.name);
            if (!project || !name || deadline.passed()) continue;
            const Wish wish{*project, *name, {}, "an earlier call did not finish it"};
            const auto end = deadline.at_most(k_for_one);
            // Its secret would stay behind, or be missing, so it waits.
            if (auto original = check_original(*project, "it was left as it is", end); !original) {
                reports.push_back({{*project, *name}, base::fail(std::move(original).error())});
                continue;
            }
            reports.push_back({{*project, *name},
                               state == EnvironmentState::retiring
                                   ? remove(wish, Execution::carry_out, end)
                                   : repair(wish, Execution::carry_out, end)});
        }
    }
    finish_leftovers(deadline.remaining(), deadline);
    return reports;
}

}  // namespace environment
