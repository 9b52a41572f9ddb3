// SPDX-License-Identifier: Apache-2.0
#include "environment/operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <tuple>

#include "base/interrupt.h"
#include "environment/key_ring.h"
#include "environment/secret_value.h"
#include "environment/standing.h"

namespace environment {

namespace {

using base::Deadline;
using base::Error;
using base::ErrorKind;
using base::Result;

// Undone by the server, and likely to succeed the next time: two statements met in the catalog
// ("tuple concurrently updated"), a deadlock, a lock that somebody held too long.
constexpr std::array<std::string_view, 4> k_passing{"XX000", "40P01", "40001", "55P03"};
constexpr std::string_view k_no_database = "3D000";
constexpr std::string_view k_insufficient_privilege = "42501";
constexpr int k_most_rounds = 12;
constexpr std::chrono::milliseconds k_moment(800);
constexpr std::chrono::seconds k_moment_when_interrupted(10);

bool proves_login(const Plan& plan) {
    return std::ranges::any_of(plan.steps,
                               [](const Step& step) { return step.kind == StepKind::prove_login; });
}

// What a failed statement means for the caller, who knows nothing of statements.
Error explained(Error error) {
    // It was there when the plan was made: somebody took the work over while we were stopped.
    // Without the code it is not taken for a server that was never prepared.
    if (error.sqlstate == k_no_database) {
        error.kind = ErrorKind::in_doubt;
        error.sqlstate.clear();
    }
    if (error.sqlstate == k_insufficient_privilege && error.hint.empty()) {
        error.hint =
            "Postgres lets reviewdb touch only what is its own: somebody edited the registry, or "
            "took a right from the manager; 'reviewdb doctor' says what differs";
    }
    return error;
}

}  // namespace

bool worth_another_look(const Error& error) {
    if (error.kind == ErrorKind::conflict) return false;
    return error.kind == ErrorKind::in_doubt || error.kind == ErrorKind::unavailable ||
           std::ranges::find(k_passing, error.sqlstate) != k_passing.end();
}

Operation::Operation(Server& server, const Manager::Surroundings& surroundings, base::Log& log,
                     const Subject& subject, Purpose purpose)
    : server_(server),
      surroundings_(surroundings),
      log_(log),
      subject_(&subject),
      look_([this, purpose](Deadline deadline) {
          return server_.observe(*subject_, purpose, deadline);
      }) {}

Operation::Operation(Server& server, const Manager::Surroundings& surroundings, base::Log& log,
                     Look look)
    : server_(server), surroundings_(surroundings), log_(log), look_(std::move(look)) {}

Result<Credentials> Operation::credentials_for(const Target& target) const {
    const auto& [environment, instance, role] =
        std::tie(target.environment, target.instance, target.role);
    Credentials credentials;
    credentials.stamp = {facts_.installation.id,
                         instance.id,
                         role.id,
                         role.password_version,
                         environment.project.empty() ? "-" : environment.project,
                         environment.shielded,
                         {}};
    credentials.leaving = target.leaving.id;
    // What nobody has a role for any more needs no key either.
    if (role.name.empty()) return credentials;
    BASE_TRY_ASSIGN(const auto* key, surroundings_.keys.find(facts_.installation, role.key_number));
    BASE_TRY_ASSIGN(credentials.password,
                    password_of(role, facts_.installation, surroundings_.keys, former_secret_));
    credentials.stamp.sealed_name = key->seal(instance.id, environment.name);
    return credentials;
}

// A server that is the original is proven by this once after each restart.
Result<void> Operation::look(Deadline deadline) {
    BASE_TRY_ASSIGN(facts_, look_(deadline));
    if (!facts_.installation.doubt) return {};
    BASE_TRY_ASSIGN(auto doubt, server_.prove(facts_.policy, deadline));
    BASE_TRY_ASSIGN(facts_, look_(deadline));
    if (facts_.installation.doubt && doubt) facts_.installation.doubt = std::move(doubt);
    return {};
}

Result<void> Operation::observe(Deadline deadline) {
    BASE_TRY(look(deadline));
    facts_.tried = tried_;
    BASE_TRY(check_texts(facts_));
    BASE_TRY(facts_.policy.agree_with(surroundings_.policy_claims));
    if (subject_ == nullptr) return {};
    if (trash_) {
        BASE_TRY_ASSIGN(auto found, server_.trash(*trash_, deadline));
        if (!found.empty()) facts_.trashed = std::move(found.front());
    }
    BASE_TRY_ASSIGN(store_, surroundings_.make_secret_store(facts_.policy));
    if (!store_) return {};
    BASE_TRY_ASSIGN(former_secret_, observe_secret(*store_, *subject_, wished_secret_,
                                                   surroundings_.keys, facts_, deadline));
    return observe_candidate(deadline);
}

Result<void> Operation::observe_candidate(Deadline deadline) {
    // Of one that is ours only when another tool has been at it.
    const bool replaced = facts_.database && !facts_.database->owned_by_manager;
    const bool diverted = facts_.secret && facts_.secret->exists &&
                          facts_.secret->holder == SecretHolder::somebody_else;
    if (!candidate_ || (facts_.environment && !replaced && !diverted)) return {};
    if (former_secret_) {
        const auto login = login_in_secret(*former_secret_).value_or(ConnectionFacts());
        facts_.secret_host = login.host;
        facts_.secret_database = login.dbname;
        facts_.secret_role = login.user;
    }
    BASE_TRY_ASSIGN(facts_.candidate, server_.observe_candidate(*candidate_, deadline));
    if (facts_.candidate->registry_is_behind) facts_.installation.is_behind = true;
    return {};
}

Result<base::Secret> password_of(const RoleRecord& role, const Installation& installation,
                                 const KeyRing& keys, const std::optional<base::Secret>& value) {
    if (role.source == PasswordSource::external) {
        auto login = value ? login_in_secret(*value) : std::nullopt;
        return login ? login->password : base::Secret();
    }
    BASE_TRY_ASSIGN(const auto* key, keys.find(installation, role.key_number));
    return key->password(role.id, role.password_version);
}

Result<std::optional<base::Secret>> observe_secret(SecretStore& store, const Subject& subject,
                                                   const std::string& wished, const KeyRing& keys,
                                                   Facts& facts, Deadline deadline) {
    const auto name = facts.environment && !facts.environment->secret.empty()
                          ? facts.environment->secret
                      : !wished.empty() ? wished
                                        : facts.policy.secret_pattern().apply(
                                              subject.project, subject.name, k_longest_secret_name);
    BASE_TRY_ASSIGN(auto former, store.read(name, deadline));
    auto& secret = facts.secret.emplace();
    secret.exists = former.has_value();
    if (!secret.exists) return former;
    auto expected = connection_facts(describe(facts));
    if (!facts.instance) {
        expected.dbname = facts.policy.database_pattern().apply(subject.project, subject.name,
                                                                k_longest_catalog_name);
    }
    const auto owner = facts.environment ? std::optional(facts.environment->id) : std::nullopt;
    const auto login = login_in_secret(*former);
    secret.holder = holder_of_secret(*former, owner, expected);
    secret.has_password = login && !login->password.empty() && !login->host.empty();
    if (secret.holder != SecretHolder::this_environment || !facts.role || !facts.instance) {
        return former;
    }
    BASE_TRY_ASSIGN(expected.password, password_of(*facts.role, facts.installation, keys, former));
    secret.is_current = *former == make_secret_value(expected, facts.environment->id, former);
    return former;
}

// Whoever has taken the work over since may have cleared away what this was about: then that is
// what failed, and the world is looked at again.
Result<void> Operation::unless_overtaken(Result<void> done, const Target& target,
                                         Deadline deadline) {
    if (done) return done;
    auto lease = server_.check_lease(target, deadline);
    return lease || lease.error().kind == ErrorKind::deadline ? done : lease;
}

// A first refusal is something learnt: the next look plans what mends it.
Result<void> Operation::prove_login(const Plan& plan, const Credentials& credentials,
                                    Deadline deadline) {
    auto tried = server_.prove_login(plan.target, credentials, deadline);
    if (!tried) {
        return unless_overtaken(base::fail(std::move(tried).error()), plan.target, deadline);
    }
    const auto& proof = *tried;
    if (!proof.password_accepted) {
        const bool first = !tried_.password_refused;
        tried_.password_refused = true;
        return base::fail(
            first ? ErrorKind::in_doubt : ErrorKind::denied,
            fmt::format("the server refuses the password of {}", plan.target.role.name),
            "its pg_hba.conf has to ask every role for its password, by "
            "scram-sha-256");
    }
    tried_.password_refused = false;
    const bool foreign_schema = !proof.owns_schema && !tried_.schema_not_its_own;
    tried_.schema_not_its_own = !proof.owns_schema;
    if (!foreign_schema) return {};
    return base::fail(ErrorKind::in_doubt, "the schema public is gone, or belongs to another role");
}

// Not again by itself: what a source did, and how far it came, is not ours to know.
Result<void> Operation::fill(const Plan& plan, const Credentials& credentials, Deadline deadline) {
    auto filled = server_.while_leased([&]() -> Result<void> {
        BASE_TRY_ASSIGN(auto remarks, filler_(plan.target, credentials, deadline));
        std::ranges::move(remarks, std::back_inserter(remarks_));
        return {};
    });
    is_final_ = !filled.has_value();
    return filled;
}

// Both keep the lease, since they may wait for whoever works on what is cloned.
Result<void> Operation::clone_between_both(const Step& step, const Plan& plan,
                                           const Credentials& credentials, Deadline deadline) {
    BASE_TRY(server_.while_leased([&] { return before_clone_(deadline); }));
    auto cloned = server_.perform(step, plan, credentials, surroundings_.actor, deadline);
    auto kept = server_.while_leased([&]() -> Result<void> {
        const auto done = after_clone_(deadline);
        if (!done) log_.debug("after cloning: {}", done.error().message);
        return {};
    });
    if (!cloned) return base::fail(std::move(cloned).error());
    if (!cloned->empty()) remarks_.push_back(*std::move(cloned));
    return kept;
}

Result<void> Operation::perform_on_secret(const Step& step, const Plan& plan,
                                          const Credentials& credentials, Deadline deadline) {
    const auto& secret = plan.target.environment.secret;
    if (facts_.installation.doubt) {
        return base::fail(doubtful(fmt::format("the secret '{}' was left as it is", secret),
                                   *facts_.installation.doubt));
    }
    if (step.kind == StepKind::write_secret) {
        auto description = describe(plan.target, facts_.policy);
        description.password = credentials.password;
        const auto facts = connection_facts(description);
        const auto& owner = plan.target.environment.id;
        BASE_TRY(server_.check_lease(plan.target, deadline));
        const auto written = store_->write({secret,
                                            make_secret_value(facts, owner, former_secret_),
                                            {{"reviewdb:project", plan.target.environment.project},
                                             {"reviewdb:name", plan.target.environment.name},
                                             {std::string(k_owner_tag), owner.to_string()}},
                                            [&](const base::Secret& found) {
                                                return holder_of_secret(found, owner, facts) !=
                                                       SecretHolder::somebody_else;
                                            }},
                                           deadline);
        return unless_overtaken(written, plan.target, deadline);
    }
    if (!store_ || !facts_.secret) return {};
    // Where none was seen, a writer may have died over it: the store clears that away.
    const bool ours = facts_.secret->holder == SecretHolder::this_environment;
    if (facts_.secret->exists && !ours) return {};
    BASE_TRY(server_.check_lease(plan.target, deadline));
    return unless_overtaken(store_->remove(secret, deadline), plan.target, deadline);
}

Result<void> Operation::perform(const Step& step, const Plan& plan, const Credentials& credentials,
                                Deadline deadline) {
    if (step.kind == StepKind::prove_login) return prove_login(plan, credentials, deadline);
    if (step.kind == StepKind::fill) return fill(plan, credentials, deadline);
    if (step.kind == StepKind::write_secret || step.kind == StepKind::delete_secret) {
        return perform_on_secret(step, plan, credentials, deadline);
    }
    if (step.kind == StepKind::create_database && before_clone_) {
        return clone_between_both(step, plan, credentials, deadline);
    }
    if (step.kind == StepKind::take_warm) tried_.took_from_pool = true;
    BASE_TRY_ASSIGN(auto remark,
                    server_.perform(step, plan, credentials, surroundings_.actor, deadline));
    if (!remark.empty()) remarks_.push_back(std::move(remark));
    return {};
}

Result<void> Operation::carry_out(const Plan& plan, const Facts& facts, Deadline deadline) {
    if (&facts != &facts_) facts_ = facts;
    if (plan.steps.empty()) return {};
    BASE_TRY_ASSIGN(credentials_, credentials_for(plan.target));
    for (const auto& step : plan.steps) {
        if (base::interrupted()) return base::fail(ErrorKind::deadline, "interrupted");
        log_.debug("{}: {}", to_text(step.kind), step.reason);
        if (surroundings_.on_step) surroundings_.on_step(step);
        auto done = perform(step, plan, credentials_, deadline);
        if (step.kind != StepKind::prove_login) made_something_ = true;
        if (!done) return base::fail(explained(std::move(done).error()));
    }
    return {};
}

Result<std::optional<Answer>> Operation::attempt(const Planner& planner, Execution execution,
                                                 Deadline deadline) {
    BASE_TRY(observe(deadline));
    auto planned = planner(facts_);
    if (planned) planned = confined(*std::move(planned), facts_);
    if (!planned) return base::fail(std::move(planned).error());
    auto& plan = *planned;
    if (execution == Execution::carry_out) {
        BASE_TRY(carry_out(plan, facts_, deadline));
        if (plan.ends_in) return base::fail(*plan.ends_in);
        if (plan.again) return std::optional<Answer>();
    }
    // Some drift shows only in a login.
    const bool seems_right = plan.outcome == Outcome::unchanged && proves_login(plan);
    if (execution == Execution::dry_run && seems_right) {
        BASE_TRY_ASSIGN(credentials_, credentials_for(plan.target));
        BASE_TRY(prove_login(plan, credentials_, deadline));
    }
    if (execution == Execution::dry_run && plan.outcome == Outcome::deleted) {
        BASE_TRY_ASSIGN(const auto obstacles, server_.obstacles(plan.target, deadline));
        for (const auto& one : obstacles) remarks_.push_back(describe(one));
    }
    for (auto& remark : plan.remarks) remarks_.push_back(std::move(remark));
    if (plan.ends_in) remarks_.push_back(plan.ends_in->message);
    Answer answer{plan.outcome, std::nullopt, plan.steps, remarks_, plan.warm};
    const bool is_there = !plan.target.environment.name.empty() && plan.outcome != Outcome::absent;
    if (!is_there) return std::optional(std::move(answer));
    answer.description = describe(plan.target, facts_.policy);
    answer.description->doubt = facts_.installation.doubt;
    if (execution == Execution::dry_run || plan.outcome == Outcome::deleted) {
        return std::optional(std::move(answer));
    }
    auto& state = answer.description->environment.state;
    if (state == EnvironmentState::publishing) state = EnvironmentState::ready;
    if (plan.target.role.name.empty() || facts_.installation.doubt) {
        return std::optional(std::move(answer));
    }
    if (plan.steps.empty()) {
        BASE_TRY_ASSIGN(
            answer.description->password,
            password_of(plan.target.role, facts_.installation, surroundings_.keys, former_secret_));
    } else {
        answer.description->password = credentials_.password;
    }
    return std::optional(std::move(answer));
}

// True when nothing half made is left.
bool Operation::take_back(const Planner& undo, Deadline deadline) {
    if (!undo || !made_something_) return !made_something_;
    const auto observed = observe(deadline);
    const auto plan = observed ? undo(facts_) : Result<Plan>(base::fail(observed.error()));
    const auto undone =
        plan ? carry_out(*plan, facts_, deadline) : Result<void>(base::fail(plan.error()));
    if (!undone) log_.warning("what was half made stays for now: {}", undone.error().message);
    return undone.has_value();
}

Error Operation::give_up(Error error, const Planner& undo, Deadline deadline) {
    // Whoever runs out of time, or wants to leave, is not left with something half made if that
    // takes a moment.
    const bool interrupted = base::interrupted();
    const auto moment =
        interrupted ? Deadline::after(k_moment_when_interrupted) : deadline.extended_by(k_moment);
    if (interrupted) {
        base::finish_in_spite_of_interrupt();
        log_.warning("interrupted: leaving nothing half made; once more leaves at once");
    }
    const bool clean = take_back(undo, deadline.passed() || interrupted ? moment : deadline);
    server_.release(moment);
    if (!interrupted) return error;
    return {
        ErrorKind::deadline,
        "interrupted",
        clean ? "nothing half made is left" : "the same call again goes on where this one ended",
        {}};
}

Result<Answer> Operation::run(const Planner& planner, const Planner& undo, Execution execution,
                              Deadline deadline) {
    std::chrono::milliseconds pause(20);
    const auto wait = surroundings_.pause ? surroundings_.pause : base::pause;
    std::optional<Outcome> first_outcome;
    bool from_pool = false;
    std::optional<Error> cause;
    const Planner noting = [&](const Facts& facts) -> Result<Plan> {
        auto plan = planner(facts);
        const bool news =
            plan && !plan->again && (!first_outcome || *first_outcome == Outcome::unchanged);
        if (news) first_outcome = plan->outcome;
        // What was lost after its claim is seen as claimed; what is built instead is not.
        const bool builds = plan && std::ranges::any_of(plan->steps, [](const Step& step) {
                                return step.kind == StepKind::create_database;
                            });
        from_pool = (from_pool && !builds) || (plan && plan->warm);
        return plan;
    };
    for (int round = 1;; ++round) {
        auto answer = attempt(noting, execution, deadline);
        if (answer && *answer) {
            if (first_outcome) (*answer)->outcome = *first_outcome;
            (*answer)->warm = from_pool && execution == Execution::carry_out;
            return **std::move(answer);
        }
        if (answer && round < k_most_rounds) continue;
        auto error = answer
                         ? Error{ErrorKind::internal, "what stands in the way does not go", {}, {}}
                         : std::move(answer).error();
        // What used up the time says more than what came too late because of it.
        const bool late = deadline.remaining() <= pause;
        if (late && error.kind == ErrorKind::deadline && cause) error = *cause;
        const bool leave = is_final_ || base::interrupted() || !worth_another_look(error);
        if (leave || round >= k_most_rounds || late) {
            return base::fail(give_up(std::move(error), undo, deadline));
        }
        log_.debug("looking again: {}", error.message);
        if (error.kind == ErrorKind::unavailable) cause = error;
        wait(pause);
        pause = std::min(pause * 2, std::chrono::milliseconds(1000));
    }
}

}  // namespace environment
