// SPDX-License-Identifier: Apache-2.0
#include "app/lambda/drop_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lambda {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using environment::Answer;
using environment::Execution;
using environment::Outcome;

// What the callers of the former Lambda were promised, as far as nobody decided otherwise: their
// secrets are in AWS under its names, and nothing expires by itself.
Result<void> DropInWork::settle(const environment::Project& project, Deadline deadline) {
    const auto where = administrator_.reference.id + "/" + project.text();
    if (settled_.contains(where)) return {};
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> k_promised{
        {{"secrets", "aws"}, {"secret_pattern", api::k_drop_in_secrets}, {"ttl", "none"}}};
    auto& server = *administrator_.server;
    BASE_TRY_ASSIGN(auto policy, server.policy(project, deadline));
    bool changed = false;
    for (const auto& [key, value] : k_promised) {
        const auto& known = policy.values();
        const auto there = std::ranges::find(known, key, &environment::PolicyValue::key);
        if (there == known.end() || there->origin != "default") continue;
        BASE_TRY(server.set_policy(project.text(), key, value, actor_, deadline));
        changed = true;
    }
    if (changed) {
        BASE_TRY_ASSIGN(policy, server.policy(project, deadline));
    }
    if (policy.secrets() != "aws") {
        return base::fail(ErrorKind::conflict,
                          fmt::format("the policy 'secrets' of project {} is '{}', and the caller "
                                      "expects its secret in AWS",
                                      project.text(), policy.secrets()),
                          "reviewdb config set secrets=aws");
    }
    settled_.insert(where);
    return {};
}

Result<Answer> DropInWork::perform(const api::DropIn& event, Deadline deadline) {
    BASE_TRY(settle(event.project, deadline));
    return event.action == api::DropInAction::create ? create(event, deadline)
                                                     : remove(event, deadline);
}

Result<Answer> DropInWork::create(const api::DropIn& event, Deadline deadline) const {
    return administrator_.manager->create(
        api::drop_in_wish(event, administrator_.login.get("dbname")), Execution::carry_out,
        deadline);
}

// What these callers delete is gone, as they were promised: nothing of it is kept in the trash.
//
// What the former Lambda made is removed by the same rule as it is taken over by: only what proves
// itself.
Result<Answer> DropInWork::remove(const api::DropIn& event, Deadline deadline) const {
    auto& manager = *administrator_.manager;
    environment::Wish wish{event.project, event.stage, {}, "a delete event"};
    wish.purges = true;
    auto answer = manager.remove(wish, Execution::carry_out, deadline);
    if (!answer && deadline.passed()) return answer;
    BASE_TRY_ASSIGN(const auto former,
                    administrator_.server->observe_candidate(event.incumbent, deadline));
    if (former.oid == 0 || (!answer && !former.replaces_ours)) {
        if (answer && former.role_exists) {
            log_.warning("the role {} is there, without its database: reviewdb did not make it",
                         event.incumbent.role);
        }
        return answer;
    }
    auto taken = create(event, deadline);
    if (!taken && answer && answer->outcome != Outcome::absent) {
        log_.warning("what the former Lambda made beside it stays: {}", taken.error().message);
        return answer;
    }
    if (!taken) return taken;
    return manager.remove(wish, Execution::carry_out, deadline);
}

}  // namespace lambda
