// SPDX-License-Identifier: Apache-2.0
#include "environment/planning.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/words.h"
#include "environment/stamp.h"
#include "environment/texts.h"

namespace environment {

namespace {

constexpr std::array<std::string_view, 41> k_step_names{"record_intent",
                                                        "record_reset",
                                                        "record_warm",
                                                        "take_warm",
                                                        "record_template",
                                                        "adopt",
                                                        "create_role",
                                                        "create_database",
                                                        "secure_database",
                                                        "hand_over",
                                                        "dismiss_owner",
                                                        "set_password",
                                                        "repair_role",
                                                        "prove_login",
                                                        "fill",
                                                        "freeze",
                                                        "publish",
                                                        "shelve",
                                                        "claim",
                                                        "swap",
                                                        "write_secret",
                                                        "mark_ready",
                                                        "restore",
                                                        "renew",
                                                        "rotate_password",
                                                        "mark_protection",
                                                        "record_closure",
                                                        "discard",
                                                        "drop_next",
                                                        "record_absence",
                                                        "record_retirement",
                                                        "close_database",
                                                        "end_sessions",
                                                        "delete_secret",
                                                        "trash",
                                                        "bury",
                                                        "drop_database",
                                                        "drop_role",
                                                        "forget",
                                                        "forget_template",
                                                        "release"};
constexpr std::array<std::string_view, 16> k_outcome_names{
    "created",   "adopted",     "repaired", "unchanged", "deleted",  "absent",
    "reset",     "rotated",     "closed",   "opened",    "extended", "refreshed",
    "protected", "unprotected", "restored", "released"};

// One that is missing would give the steps after it the wrong names.
static_assert(!k_step_names.back().empty() && !k_outcome_names.back().empty());

}  // namespace

std::string_view to_text(StepKind kind) { return k_step_names.at(static_cast<std::size_t>(kind)); }
std::string_view to_text(Outcome outcome) {
    return k_outcome_names.at(static_cast<std::size_t>(outcome));
}

std::string summary(const std::vector<Step>& steps) {
    std::string text;
    for (const auto& step : steps) {
        if (step.kind == StepKind::prove_login || step.kind == StepKind::record_intent) continue;
        if (text.find(step.reason) != std::string::npos) continue;
        text += (text.empty() ? "" : "; ") + step.reason;
    }
    return text;
}

base::Result<void> check(const Origin& origin) {
    constexpr std::size_t k_longest = 255;
    for (const auto* text : {&origin.repository, &origin.ref, &origin.commit}) {
        if (text->empty() || (is_clean_utf8(*text) && text->size() <= k_longest)) continue;
        return base::fail(base::ErrorKind::invalid_input,
                          "repository, ref and commit are at most 255 bytes of UTF-8 without "
                          "control characters");
    }
    return {};
}

base::Result<void> check(const Labels& labels) {
    constexpr std::size_t k_longest = 255;
    const auto fits = [](const std::string& text) {
        return is_clean_utf8(text) && text.size() <= k_longest;
    };
    for (const auto& [key, value] : labels) {
        if (!key.empty() && fits(key) && fits(value)) continue;
        return base::fail(base::ErrorKind::invalid_input,
                          fmt::format("invalid label '{}'", base::harmless(key)),
                          "a label's key and value are at most 255 bytes of UTF-8 without control "
                          "characters, and the key is not empty");
    }
    return {};
}

namespace planning {

using base::ErrorKind;
using base::Result;

Result<void> check_texts(const CreateWish& wish) {
    BASE_TRY(check(wish.labels));
    return check(wish.origin);
}

Result<void> check_texts(const Wish& wish) {
    if (!is_clean_utf8(wish.reason)) {
        return base::fail(ErrorKind::invalid_input,
                          "the reason is not UTF-8 without control characters");
    }
    Origin origin;
    origin.repository = wish.repository;
    origin.commit = wish.commit;
    return check(origin);
}

Result<void> check_repository(const std::string& caller, const Facts& facts,
                              const Project& project) {
    return check_owner(caller, facts.environment, project);
}

Result<void> check_owner(const std::string& caller, const std::optional<EnvironmentRecord>& record,
                         const Project& project) {
    if (!record) return {};
    const auto& owner = record->origin.repository;
    if (caller.empty() || owner.empty() || caller == owner) return {};
    return base::fail(
        ErrorKind::conflict,
        fmt::format("the environment '{}' of project {} belongs to the repository {}, not to {}",
                    record->name, project.text(), owner, caller),
        fmt::format("give each repository a project of its own: --project NAME; if this is the "
                    "same repository under another address, add --repository {}",
                    owner));
}

Result<void> check_age(const Facts& facts) {
    if (!facts.installation.is_behind) return {};
    return base::fail(ErrorKind::conflict,
                      "the registry is older than the server: it lacks what was written since it "
                      "was backed up, so nothing that it names is changed or dropped",
                      "restore a newer backup of the control database, or take the server's stamps "
                      "for the truth: reviewdb repair --registry");
}

namespace {
// What to do about a database with this stamp, of which the registry knows nothing.
std::string way_on(const std::optional<DatabaseStamp>& stamp, const Installation& installation,
                   const std::string& database) {
    if (!stamp) {
        return fmt::format(
            "look into it as a superuser; then drop it, or rename it: ALTER DATABASE {} RENAME TO "
            "…",
            database);
    }
    if (stamp->installation == installation.id) {
        return "adopt what the server's stamps say: reviewdb repair --registry";
    }
    return "restore the control database of that installation from a backup, or rename the "
           "database by hand";
}
}  // namespace

Result<void> check_registered(const Facts& facts) {
    const bool is_unknown =
        facts.final_name == NameHolder::somebody_else && facts.final_name_comment.has_value();
    if (facts.environment || !is_unknown) return {};
    const auto& database = facts.final_name_database;
    const auto stamp = DatabaseStamp::parse(*facts.final_name_comment);
    const auto whose =
        !stamp ? std::string("a stamp that cannot be read")
        : stamp->installation == facts.installation.id
            ? std::string("this installation's stamp")
            : fmt::format("the stamp of the installation {}", stamp->installation.to_string());
    return base::fail(ErrorKind::conflict,
                      fmt::format("the registry does not know the database {}, which belongs to "
                                  "reviewdb and has {}; nothing was changed",
                                  database, whose),
                      way_on(stamp, facts.installation, database));
}

Result<void> check_present(const Wish& wish, const Facts& facts) {
    BASE_TRY(check_registered(facts));
    if (!facts.environment) {
        return base::fail(ErrorKind::not_found,
                          fmt::format("there is no environment '{}' in project {}",
                                      wish.name.text(), wish.project.text()),
                          "'reviewdb list' shows what there is; 'reviewdb create' makes one");
    }
    BASE_TRY(check_repository(wish.repository, facts, wish.project));
    BASE_TRY(check_age(facts));
    if (facts.environment->state != EnvironmentState::retiring) return {};
    return base::fail(ErrorKind::conflict,
                      fmt::format("the environment '{}' is being removed", wish.name.text()),
                      "'reviewdb delete' finishes that; 'reviewdb create' makes it anew");
}

Result<void> check_not_shielded(const Wish& wish, const Facts& facts) {
    if (!facts.environment->shielded) return {};
    return base::fail(ErrorKind::shielded,
                      fmt::format("the environment '{}' is protected", wish.name.text()),
                      "if its data may go, lift the protection first: reviewdb unprotect NAME");
}

Result<void> check_not_closed(const Facts& facts) {
    if (facts.environment->state != EnvironmentState::closed) return {};
    const auto& why = facts.environment->closed_because;
    return base::fail(ErrorKind::conflict,
                      fmt::format("the environment '{}' was closed{}{}", facts.environment->name,
                                  why.empty() ? "" : ": ", why),
                      "let people in again with: reviewdb open NAME");
}

Result<void> check_database(const Facts& facts, const Name& name) {
    if (!facts.database || !facts.instance) return {};
    const auto& database = *facts.database;
    const auto stamp = DatabaseStamp::parse(database.comment);
    const bool another = (facts.instance->oid && *facts.instance->oid != database.oid) ||
                         (stamp && stamp->instance != facts.instance->id);
    if (database.owned_by_manager && !another) return {};
    return base::fail(
        ErrorKind::conflict,
        fmt::format(
            "the registry names the database {} for '{}', but that one is {}", database.name,
            name.text(),
            database.owned_by_manager ? "another one of ours" : "owned by " + database.owner),
        "somebody changed the registry or replaced the database by hand; nothing was changed");
}

Result<void> check_stamp(const Facts& facts, const Name& name) {
    BASE_TRY(check_database(facts, name));
    if (!facts.database || !facts.instance) return {};
    const bool unstamped = facts.instance->state != InstanceState::serving &&
                           facts.database->name == building_name(facts.instance->id);
    const auto prefix = DatabaseStamp::prefix(facts.installation.id, facts.instance->id);
    if (unstamped || facts.database->comment.starts_with(prefix)) return {};
    return base::fail(
        ErrorKind::conflict,
        fmt::format("the database {} of '{}' has lost its stamp, so it is neither "
                    "closed nor dropped",
                    facts.database->name, name.text()),
        facts.environment->state == EnvironmentState::retiring || facts.database->half_dropped
            ? "nobody gets in any more: drop that database by hand, and try again"
            : "'reviewdb repair' stamps it again");
}

Plan finish_drop(const Facts& facts) {
    Plan plan;
    plan.target = target_of(facts);
    plan.outcome = Outcome::repaired;
    plan.again = true;
    add(plan, StepKind::drop_database, "an interrupted DROP has to be finished");
    return plan;
}

namespace {
bool has_right_stamp(const Facts& facts) {
    const auto stamp = DatabaseStamp::parse(facts.database->comment);
    return stamp && stamp->installation == facts.installation.id &&
           stamp->instance == facts.instance->id && stamp->role == facts.role->id &&
           stamp->password_version == facts.role->password_version &&
           stamp->project == facts.environment->project &&
           stamp->shielded == facts.environment->shielded && !stamp->sealed_name.empty();
}
}  // namespace

bool role_is_right(const Facts& facts) {
    const auto& login = *facts.login;
    return login.can_login && !login.privileged && !login.expires && !login.preloads &&
           login.foreign_members.empty() &&
           login.connection_limit == facts.policy.connection_limit() &&
           login.comment == role_stamp(facts.installation.id, facts.role->id);
}

std::string why_role_differs(const Facts& facts) {
    const auto& members = facts.login->foreign_members;
    if (members.empty()) return "its role's login, limits or stamp are not as they should be";
    return fmt::format("its role was granted to {}", fmt::join(members, ", "));
}

namespace {
std::string shape_with(const Facts& facts, int connections,
                       const std::vector<std::string>& settings) {
    auto shape = "key " + std::to_string(facts.installation.current_key) + ", " +
                 std::to_string(connections) + " connections";
    for (const auto& setting : settings) shape.append(", ").append(setting);
    return shape;
}

CloneChoice choice_of(const Facts& facts) {
    return choose_clone_strategy({facts.installation.server_version, facts.source->size_bytes,
                                  facts.installation.file_cloning});
}
}  // namespace

std::string shape_of(const Facts& facts) {
    return shape_with(facts, facts.policy.connection_limit(), facts.policy.database_settings());
}

Result<void> plan_new_instance(Target& target, const Facts& facts, const base::Uuid& id,
                               const std::string& wanted_template) {
    if (!facts.source) {
        return base::fail(
            ErrorKind::not_found,
            fmt::format("there is no template '{}' that could be cloned", wanted_template),
            "'reviewdb template list' shows those that it has; 'empty' is always "
            "there");
    }
    target.instance = InstanceRecord{};
    target.instance.id = id;
    target.instance.database = building_name(id);
    target.instance.database_template = facts.source->name;
    target.instance.template_version = facts.source->version;
    target.source = *facts.source;
    target.strategy = choice_of(facts).strategy;
    target.former_owner = facts.source->owner;
    target.shape = shape_of(facts);
    return {};
}

std::string why_cloned(const Facts& facts, std::string_view why) {
    if (!facts.source || !facts.source->version) return std::string(why);
    return fmt::format("{}, cloned from the template {} {}", why, facts.source->name,
                       how_cloned(facts));
}

std::string how_cloned(const Facts& facts) {
    const auto choice = choice_of(facts);
    return fmt::format("by {}: {}", to_text(choice.strategy), choice.reason);
}

std::string why_insecure(const Facts& facts) {
    const auto& database = *facts.database;
    if (!facts.login) return "its role is a new one to the server";
    if (database.open_to_public) return "PUBLIC may connect to it";
    if (!database.role_may_use) return "its role may not connect to it";
    if (!database.foreign_grantees.empty()) {
        return fmt::format("rights on it were granted to {}",
                           fmt::join(database.foreign_grantees, ", "));
    }
    if (!database.accepts_connections) return "it accepts no connections";
    if (database.connection_limit != -1) return "its database has a connection limit of its own";
    if (database.is_template) return "its database was made a template";
    if (!has_right_stamp(facts)) return "its stamp is not the right one";
    if (database.settings != facts.policy.database_settings()) {
        return "its settings are not those of the policy";
    }
    return {};
}

Target target_of(const Facts& facts) {
    Target target;
    if (facts.environment) target.environment = *facts.environment;
    if (facts.instance) target.instance = *facts.instance;
    if (facts.role) target.role = *facts.role;
    if (facts.model) target.model = *facts.model;
    if (facts.database && facts.instance) target.instance.database = facts.database->name;
    target.leaving = target.instance;
    target.final_database = target.instance.database;
    target.former_owner = target.instance.former_owner;
    target.most_builds = facts.policy.pool_builders();
    target.extensions = facts.policy.extensions();
    target.connection_limit = facts.policy.connection_limit();
    target.database_settings = facts.policy.database_settings();
    target.shape = shape_with(facts, target.connection_limit, target.database_settings);
    return target;
}

void add(Plan& plan, StepKind kind, std::string reason) {
    plan.steps.push_back({kind, std::move(reason)});
}

bool changes(const Plan& plan) {
    return std::ranges::any_of(plan.steps, [](const Step& step) {
        return step.kind != StepKind::prove_login && step.kind != StepKind::renew;
    });
}

namespace {
// What a caller did not say stays as it was.
Origin merged(const Origin& former, const Origin& now) {
    return {now.repository.empty() ? former.repository : now.repository,
            now.ref.empty() ? former.ref : now.ref,
            now.pull_request ? now.pull_request : former.pull_request,
            now.commit.empty() ? former.commit : now.commit};
}
}  // namespace

Result<void> check_admitted(const CreateWish& wish, const Facts& facts) {
    if (facts.policy.admits(wish.origin.repository)) return {};
    return base::fail(ErrorKind::denied,
                      fmt::format("the policy of project {} does not admit the repository '{}'",
                                  wish.project.text(), wish.origin.repository),
                      "see 'reviewdb config get repositories'");
}

Result<std::string> choose_final_name(const Project& project, const Name& wanted,
                                      const Facts& facts, const base::Uuid& instance) {
    const auto pattern = facts.policy.database_pattern();
    auto name = pattern.apply(project, wanted, k_longest_catalog_name);
    BASE_TRY(check_registered(facts));
    if (facts.final_name == NameHolder::somebody_else) {
        return base::fail(
            ErrorKind::conflict,
            fmt::format("there is a database {} already, owned by {}, which reviewdb did not "
                        "make for '{}'",
                        name, facts.final_name_owner, wanted.text()),
            "reviewdb never takes over what it did not make: rename that database, choose "
            "another name or project, or another database_pattern");
    }
    // What is half dropped keeps its name until it is dropped.
    const bool half_dropped =
        facts.database && facts.database->half_dropped && facts.database->name == name;
    if (facts.final_name != NameHolder::dropping_instance && !half_dropped) return name;
    return pattern.apply_beside(project, wanted, instance, k_longest_catalog_name);
}

Result<void> check_secret_name(const CreateWish& wish, const Facts& facts) {
    if (!wish.secret.empty() && !facts.secret) {
        return base::fail(
            ErrorKind::conflict,
            fmt::format("the caller expects the secret '{}', and the policy 'secrets' "
                        "of project {} is none",
                        wish.secret, wish.project.text()),
            "reviewdb config set secrets=aws");
    }
    const auto pattern = facts.policy.secret_pattern();
    if (wish.secret.empty() || facts.environment || pattern.fits(wish.project, wish.secret)) {
        return {};
    }
    return base::fail(
        ErrorKind::denied,
        fmt::format("the secret '{}' is not named as those of project {} are: {}", wish.secret,
                    wish.project.text(), pattern.text()),
        "leave the name out, or change the policy: reviewdb config set secret_pattern=…");
}

std::string secret_name(const CreateWish& wish, const Facts& facts) {
    if (!facts.secret) return {};
    if (!wish.secret.empty()) return wish.secret;
    return facts.policy.secret_pattern().apply(wish.project, wish.name, k_longest_secret_name);
}

void take_terms(const CreateWish& wish, const Facts& facts, EnvironmentRecord& record) {
    record.origin = merged(record.origin, wish.origin);
    for (const auto& [key, value] : wish.labels) record.labels[key] = value;
    const auto ttl = wish.ttl ? wish.ttl : facts.policy.ttl();
    record.expires_at = ttl ? std::optional(facts.now + *ttl) : std::nullopt;
    record.last_create_at = facts.now;
    if (wish.event_at && (!record.event_at || *record.event_at < *wish.event_at)) {
        record.event_at = wish.event_at;
    }
}

Result<Plan> plan_mending(const Wish& wish, Closed closed, const Facts& facts,
                          const FreshIdentities& fresh) {
    BASE_TRY(check_present(wish, facts));
    const CreateWish nothing_new{wish.project, wish.name, {}, {}, std::nullopt};
    return plan_making({nothing_new, Terms::keep, closed}, facts, fresh);
}

}  // namespace planning
}  // namespace environment
