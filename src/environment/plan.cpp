// SPDX-License-Identifier: Apache-2.0
#include "environment/plan.h"

#include <fmt/format.h>

#include <array>

#include "environment/stamp.h"

namespace environment {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::array<std::string_view, 20> k_step_names{
    "record_intent", "create_role", "create_database",   "secure_database", "hand_over_schema",
    "set_password",  "repair_role", "prove_login",       "claim",           "write_secret",
    "mark_ready",    "renew",       "record_retirement", "close_database",  "end_sessions",
    "delete_secret", "bury",        "drop_database",     "drop_role",       "forget"};
constexpr std::array<std::string_view, 5> k_outcome_names{"created", "repaired", "unchanged",
                                                          "deleted", "absent"};

bool is_another(const std::string& mine, const std::string& theirs) {
    return !mine.empty() && !theirs.empty() && mine != theirs;
}

Result<void> check_repository(const std::string& caller, const Facts& facts,
                              const Project& project) {
    if (!facts.environment || !is_another(caller, facts.environment->origin.repository)) return {};
    return base::fail(
        ErrorKind::conflict,
        fmt::format("the environment '{}' of project {} belongs to the repository {}, not to {}",
                    facts.environment->name, project.text(), facts.environment->origin.repository,
                    caller),
        "give each repository a project of its own: --project NAME");
}

// What a caller did not say stays as it was.
Origin merged(const Origin& former, const Origin& now) {
    return {now.repository.empty() ? former.repository : now.repository,
            now.ref.empty() ? former.ref : now.ref,
            now.pull_request ? now.pull_request : former.pull_request,
            now.commit.empty() ? former.commit : now.commit};
}

bool has_right_stamp(const Facts& facts) {
    const auto stamp = DatabaseStamp::parse(facts.database->comment);
    return stamp && stamp->installation == facts.installation.id &&
           stamp->instance == facts.instance->id && stamp->role == facts.role->id &&
           stamp->password_version == facts.role->password_version &&
           stamp->project == facts.environment->project &&
           stamp->shielded == facts.environment->shielded && !stamp->sealed_name.empty();
}

bool role_is_right(const Facts& facts) {
    return facts.login->can_login && !facts.login->privileged &&
           facts.login->connection_limit == facts.policy.connection_limit() &&
           facts.login->comment == role_stamp(facts.installation.id, facts.role->id);
}

// Builds a plan of create, rule by rule.
class Creation {
   public:
    Creation(const CreateWish& wish, const Facts& facts, const FreshIdentities& fresh)
        : wish_(wish), facts_(facts), fresh_(fresh) {}

    Result<Plan> make() {
        BASE_TRY(check_admission());
        BASE_TRY(choose_environment());
        choose_role();
        BASE_TRY(choose_instance());
        BASE_TRY(choose_final_name());
        add_build_steps();
        add_secret_steps();
        settle();
        return std::move(plan_);
    }

   private:
    Result<void> check_admission() {
        BASE_TRY(check_repository(wish_.origin.repository, facts_, wish_.project));
        if (!facts_.policy.admits(wish_.origin.repository)) {
            return base::fail(ErrorKind::denied,
                              fmt::format("the policy of project {} does not admit the repository "
                                          "'{}'",
                                          wish_.project.text(), wish_.origin.repository),
                              "see 'reviewdb config get repositories'");
        }
        if (facts_.environment && facts_.environment->state == EnvironmentState::closed) {
            return base::fail(ErrorKind::conflict,
                              fmt::format("the environment '{}' was closed", wish_.name.text()),
                              "open it first");
        }
        if (facts_.secret && facts_.secret->exists && !facts_.secret->is_ours) {
            return base::fail(ErrorKind::conflict,
                              "the secret store has a secret of that name which is not ours",
                              "remove it, or choose other names: reviewdb config set "
                              "secret_pattern=…");
        }
        return {};
    }

    Result<void> choose_environment() {
        auto& target = plan_.target;
        if (facts_.environment) {
            target.environment = *facts_.environment;
        } else {
            target.fresh_environment = true;
            target.environment.id = fresh_.environment;
            target.environment.project = wish_.project.text();
            target.environment.name = wish_.name.text();
            target.environment.created_at = facts_.now;
            target.environment.shielded =
                wish_.may_be_shielded && facts_.policy.protects(wish_.name.text());
        }
        auto& record = target.environment;
        record.origin = merged(record.origin, wish_.origin);
        for (const auto& [key, value] : wish_.labels) record.labels[key] = value;
        const auto ttl = wish_.ttl ? wish_.ttl : facts_.policy.ttl();
        record.expires_at = ttl ? std::optional(facts_.now + *ttl) : std::nullopt;
        if (facts_.secret && record.secret.empty()) {
            constexpr std::size_t k_longest_secret_name = 200;
            record.secret = facts_.policy.secret_pattern().apply(wish_.project, wish_.name,
                                                                 k_longest_secret_name);
        }
        target.connection_limit = facts_.policy.connection_limit();
        target.database_settings = facts_.policy.database_settings();
        return {};
    }

    void choose_role() {
        auto& target = plan_.target;
        if (facts_.role) {
            target.role = *facts_.role;
        } else {
            target.fresh_role = true;
            target.role.id = fresh_.role;
            target.role.name = role_name(wish_.project, fresh_.role);
            target.role.key_number = facts_.installation.current_key;
        }
        target.environment.role = target.role.id;
    }

    Result<void> choose_instance() {
        auto& target = plan_.target;
        const bool lost = facts_.instance && facts_.instance->state == InstanceState::serving &&
                          (!facts_.database || facts_.database->half_dropped);
        if (facts_.instance && !lost) {
            target.instance = *facts_.instance;
            if (facts_.database) target.instance.database = facts_.database->name;
            BASE_TRY(check_database());
        } else {
            target.fresh_instance = true;
            target.instance.id = fresh_.instance;
            target.instance.database = building_name(fresh_.instance);
            target.instance.database_template = "empty";
        }
        target.environment.instance = target.instance.id;
        return {};
    }

    Result<void> check_database() const {
        if (!facts_.database) return {};
        const auto& database = *facts_.database;
        const bool another = facts_.instance->oid && *facts_.instance->oid != database.oid;
        if (!database.owned_by_manager || another) {
            return base::fail(
                ErrorKind::conflict,
                fmt::format("the registry names the database {} for '{}', but that one is {}",
                            database.name, wish_.name.text(),
                            database.owned_by_manager ? "another one of ours"
                                                      : "owned by " + database.owner),
                "somebody changed the registry or replaced the database by hand; nothing was "
                "changed");
        }
        return {};
    }

    Result<void> choose_final_name() {
        auto& target = plan_.target;
        if (!target.fresh_instance && facts_.instance->state == InstanceState::serving) {
            target.final_database = facts_.instance->database;
            return {};
        }
        const auto pattern = facts_.policy.database_pattern();
        target.final_database = pattern.apply(wish_.project, wish_.name, k_longest_catalog_name);
        if (facts_.final_name == NameHolder::dropping_instance) {
            target.final_database = pattern.apply_beside(
                wish_.project, wish_.name, target.instance.id, k_longest_catalog_name);
        }
        if (facts_.final_name == NameHolder::somebody_else) {
            return base::fail(
                ErrorKind::conflict,
                fmt::format("there is a database {} already, owned by {}, which reviewdb did not "
                            "make for '{}'",
                            target.final_database, facts_.final_name_owner, wish_.name.text()),
                "reviewdb never takes over what it did not make: rename that database, choose "
                "another name or project, or another database_pattern");
        }
        return {};
    }

    bool building() const {
        return plan_.target.fresh_instance || facts_.instance->state != InstanceState::serving;
    }
    bool has_database() const { return !plan_.target.fresh_instance && facts_.database; }

    void add(StepKind kind, std::string reason) {
        plan_.steps.push_back({kind, std::move(reason)});
    }

    void add_build_steps() {
        const auto& target = plan_.target;
        if (!facts_.login) {
            add(StepKind::create_role, target.fresh_role ? "it needs a role of its own"
                                                         : "its role is gone from the server");
        } else if (!role_is_right(facts_)) {
            add(StepKind::repair_role,
                "its role's login, limits or stamp are not as they should be");
        }
        if (!has_database()) {
            add(StepKind::create_database, !target.fresh_instance || !facts_.instance
                                               ? "it needs a database of its own"
                                               : "its database is gone from the server");
        }
        const auto insecure = why_insecure();
        if (!insecure.empty()) add(StepKind::secure_database, insecure);
        if (building()) {
            add(StepKind::hand_over_schema, "its role owns the schema public");
        }
        if (facts_.password_refused) {
            add(StepKind::set_password, "the server refused its password");
        }
        add(StepKind::prove_login, "ready is said only of what has been seen to log in");
        if (building()) {
            add(StepKind::claim, fmt::format("it becomes {}", target.final_database));
        } else if (facts_.database->name != target.final_database) {
            add(StepKind::claim, "somebody renamed its database");
        }
    }

    std::string why_insecure() const {
        if (!has_database()) return "it is closed to everybody but its role";
        const auto& database = *facts_.database;
        if (building()) return "it is closed to everybody but its role";
        if (!facts_.login) return "its role is a new one to the server";
        if (database.open_to_public) return "PUBLIC may connect to it";
        if (!database.role_may_use) return "its role may not connect to it";
        if (!database.accepts_connections) return "it accepts no connections";
        if (!has_right_stamp(facts_)) return "its stamp is not the right one";
        if (database.settings != facts_.policy.database_settings()) {
            return "its settings are not those of the policy";
        }
        return {};
    }

    void add_secret_steps() {
        const bool published =
            facts_.environment && facts_.environment->state == EnvironmentState::ready;
        if (facts_.secret && !(published && facts_.secret->is_current)) {
            add(StepKind::write_secret, facts_.secret->exists ? "its secret is not the right one"
                                                              : "applications read its secret");
        }
        const bool claimed = building();
        if (facts_.secret ? !published : !published && !claimed) {
            add(StepKind::mark_ready, "everything is in place");
        }
    }

    // Counts what changes something, puts the intent in front of it, and names the outcome.
    void settle() {
        bool changes = false;
        for (const auto& step : plan_.steps)
            changes = changes || step.kind != StepKind::prove_login;
        if (changes) {
            plan_.steps.insert(plan_.steps.begin(),
                               {StepKind::record_intent, "whoever comes after a crash goes on"});
        }
        const bool promised =
            facts_.environment && facts_.environment->state == EnvironmentState::ready;
        plan_.outcome = !promised ? Outcome::created
                        : changes ? Outcome::repaired
                                  : Outcome::unchanged;
        plan_.target.environment.state =
            facts_.secret && !promised ? EnvironmentState::publishing : EnvironmentState::ready;
        if (promised) add(StepKind::renew, "asked for again");
    }

    const CreateWish& wish_;
    const Facts& facts_;
    const FreshIdentities& fresh_;
    Plan plan_;
};

// Everything between the decision and nothing being left.
Plan removal(const Facts& facts, const std::string& why = {}) {
    Plan plan;
    plan.outcome = Outcome::deleted;
    auto& target = plan.target;
    if (facts.environment) target.environment = *facts.environment;
    if (facts.instance) target.instance = *facts.instance;
    if (facts.role) target.role = *facts.role;
    if (facts.database && facts.instance) target.instance.database = facts.database->name;
    target.final_database = target.instance.database;
    const auto add = [&](StepKind kind, std::string reason) {
        plan.steps.push_back({kind, std::move(reason)});
    };
    if (facts.environment) {
        add(StepKind::record_retirement, "whoever comes after a crash goes on");
    }
    if (facts.database && !facts.database->half_dropped) {
        add(StepKind::close_database, "nobody new gets in");
        add(StepKind::end_sessions, "nobody stays in");
    }
    if (facts.environment && !facts.environment->secret.empty()) {
        add(StepKind::delete_secret, "its password is of no use any more");
    }
    if (facts.environment || (facts.instance && facts.instance->state != InstanceState::gone)) {
        add(StepKind::bury, why.empty() ? "its name is free again" : why);
    }
    if (facts.database) {
        add(StepKind::drop_database, facts.database->half_dropped
                                         ? "an interrupted DROP has to be finished"
                                         : "nothing of it stays");
    }
    if (facts.login && facts.role) add(StepKind::drop_role, "nothing of it stays");
    add(StepKind::forget, "the registry agrees with the server");
    return plan;
}

}  // namespace

std::string_view to_text(StepKind kind) { return k_step_names.at(static_cast<std::size_t>(kind)); }
std::string_view to_text(Outcome outcome) {
    return k_outcome_names.at(static_cast<std::size_t>(outcome));
}

Result<Plan> plan_create(const CreateWish& wish, const Facts& facts, const FreshIdentities& fresh) {
    return Creation(wish, facts, fresh).make();
}

Result<Plan> plan_delete(const DeleteWish& wish, const Facts& facts) {
    if (!facts.environment) {
        Plan plan;
        plan.outcome = Outcome::absent;
        return plan;
    }
    BASE_TRY(check_repository(wish.repository, facts, wish.project));
    if (facts.environment->shielded && facts.environment->state != EnvironmentState::building) {
        return base::fail(ErrorKind::shielded,
                          fmt::format("the environment '{}' is protected", wish.name.text()),
                          "protection is decided by the policy 'protected' when it is made");
    }
    return removal(facts, wish.reason);
}

Plan plan_abandon(const Facts& facts, const std::string& reason) {
    auto plan = removal(facts, reason);
    plan.outcome = Outcome::absent;
    return plan;
}

Plan plan_burial(const Facts& facts) { return removal(facts); }

}  // namespace environment
