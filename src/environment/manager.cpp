// SPDX-License-Identifier: Apache-2.0
#include "environment/manager.h"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "base/file.h"
#include "environment/secret_value.h"
#include "environment/stamp.h"

namespace environment {

namespace {

using base::Deadline;
using base::Error;
using base::ErrorKind;
using base::Result;

// Catalog rows that two statements touched at once; Postgres says so and nothing happened.
constexpr std::string_view k_concurrent_update = "XX000";
constexpr std::string_view k_wrong_password = "28P01";
constexpr std::string_view k_no_database = "3D000";
constexpr int k_most_rounds = 12;
// What a create or delete may spend on what earlier ones could not finish.
constexpr std::chrono::seconds k_time_for_leftovers(5);
constexpr int k_most_leftovers = 3;

bool worth_another_look(const Error& error) {
    return error.kind == ErrorKind::in_doubt || error.kind == ErrorKind::unavailable ||
           error.sqlstate == k_concurrent_update;
}

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
    target.environment = *facts.environment;
    if (facts.instance) target.instance = *facts.instance;
    if (facts.role) target.role = *facts.role;
    target.final_database = target.instance.database;
    return describe(target, facts.policy);
}

}  // namespace

// One operation on its way: the wish, and what has been learnt since it began.
struct Manager::Work {
    Subject subject;
    std::optional<CreateWish> creation;
    std::optional<DeleteWish> removal;
    FreshIdentities fresh = {};
    Facts facts = {};
    std::optional<base::Uuid> doomed = {};  // what a removal found when it began
    std::unique_ptr<SecretStore> store = {};
    std::optional<base::Secret> former_secret = {};
    bool password_refused = false;
    bool made_something = false;
    std::vector<std::string> remarks = {};
};

Manager::Manager(Server& server, Surroundings surroundings, base::Log& log)
    : server_(server), surroundings_(std::move(surroundings)), log_(log) {}

Result<Key> Manager::key_for(const Facts& facts, int number) const {
    for (const auto& record : facts.installation.keys) {
        if (record.number != number) continue;
        base::Secret text;
        if (record.location == "env") {
            text = surroundings_.key_text.value_or(base::Secret());
        } else if (record.location.starts_with("file:")) {
            BASE_TRY_ASSIGN(auto content, base::read_file(record.location.substr(5)));
            text = base::Secret(content.value_or(""));
        }
        if (text.empty() && !record.bytes) {
            return base::fail(
                ErrorKind::conflict,
                fmt::format("key {} of this server is kept in {}, and is not there", number,
                            record.location),
                "bring the key that the environments were made with (REVIEWDB_KEY, or "
                "the file)");
        }
        auto key = record.bytes ? Key::from_bytes(number, *record.bytes) : Key::parse(number, text);
        if (key && !record.fingerprint.empty() && key->fingerprint() != record.fingerprint) {
            return base::fail(ErrorKind::conflict,
                              fmt::format("the key {} at hand has the fingerprint {}, but the "
                                          "environments were made with {}",
                                          number, key->fingerprint(), record.fingerprint),
                              "use the same key as everybody else; nothing was changed");
        }
        return key;
    }
    return base::fail(ErrorKind::conflict, fmt::format("the registry has no key {}", number));
}

Result<Credentials> Manager::credentials_for(const Target& target, const Facts& facts) const {
    BASE_TRY_ASSIGN(const auto key, key_for(facts, target.role.key_number));
    DatabaseStamp stamp{facts.installation.id,
                        target.instance.id,
                        target.role.id,
                        target.role.password_version,
                        target.environment.project.empty() ? "-" : target.environment.project,
                        target.environment.shielded,
                        {}};
    Credentials credentials;
    credentials.password = key.password(target.role.id, target.role.password_version);
    credentials.building_stamp = stamp.to_text();
    stamp.sealed_name = key.seal(target.instance.id, target.environment.name);
    credentials.database_stamp = stamp.to_text();
    credentials.role_stamp = role_stamp(facts.installation.id, target.role.id);
    return credentials;
}

Result<void> Manager::observe(Work& work, Deadline deadline) {
    BASE_TRY_ASSIGN(work.facts, server_.observe(work.subject, Purpose::work, deadline));
    auto& facts = work.facts;
    BASE_TRY(facts.policy.agree_with(surroundings_.policy_claims));
    facts.password_refused = work.password_refused;
    BASE_TRY_ASSIGN(work.store, surroundings_.make_secret_store(facts.policy.secrets()));
    if (!work.store) return {};
    SecretFacts secret;
    constexpr std::size_t k_longest_secret_name = 200;
    const auto name = facts.environment && !facts.environment->secret.empty()
                          ? facts.environment->secret
                          : facts.policy.secret_pattern().apply(
                                work.subject.project, work.subject.name, k_longest_secret_name);
    BASE_TRY_ASSIGN(work.former_secret, work.store->read(name, deadline));
    secret.exists = work.former_secret.has_value();
    if (secret.exists && facts.environment) {
        secret.is_ours = owner_of_secret(*work.former_secret) == facts.environment->id;
    }
    if (secret.is_ours && facts.role && facts.instance) {
        auto description = describe(facts);
        BASE_TRY_ASSIGN(const auto key, key_for(facts, facts.role->key_number));
        description.password = key.password(facts.role->id, facts.role->password_version);
        secret.is_current =
            *work.former_secret == make_secret_value(connection_facts(description),
                                                     facts.environment->id, work.former_secret);
    }
    facts.secret = secret;
    return {};
}

Result<void> Manager::perform(const Step& step, const Plan& plan, Work& work, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto credentials, credentials_for(plan.target, work.facts));
    const auto& secret = plan.target.environment.secret;
    if (step.kind == StepKind::write_secret) {
        auto description = describe(plan.target, work.facts.policy);
        description.password = credentials.password;
        BASE_TRY(server_.check_lease(plan.target, deadline));
        return work.store->write(secret,
                                 make_secret_value(connection_facts(description),
                                                   plan.target.environment.id, work.former_secret),
                                 deadline);
    }
    if (step.kind == StepKind::delete_secret) {
        if (!work.store || !work.facts.secret) return {};
        // Where none was seen, a writer may have died over it: the store clears that away.
        if (work.facts.secret->exists && !work.facts.secret->is_ours) return {};
        BASE_TRY(server_.check_lease(plan.target, deadline));
        return work.store->remove(secret, deadline);
    }
    BASE_TRY_ASSIGN(auto remark,
                    server_.perform(step, plan.target, credentials, surroundings_.actor, deadline));
    if (!remark.empty()) work.remarks.push_back(std::move(remark));
    return {};
}

Result<void> Manager::carry_out(const Plan& plan, Work& work, Deadline deadline) {
    for (const auto& step : plan.steps) {
        log_.debug("{}: {}", to_text(step.kind), step.reason);
        auto done = perform(step, plan, work, deadline);
        if (step.kind != StepKind::prove_login) work.made_something = true;
        if (done) continue;
        auto error = std::move(done).error();
        const bool first_refusal = step.kind == StepKind::prove_login &&
                                   error.sqlstate == k_wrong_password && !work.password_refused;
        if (first_refusal) {
            work.password_refused = true;
            error.kind = ErrorKind::in_doubt;
        }
        // It was there when the plan was made: somebody took the work over while we were stopped.
        // Without the code it is not taken for a server that was never prepared.
        if (error.sqlstate == k_no_database) {
            error.kind = ErrorKind::in_doubt;
            error.sqlstate.clear();
        }
        return base::fail(std::move(error));
    }
    return {};
}

Result<Plan> Manager::plan_for(Work& work) const {
    if (work.creation) return plan_create(*work.creation, work.facts, work.fresh);
    const auto& there = work.facts.environment;
    // Another one of that name is somebody's who came later, while we were stopped or cut off.
    if (there && work.doomed && *work.doomed != there->id) return Plan{Outcome::deleted, {}, {}};
    if (there) work.doomed = there->id;
    return plan_delete(*work.removal, work.facts);
}

// A create that finds an unfinished delete finishes it first; an adverse end takes back what an
// unfinished create made.
Result<void> Manager::clear_the_way(Work& work, Deadline deadline) {
    const bool retiring = work.creation && work.facts.environment &&
                          work.facts.environment->state == EnvironmentState::retiring;
    if (!retiring) return {};
    BASE_TRY(carry_out(plan_abandon(work.facts, "a removal was not finished"), work, deadline));
    return observe(work, deadline);
}

void Manager::take_back(Work& work, Deadline deadline) {
    const auto observed = observe(work, deadline);
    const bool unfinished =
        observed && work.facts.environment &&
        work.facts.environment->state == EnvironmentState::building &&
        (!work.facts.instance || work.facts.instance->state == InstanceState::building);
    if (!unfinished) return;
    const auto undone = carry_out(plan_abandon(work.facts, "it could not be made"), work, deadline);
    if (!undone) log_.warning("what was half made stays for now: {}", undone.error().message);
}

Result<Answer> Manager::work_until_done(Work& work, Execution execution, Deadline deadline) {
    std::chrono::milliseconds pause(20);
    std::optional<Outcome> first_outcome;
    for (int round = 1;; ++round) {
        auto attempt = [&]() -> Result<Answer> {
            BASE_TRY(observe(work, deadline));
            if (execution == Execution::carry_out) BASE_TRY(clear_the_way(work, deadline));
            BASE_TRY_ASSIGN(auto plan, plan_for(work));
            if (!first_outcome || *first_outcome == Outcome::unchanged) {
                first_outcome = plan.outcome;
            }
            if (execution == Execution::carry_out) {
                BASE_TRY(carry_out(plan, work, deadline));
            }
            Answer answer{*first_outcome, std::nullopt, plan.steps, work.remarks};
            if (work.creation) answer.description = describe(plan.target, work.facts.policy);
            if (work.creation) answer.description->environment.state = EnvironmentState::ready;
            if (work.creation && execution == Execution::carry_out) {
                BASE_TRY_ASSIGN(const auto credentials, credentials_for(plan.target, work.facts));
                answer.description->password = credentials.password;
            }
            return answer;
        }();
        if (attempt) return attempt;
        const bool again = worth_another_look(attempt.error()) && round < k_most_rounds &&
                           deadline.remaining() > pause;
        if (!again) {
            if (work.creation && work.made_something && !worth_another_look(attempt.error())) {
                take_back(work, deadline);
            }
            server_.release(deadline);
            return attempt;
        }
        log_.debug("looking again: {}", attempt.error().message);
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, std::chrono::milliseconds(1000));
    }
}

Result<Answer> Manager::create(const CreateWish& wish, Execution execution, Deadline deadline) {
    Work work{.subject = {wish.project, wish.name}, .creation = wish, .removal = std::nullopt};
    auto answer = work_until_done(work, execution, deadline);
    if (answer && execution == Execution::carry_out) finish_leftovers(deadline);
    return answer;
}

Result<Answer> Manager::remove(const DeleteWish& wish, Execution execution, Deadline deadline) {
    Work work{.subject = {wish.project, wish.name}, .creation = std::nullopt, .removal = wish};
    auto answer = work_until_done(work, execution, deadline);
    if (answer && execution == Execution::carry_out) finish_leftovers(deadline);
    return answer;
}

// A little of what earlier operations could not finish, within a small budget; never a failure.
void Manager::finish_leftovers(Deadline deadline) {
    server_.release(deadline);
    deadline = deadline.at_most(k_time_for_leftovers);
    const auto found = server_.leftovers(k_most_leftovers, deadline);
    if (!found) return;
    for (const auto& leftover : *found) {
        auto facts = server_.observe_leftover(leftover, deadline);
        if (!facts || !*facts) continue;
        Work work{.subject = {*Project::parse("review"), *Name::parse("-")},
                  .creation = std::nullopt,
                  .removal = std::nullopt};
        work.facts = **std::move(facts);
        if (!work.facts.role) work.facts.role = RoleRecord{};
        work.facts.role->key_number = work.facts.role->name.empty()
                                          ? work.facts.installation.current_key
                                          : work.facts.role->key_number;
        const auto done = carry_out(plan_burial(work.facts), work, deadline);
        server_.release(deadline);
        if (!done) log_.debug("{} stays for now: {}", leftover.database, done.error().message);
    }
}

Result<Description> Manager::get(const Subject& subject, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto facts, server_.observe(subject, Purpose::read, deadline));
    BASE_TRY(facts.policy.agree_with(surroundings_.policy_claims));
    if (!facts.environment) {
        return base::fail(ErrorKind::not_found,
                          fmt::format("there is no environment '{}' in project {}",
                                      subject.name.text(), subject.project.text()),
                          "make it with: reviewdb create NAME");
    }
    auto description = describe(facts);
    if (facts.role && facts.environment->state == EnvironmentState::ready) {
        BASE_TRY_ASSIGN(const auto key, key_for(facts, facts.role->key_number));
        description.password = key.password(facts.role->id, facts.role->password_version);
    }
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
