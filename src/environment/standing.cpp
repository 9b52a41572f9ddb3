// SPDX-License-Identifier: Apache-2.0
#include "environment/standing.h"

#include <fmt/format.h>

#include <algorithm>

namespace environment {

namespace {

constexpr std::string_view k_why = "this server is not proven to be the original";

bool does_something(const Step& step) {
    return step.kind != StepKind::record_intent && step.kind != StepKind::prove_login;
}

bool is_there_and_its_own(const Facts& facts) {
    return facts.secret && facts.secret->exists &&
           facts.secret->holder == SecretHolder::this_environment;
}

// Its secret is found by a sweep once the server is proven: it says whose it is.
void leave_secret(Plan& plan, const Facts& facts) {
    const auto removed = std::erase_if(
        plan.steps, [](const Step& step) { return step.kind == StepKind::delete_secret; });
    if (removed == 0 || !is_there_and_its_own(facts)) return;
    plan.remarks.push_back(
        fmt::format("the secret '{}' was not removed", plan.target.environment.secret));
}

}  // namespace

Doubt unexamined_doubt() {
    return {"it was restarted, restored or copied since that was proved last",
            "run 'reviewdb doctor' to see what is known of it"};
}

base::Error doubtful(const std::string& what, const Doubt& doubt) {
    return {base::ErrorKind::conflict,
            fmt::format("{}: {}: {}", what, k_why, doubt.why),
            doubt.hint,
            {}};
}

std::string remark_of(const Doubt& doubt) {
    return fmt::format(
        "{}: {}; until it is, no secret is written or removed and no URL printed; {}", k_why,
        doubt.why, doubt.hint);
}

base::Result<Plan> confined(Plan plan, const Facts& facts) {
    if (!facts.installation.doubt) return plan;
    const auto& doubt = *facts.installation.doubt;
    const auto& record = plan.target.environment;
    if (plan.outcome == Outcome::released) {
        return base::fail(
            doubtful(fmt::format("the environment '{}' was not handed over", record.name), doubt));
    }
    leave_secret(plan, facts);
    plan.remarks.push_back(remark_of(doubt));
    const auto write = std::ranges::find(plan.steps, StepKind::write_secret, &Step::kind);
    if (write == plan.steps.end()) return plan;
    auto error = doubtful(fmt::format("the secret '{}' of the environment '{}' was not written",
                                      record.secret, record.name),
                          doubt);
    const bool changes_password = std::ranges::any_of(
        plan.steps, [](const Step& step) { return step.kind == StepKind::rotate_password; });
    if (changes_password || std::none_of(plan.steps.begin(), write, does_something)) {
        return base::fail(std::move(error));
    }
    plan.steps.erase(write, plan.steps.end());
    plan.ends_in = std::move(error);
    return plan;
}

}  // namespace environment
