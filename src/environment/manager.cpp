// SPDX-License-Identifier: Apache-2.0
#include "environment/manager.h"

#include <fmt/format.h>

#include <chrono>

#include "environment/lateness.h"
#include "environment/operation.h"
#include "environment/planning.h"
#include "environment/standing.h"
#include "environment/texts.h"

namespace environment {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

// How long an operation goes on beginning to finish what earlier ones could not, and how long one
// of these may take. Who let go of something clears up behind it; who makes something lends a hand;
// the others have no time for it.
constexpr int k_most_leftovers = 50;
constexpr std::chrono::seconds k_time_for_one(5);
std::chrono::milliseconds time_for_leftovers(Outcome outcome) {
    switch (outcome) {
        case Outcome::deleted:
        case Outcome::absent:
        case Outcome::reset:
            return std::chrono::seconds(2);
        case Outcome::created:
        case Outcome::adopted:
        case Outcome::repaired:
        case Outcome::unchanged:
        case Outcome::refreshed:
            return std::chrono::milliseconds(300);
        default:
            return {};
    }
}

Subject subject_of(const Wish& wish) {
    return {wish.project, wish.name, wish.wanted_template, false};
}

}  // namespace

Description describe(const Target& target, const Policy& policy) {
    Description description;
    description.environment = target.environment;
    description.database = target.final_database;
    description.role = target.role.name;
    description.database_template = target.instance.database_template;
    description.host = policy.host();
    description.port = policy.port();
    description.sslmode = policy.sslmode();
    return description;
}

Description describe(const Facts& facts) {
    Target target;
    if (facts.environment) target.environment = *facts.environment;
    if (facts.instance) target.instance = *facts.instance;
    if (facts.role) target.role = *facts.role;
    target.final_database = target.instance.database;
    return describe(target, facts.policy);
}

Manager::Manager(Server& server, Surroundings surroundings, base::Log& log)
    : server_(server), surroundings_(std::move(surroundings)), log_(log) {}

Result<Answer> Manager::operate(const Subject& subject, const Planner& planner, const Planner& undo,
                                Execution execution, Deadline deadline) {
    Operation operation(server_, surroundings_, log_, subject);
    return conclude(operation, operation.run(planner, undo, execution, deadline), execution,
                    deadline);
}

// After a success: the lock goes back, and a little of what others left behind is finished.
Result<Answer> Manager::conclude(const Operation& operation, Result<Answer> answer,
                                 Execution execution, Deadline deadline) {
    if (!answer) return answer;
    server_.release(deadline);
    const bool left = operation.has_leftovers() || answer->outcome == Outcome::deleted ||
                      answer->outcome == Outcome::reset;
    const auto budget = time_for_leftovers(answer->outcome);
    if (execution != Execution::carry_out || budget.count() == 0) return answer;
    if (operation.has_expired()) remove_expired(operation.project(), budget, deadline);
    if (left) finish_leftovers(budget, deadline);
    return answer;
}

Result<Answer> Manager::create(const CreateWish& wish, Execution execution, Deadline deadline) {
    BASE_TRY(planning::check_texts(wish));
    const FreshIdentities fresh;
    // An adverse end takes back what was not there before.
    const Planner undo = [](const Facts& facts) -> Result<Plan> {
        const bool unfinished =
            facts.environment && facts.environment->state == EnvironmentState::building &&
            (!facts.instance || facts.instance->state == InstanceState::building);
        return unfinished ? plan_abandon(facts, "it could not be made") : Plan{};
    };
    const Subject subject{
        wish.project, wish.name, wish.wanted_template,
        planning::has_evidence(wish.event_at, wish.origin.pull_request, wish.origin.commit)};
    Operation operation(server_, surroundings_, log_, subject, Purpose::claim);
    operation.expect(wish.secret, wish.adoption ? std::optional(wish.adoption->candidate)
                                                : std::optional<Candidate>());
    const auto planner = [&](const Facts& facts) { return plan_create(wish, facts, fresh); };
    return conclude(operation, operation.run(planner, undo, execution, deadline), execution,
                    deadline);
}

Result<Answer> Manager::remove(const Wish& wish, Execution execution, Deadline deadline) {
    BASE_TRY(planning::check_texts(wish));
    std::optional<base::Uuid> doomed;
    const Planner planner = [&](const Facts& facts) -> Result<Plan> {
        const auto& there = facts.environment;
        // Another one of that name is somebody's who came later, while we were stopped or cut off.
        if (there && doomed && *doomed != there->id) {
            Plan nothing;
            nothing.outcome = Outcome::deleted;
            return nothing;
        }
        if (there) doomed = there->id;
        return plan_delete(wish, facts);
    };
    return operate(subject_of(wish), planner, {}, execution, deadline);
}

Result<Answer> Manager::repair(const Wish& wish, Execution execution, Deadline deadline) {
    const FreshIdentities fresh;
    return operate(
        subject_of(wish), [&](const Facts& facts) { return plan_repair(wish, facts, fresh); }, {},
        execution, deadline);
}

Result<Answer> Manager::reset(const Wish& wish, Execution execution, Deadline deadline) {
    const FreshIdentities fresh;
    const FreshIdentities spare;
    // The old data go back into service.
    const Planner undo = [&](const Facts& facts) { return plan_repair(wish, facts, spare); };
    return operate(
        subject_of(wish), [&](const Facts& facts) { return plan_reset(wish, facts, fresh); }, undo,
        execution, deadline);
}

Result<Answer> Manager::rotate(const Wish& wish, Sessions sessions, Execution execution,
                               Deadline deadline) {
    const FreshIdentities fresh;
    std::optional<int> from;
    const Planner planner = [&](const Facts& facts) {
        if (!from && facts.role) from = facts.role->password_version;
        return plan_rotate(wish, sessions, from, facts, fresh);
    };
    return operate(subject_of(wish), planner, {}, execution, deadline);
}

Result<Answer> Manager::close(const Wish& wish, Execution execution, Deadline deadline) {
    return operate(
        subject_of(wish), [&](const Facts& facts) { return plan_close(wish, facts); }, {},
        execution, deadline);
}

Result<Answer> Manager::open(const Wish& wish, Execution execution, Deadline deadline) {
    const FreshIdentities fresh;
    return operate(
        subject_of(wish), [&](const Facts& facts) { return plan_open(wish, facts, fresh); }, {},
        execution, deadline);
}

Result<Answer> Manager::extend(const Wish& wish, std::optional<std::chrono::seconds> ttl,
                               Execution execution, Deadline deadline) {
    return operate(
        subject_of(wish), [&](const Facts& facts) { return plan_extend(wish, ttl, facts); }, {},
        execution, deadline);
}

Result<Answer> Manager::protect(const Wish& wish, Protection protection, Execution execution,
                                Deadline deadline) {
    return operate(
        subject_of(wish), [&](const Facts& facts) { return plan_protect(wish, protection, facts); },
        {}, execution, deadline);
}

// A little of what earlier operations could not finish; never a failure.
void Manager::finish_leftovers(std::chrono::milliseconds budget, Deadline deadline) {
    const auto begin_until = deadline.at_most(budget);
    const auto found = server_.leftovers(k_most_leftovers, deadline.at_most(k_time_for_one));
    if (!found) return;
    for (const auto& leftover : *found) {
        if (begin_until.passed()) return;
        const auto its_end = deadline.at_most(k_time_for_one);
        const auto facts = server_.observe_leftover(leftover, its_end);
        if (facts && *facts) {
            Operation operation(server_, surroundings_, log_);
            const auto done = operation.carry_out(plan_burial(**facts), **facts, its_end);
            if (!done) log_.debug("{} stays for now: {}", leftover.database, done.error().message);
        }
        server_.release(its_end);
    }
}

Result<Answer> Manager::examine_one(const Subject& subject, Facts facts, bool by_login,
                                    Deadline deadline) const {
    BASE_TRY_ASSIGN(const auto store, surroundings_.make_secret_store(facts.policy));
    std::optional<base::Secret> value;
    if (store) {
        BASE_TRY_ASSIGN(value,
                        observe_secret(*store, subject, {}, surroundings_.keys, facts, deadline));
    }
    const Wish wish{subject.project, subject.name};
    if (facts.environment->state == EnvironmentState::closed) {
        return Answer{Outcome::unchanged, describe(facts), {}, {}, false};
    }
    BASE_TRY_ASSIGN(auto plan, plan_repair(wish, facts, FreshIdentities()));
    if (by_login && plan.outcome == Outcome::unchanged) {
        BASE_TRY_ASSIGN(facts.tried, try_login(plan.target, facts, value, deadline));
        BASE_TRY_ASSIGN(plan, plan_repair(wish, facts, FreshIdentities()));
    }
    return Answer{plan.outcome, describe(facts), std::move(plan.steps), {}, false};
}

// What only a login shows.
Result<Tried> Manager::try_login(const Target& target, const Facts& facts,
                                 const std::optional<base::Secret>& value,
                                 Deadline deadline) const {
    Credentials credentials;
    BASE_TRY_ASSIGN(credentials.password,
                    password_of(target.role, facts.installation, surroundings_.keys, value));
    BASE_TRY_ASSIGN(const auto proof, server_.prove_login(target, credentials, deadline));
    Tried tried;
    tried.password_refused = !proof.password_accepted;
    tried.schema_not_its_own = !proof.owns_schema;
    return tried;
}

Result<std::vector<Report>> Manager::examine(const Project& project, Deadline deadline) {
    BASE_TRY_ASSIGN(auto all, server_.observe_all(project, deadline));
    std::vector<Report> reports;
    reports.reserve(all.size());
    const bool by_login = all.size() <= k_most_logins;
    for (auto& facts : all) {
        auto name = Name::parse(facts.environment->name);
        if (!name) continue;
        const Subject subject{project, *std::move(name)};
        auto answer = examine_one(subject, std::move(facts), by_login, deadline);
        reports.push_back({subject, std::move(answer)});
    }
    return reports;
}

Result<std::vector<Subject>> Manager::subjects(const Project& project, Deadline deadline) {
    ListFilter filter;
    filter.project = project;
    BASE_TRY_ASSIGN(const auto listed, server_.list(filter, deadline));
    std::vector<Subject> subjects;
    for (const auto& one : listed) {
        const auto state = one.environment.state;
        auto name = Name::parse(one.environment.name);
        const bool counts =
            state != EnvironmentState::closed && state != EnvironmentState::retiring;
        if (name && counts) subjects.push_back({project, *std::move(name)});
    }
    return subjects;
}

Result<Facts> Manager::recall(const Subject& subject, Deadline deadline) {
    BASE_TRY_ASSIGN(auto facts, server_.observe(subject, Purpose::recall, deadline));
    if (facts.installation.doubt) {
        BASE_TRY_ASSIGN(facts.installation.doubt, server_.prove(facts.policy, deadline));
    }
    return facts;
}

Result<void> Manager::check_original(const Project& project, const std::string& what,
                                     Deadline deadline) {
    BASE_TRY_ASSIGN(const auto all, server_.observe_pool(project, deadline));
    if (!all.common.installation.doubt) return {};
    BASE_TRY_ASSIGN(const auto doubt, server_.prove(all.common.policy, deadline));
    return doubt ? base::fail(doubtful(what, *doubt)) : Result<void>();
}

Result<Description> Manager::get(const Subject& subject, Deadline deadline, Way way) {
    BASE_TRY_ASSIGN(const auto facts, recall(subject, deadline));
    BASE_TRY(check_texts(facts));
    BASE_TRY(facts.policy.agree_with(surroundings_.policy_claims));
    BASE_TRY(planning::check_registered(facts));
    if (!facts.environment) {
        return base::fail(ErrorKind::not_found,
                          fmt::format("there is no environment '{}' in project {}",
                                      subject.name.text(), subject.project.text()),
                          "make it with: reviewdb create NAME");
    }
    BASE_TRY(planning::check_repository(subject.repository, facts, subject.project));
    auto description = describe(facts);
    description.doubt = facts.installation.doubt;
    if (!facts.role || facts.environment->state != EnvironmentState::ready) return description;
    if (description.doubt && way == Way::advertised) return description;
    std::optional<base::Secret> value;
    if (facts.role->source == PasswordSource::external) {
        BASE_TRY_ASSIGN(const auto store, surroundings_.make_secret_store(facts.policy));
        if (store) {
            BASE_TRY_ASSIGN(value, store->read(facts.environment->secret, deadline));
        }
    }
    BASE_TRY_ASSIGN(description.password,
                    password_of(*facts.role, facts.installation, surroundings_.keys, value));
    return description;
}

Result<std::vector<Description>> Manager::list(const ListFilter& filter, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto listed, server_.list(filter, deadline));
    const auto project = filter.project ? *filter.project : *Project::parse("review");
    BASE_TRY_ASSIGN(const auto policy, server_.policy(project, deadline));
    std::vector<Description> descriptions;
    for (const auto& one : listed) {
        Description description;
        description.environment = one.environment;
        description.database = one.database;
        description.role = one.role;
        description.database_template = one.database_template;
        description.host = policy.host();
        description.port = policy.port();
        description.sslmode = policy.sslmode();
        description.size_bytes = one.size_bytes;
        descriptions.push_back(std::move(description));
    }
    return descriptions;
}

}  // namespace environment
