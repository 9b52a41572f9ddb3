// SPDX-License-Identifier: Apache-2.0
//
// The manager's work with the trash: bringing back, looking in, and emptying.
#include "environment/manager.h"
#include "environment/operation.h"

namespace environment {

using base::Deadline;
using base::Result;

Result<Answer> Manager::restore(const Wish& wish, const TrashFilter& from, Execution execution,
                                Deadline deadline) {
    const FreshIdentities fresh;
    const Subject subject{wish.project, wish.name};
    Operation operation(server_, surroundings_, log_, subject);
    operation.look_in_trash(from);
    // Once it is out of the trash, what is left to do is a repair.
    std::optional<base::Uuid> chosen;
    const Planner planner = [&](const Facts& facts) -> Result<Plan> {
        const bool publishing =
            facts.environment && facts.environment->state == EnvironmentState::publishing;
        const bool is_out = facts.environment && facts.instance && chosen == facts.instance->id;
        if (is_out || (publishing && !facts.trashed)) {
            BASE_TRY_ASSIGN(auto plan, plan_repair(wish, facts, fresh));
            plan.outcome = Outcome::restored;
            return plan;
        }
        auto plan = plan_restore(wish, facts, fresh);
        if (plan && facts.trashed) chosen = facts.trashed->instance.id;
        return plan;
    };
    return conclude(operation, operation.run(planner, {}, execution, deadline), execution,
                    deadline);
}

Result<std::vector<Trashed>> Manager::trash(const TrashFilter& filter, Deadline deadline) {
    return server_.trash(filter, deadline);
}

Result<std::vector<Trashed>> Manager::empty_trash(const TrashFilter& filter,
                                                  const std::string& reason, Execution execution,
                                                  Deadline deadline) {
    BASE_TRY_ASSIGN(auto found, server_.trash(filter, deadline));
    if (execution == Execution::dry_run || found.empty()) return found;
    std::vector<base::Uuid> instances;
    instances.reserve(found.size());
    for (const auto& one : found) instances.push_back(one.instance.id);
    BASE_TRY(server_.give_up_trash(instances, reason, surroundings_.actor, deadline));
    finish_leftovers(deadline.remaining(), deadline);
    return found;
}

}  // namespace environment
