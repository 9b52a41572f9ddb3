// SPDX-License-Identifier: Apache-2.0
//
// What the manager makes before anybody asks: templates, and the pool.
#include <fmt/format.h>

#include <chrono>

#include "base/interrupt.h"
#include "environment/manager.h"
#include "environment/operation.h"
#include "environment/planning.h"

namespace environment {

using base::Deadline;
using base::ErrorKind;
using base::Result;

namespace {

// How long clearing up behind a template or the pool may take, beside what it is asked for.
constexpr std::chrono::seconds k_to_clear_up(10);
// Somebody else builds what is lacking: look again when that may be done.
constexpr std::chrono::milliseconds k_pause(50);
// What was lost or held and not refused, until one is told.
constexpr int k_most_in_vain = 12;

}  // namespace

Result<Answer> Manager::make_template(const TemplateWish& wish, const Filler& filler,
                                      Execution execution, Deadline deadline) {
    Operation operation(server_, surroundings_, log_, [&](Deadline end) {
        return server_.observe_template(wish.subject, Purpose::work, end);
    });
    return fill_template(operation, wish, filler, execution, deadline);
}

Result<Answer> Manager::fill_template(Operation& operation, const TemplateWish& wish,
                                      const Filler& filler, Execution execution,
                                      Deadline deadline) {
    operation.fill_with(filler);
    // Each look plans with new identities: what a lost attempt made is discarded, never gone on
    // with.
    const Planner planner = [&](const Facts& facts) {
        return plan_template(wish, facts, FreshIdentities());
    };
    const Planner undo = [](const Facts& facts) -> Result<Plan> {
        return plan_template_undo(facts);
    };
    auto answer = operation.run(planner, undo, execution, deadline);
    if (answer) server_.release(deadline);
    if (execution == Execution::carry_out) {
        finish_leftovers(k_to_clear_up, deadline.extended_by(k_to_clear_up));
    }
    return answer;
}

// With its size as it is now, by which the way of cloning is chosen.
Result<CloneSource> Manager::snapshot_of(const Subject& origin, const Facts& facts,
                                         Deadline deadline) {
    if (!facts.environment || !facts.instance || !facts.database || !facts.role) {
        return base::fail(ErrorKind::not_found,
                          fmt::format("there is no environment '{}' in project {}",
                                      origin.name.text(), origin.project.text()),
                          "'reviewdb list' shows what there is");
    }
    BASE_TRY(planning::check_repository(origin.repository, facts, origin.project));
    ListFilter filter;
    filter.project = origin.project;
    filter.name = origin.name;
    filter.with_sizes = true;
    BASE_TRY_ASSIGN(const auto listed, server_.list(filter, deadline));
    CloneSource source{{}, facts.instance->id, facts.database->name, facts.role->name, 0};
    for (const auto& one : listed) source.size_bytes = one.size_bytes.value_or(0);
    return source;
}

Result<Answer> Manager::make_template_from(const Subject& origin, TemplateWish wish,
                                           const Filler& filler, Manager& beside,
                                           Execution execution, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto facts, server_.observe(origin, Purpose::read, deadline));
    BASE_TRY_ASSIGN(wish.snapshot, snapshot_of(origin, facts, deadline));
    wish.snapshot->name = wish.subject.name;
    const Wish asked{origin.project,
                     origin.name,
                     {},
                     fmt::format("the template {} is made from it", wish.subject.name),
                     {}};
    Operation operation(server_, surroundings_, log_, [&](Deadline end) {
        return server_.observe_template(wish.subject, Purpose::work, end);
    });
    // What a call like this one shut that died is opened all the same.
    const bool stays_closed = facts.environment->state == EnvironmentState::closed &&
                              facts.environment->closed_because != asked.reason;
    if (stays_closed) return fill_template(operation, wish, filler, execution, deadline);
    bool shut = false;  // by this call, and not open again
    const auto close_it = [&](Deadline end) -> Result<void> {
        const auto closed = beside.close(asked, execution, end);
        // What is refused is refused before anything is changed.
        const bool refused = !closed && (closed.error().kind == ErrorKind::conflict ||
                                         closed.error().kind == ErrorKind::not_found);
        shut = !closed ? !refused
                       : closed->description &&
                             closed->description->environment.closed_because == asked.reason;
        if (!closed) return base::fail(closed.error());
        return {};
    };
    const auto open_it = [&](Deadline end) -> Result<void> {
        if (!shut) return {};
        BASE_TRY(beside.open(asked, execution, end));
        shut = false;
        return {};
    };
    operation.clone_between(close_it, open_it);
    auto made = fill_template(operation, wish, filler, execution, deadline);
    if (shut) base::finish_in_spite_of_interrupt();
    const auto opened = open_it(deadline.extended_by(k_to_clear_up));
    if (made && !opened) return base::fail(opened.error());
    return made;
}

Result<Answer> Manager::forget_template(const TemplateSubject& subject, Execution execution,
                                        Deadline deadline) {
    Operation operation(server_, surroundings_, log_, [&](Deadline end) {
        return server_.observe_template(subject, Purpose::work, end);
    });
    BASE_TRY_ASSIGN(
        auto answer,
        operation.run([&](const Facts& facts) { return plan_forget_template(subject, facts); }, {},
                      execution, deadline));
    server_.release(deadline);
    if (execution == Execution::carry_out) finish_leftovers(k_to_clear_up, deadline);
    return answer;
}

Result<TemplateDescription> Manager::get_template(const TemplateSubject& subject,
                                                  Deadline deadline) {
    BASE_TRY_ASSIGN(auto all, server_.templates(subject.project, deadline));
    for (auto& one : all) {
        if (one.record.name == subject.name) return std::move(one);
    }
    return base::fail(ErrorKind::not_found,
                      fmt::format("there is no template '{}' in project {}", subject.name,
                                  subject.project.text()),
                      "'reviewdb template list' shows those that there are");
}

// True when it was built, false when somebody else was quicker or builds enough already.
Result<bool> Manager::build_warm(const Project& project, const PoolAction& action,
                                 const PoolFacts& facts, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto plan,
                    plan_warm(project, action.source, facts.common, FreshIdentities()));
    Operation operation(server_, surroundings_, log_);
    auto record = plan;
    record.steps.erase(record.steps.begin() + 1, record.steps.end());
    auto rest = plan;
    rest.steps.erase(rest.steps.begin());
    auto recorded = operation.carry_out(record, facts.common, deadline);
    if (!recorded && recorded.error().kind == ErrorKind::overloaded) return false;
    BASE_TRY(std::move(recorded));
    auto built = operation.carry_out(rest, facts.common, deadline);
    if (built) return true;
    auto error = std::move(built).error();
    // What is half made is found by whoever fills the pool next; better now.
    const PooledInstance half_made{plan.target.instance, plan.target.role, true, true};
    const auto taken_back = retire(half_made, facts.common, "it could not be built", deadline);
    if (!taken_back) log_.debug("{} stays for now", half_made.instance.database);
    return base::fail(std::move(error));
}

Result<bool> Manager::retire(const PooledInstance& pooled, const Facts& facts,
                             const std::string& why, Deadline deadline) {
    Operation operation(server_, surroundings_, log_);
    BASE_TRY(operation.carry_out(plan_retirement(pooled, facts, why), facts, deadline));
    return true;
}

Result<PoolReport> Manager::fill_pool(const Project& project, int most, Deadline deadline) {
    PoolReport report;
    const auto wait = surroundings_.pause ? surroundings_.pause : base::pause;
    int in_vain = 0;
    while (report.built < most) {
        if (base::interrupted()) return base::fail(ErrorKind::deadline, "interrupted");
        BASE_TRY_ASSIGN(const auto facts, server_.observe_pool(project, deadline));
        const auto action = next_action(facts);
        using Kind = PoolAction::Kind;
        if (action.kind == Kind::rest) break;
        if (action.kind == Kind::hold) {
            report.held = action.reason;
            break;
        }
        const bool retires = action.kind == Kind::retire;
        auto done = retires ? retire(action.instance, facts.common, action.reason, deadline)
                            : build_warm(project, action, facts, deadline);
        server_.release(deadline);
        const bool passes = !done && worth_another_look(done.error()) && ++in_vain < k_most_in_vain;
        if (!done && !passes) {
            finish_leftovers(k_to_clear_up, deadline.extended_by(k_to_clear_up));
            return base::fail(std::move(done).error());
        }
        if (passes) log_.debug("looking again: {}", done.error().message);
        if (passes || !*done) {
            wait(k_pause);
            continue;
        }
        in_vain = 0;
        ++(retires ? report.retired : report.built);
    }
    if (report.retired > 0) finish_leftovers(deadline.remaining(), deadline);
    return report;
}

Result<PoolReport> Manager::drain_pool(const Project& project, const std::string& database_template,
                                       Deadline deadline) {
    BASE_TRY_ASSIGN(const auto facts, server_.observe_pool(project, deadline));
    for (const auto& target : facts.targets) {
        const bool meant =
            database_template.empty() || target.database_template == database_template;
        if (!meant) continue;
        BASE_TRY(
            server_.set_pool(project, target.database_template, 0, surroundings_.actor, deadline));
    }
    return fill_pool(project, 1000000, deadline);
}

}  // namespace environment
