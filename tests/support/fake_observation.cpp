// SPDX-License-Identifier: Apache-2.0
//
// What a FakeServer reads, by the rules of src/server/observe.cpp and observation_sql.cpp.
#include <algorithm>
#include <chrono>
#include <limits>
#include <set>
#include <string>
#include <tuple>

#include "support/fake_server.h"

namespace support {

using base::Deadline;
using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

Facts FakeServer::common_facts(const Project& project) const {
    Facts facts;
    facts.installation = world_.installation;
    facts.installation.is_behind = world_.writes < world_.counted_writes;
    const bool waits = std::ranges::any_of(world_.instances, [&](const auto& one) {
        const auto& [record, row] = std::tie(one.second.record, one.second);
        return record.state == InstanceState::dropping ||
               (record.state == InstanceState::trashed && record.keep_until < world_.now) ||
               (record.state == InstanceState::building && row.purpose != "environment" &&
                row.made_at < world_.now - std::chrono::hours(1));
    });
    const bool is_unpinned = std::ranges::any_of(world_.roles, [&](const auto& one) {
        const auto& role = one.second;
        return role.state == RoleState::pinned && world_.logins.contains(role.name) &&
               !world_.is_named(role.name);
    });
    facts.installation.has_leftovers = waits || is_unpinned;
    facts.installation.has_expired = std::ranges::any_of(world_.environments, [&](const auto& one) {
        const auto& record = one.second.record;
        return record.state != EnvironmentState::gone && !record.shielded && record.expires_at &&
               *record.expires_at < world_.now;
    });
    facts.now = world_.now;
    facts.policy = Policy::from_rows(project, world_.policy);
    return facts;
}

std::optional<DatabaseFacts> FakeServer::database_of(const InstanceRecord& record,
                                                     const std::string& role) const {
    auto name = record.database;
    if (!world_.databases.contains(name) && record.oid) name = world_.name_of(*record.oid);
    const auto found = world_.databases.find(name);
    if (found == world_.databases.end()) return std::nullopt;
    const auto& database = found->second;
    DatabaseFacts facts;
    facts.oid = database.oid;
    facts.name = name;
    facts.owner = database.owner;
    facts.owned_by_manager = database.owner == k_fake_manager;
    facts.accepts_connections = database.accepts_connections;
    facts.half_dropped = database.half_dropped;
    facts.open_to_public = database.open_to_public;
    facts.role_may_use = world_.logins.contains(role) && database.may_use.contains(role);
    for (const auto& user : database.may_use) {
        if (user != role) facts.foreign_grantees.push_back(user);
    }
    if (database.operator_may_connect) facts.foreign_grantees.emplace_back(k_fake_operator);
    facts.is_template = database.is_template;
    facts.connection_limit = database.half_dropped ? -2 : database.connection_limit;
    facts.comment = database.comment;
    facts.settings = database.settings;
    return facts;
}

void FakeServer::read_role(const std::optional<base::Uuid>& role, Facts& facts) const {
    if (!role) return;
    facts.role = world_.roles.at(*role);
    const auto found = world_.logins.find(facts.role->name);
    if (found == world_.logins.end()) return;
    const auto& login = found->second;
    facts.login = LoginFacts{login.oid,
                             login.can_login,
                             login.may_create || login.superuser,
                             login.expired,
                             false,
                             login.connection_limit,
                             login.comment,
                             {login.members.begin(), login.members.end()}};
}

void FakeServer::read_rows(const EnvironmentRow& row, Facts& facts) const {
    facts.environment = row.record;
    read_role(row.record.role, facts);
    const auto role = facts.role ? facts.role->name : std::string();
    if (row.record.instance) {
        facts.instance = instance_of(*row.record.instance);
        facts.database = database_of(*facts.instance, role);
    }
    if (!row.next_instance) return;
    facts.next = instance_of(*row.next_instance);
    facts.next_database = database_of(*facts.next, role);
    const auto& its_own = world_.instances.at(*row.next_instance).role;
    if (its_own && row.record.role && its_own != row.record.role) {
        facts.next_role = world_.roles.at(*its_own);
    }
}

// With whose everything in it was when it was cloned.
InstanceRecord FakeServer::instance_of(const base::Uuid& id) const {
    auto record = world_.instances.at(id).record;
    record.former_owner.clear();
    record.shape.clear();
    if (!record.template_version) return record;
    const auto& role = world_.instances.at(*record.template_version).role;
    if (role) record.former_owner = world_.roles.at(*role).name;
    return record;
}

void FakeServer::find_name_holder(const Subject& subject, Facts& facts) const {
    const auto name = facts.policy.database_pattern().apply(subject.project, subject.name,
                                                            k_longest_catalog_name);
    const auto found = world_.databases.find(name);
    if (found == world_.databases.end()) return;
    facts.final_name_owner = found->second.owner;
    facts.final_name_database = name;
    if (found->second.owner == k_fake_manager) facts.final_name_comment = found->second.comment;
    facts.final_name = NameHolder::somebody_else;
    for (const auto& [id, row] : world_.instances) {
        const auto& record = row.record;
        const bool holds = record.database == name && record.oid == found->second.oid &&
                           record.state != InstanceState::gone;
        if (!holds) continue;
        facts.final_name_comment.reset();
        if (facts.instance && facts.instance->id == id) {
            facts.final_name = NameHolder::this_instance;
        } else if (record.state == InstanceState::dropping ||
                   record.state == InstanceState::trashed) {
            facts.final_name = NameHolder::dropping_instance;
        }
    }
}

Result<Facts> FakeServer::observe(const Subject& subject, Purpose purpose, Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    const bool works = purpose == Purpose::work || purpose == Purpose::claim;
    if (works) {
        BASE_TRY(take_lock("environment/" + subject.project.text() + "/" + subject.name.text(),
                           "'" + subject.name.text() + "'"));
    }
    auto facts = common_facts(subject.project);
    const auto* row = world_.find_environment(subject.project.text(), subject.name.text());
    if (row != nullptr) {
        read_rows(*row, facts);
        epoch_ = facts.environment->epoch;
    }
    if (subject.with_tombstone) facts.tombstone = tombstone_of(subject);
    if (purpose != Purpose::recall) find_source(subject, purpose, facts);
    const bool serves = facts.instance && facts.instance->state == InstanceState::serving;
    if (works && !facts.warm && !(serves && facts.database)) find_name_holder(subject, facts);
    if (purpose == Purpose::recall && !facts.environment) find_name_holder(subject, facts);
    return facts;
}

Result<std::vector<Facts>> FakeServer::observe_all(const Project& project, Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    std::vector<Facts> all;
    for (const auto& [id, row] : world_.environments) {
        const bool counts =
            row.record.project == project.text() && row.record.state != EnvironmentState::gone;
        if (!counts) continue;
        all.push_back(common_facts(project));
        read_rows(row, all.back());
    }
    std::ranges::sort(all, {}, [](const Facts& facts) { return facts.environment->name; });
    return all;
}

std::optional<Retirement> FakeServer::tombstone_of(const Subject& subject) const {
    const EnvironmentRow* last = nullptr;
    for (const auto& [id, row] : world_.environments) {
        const auto& record = row.record;
        const bool counts = record.project == subject.project.text() &&
                            record.name == subject.name.text() && record.retirement &&
                            record.state == EnvironmentState::gone;
        if (counts && (last == nullptr || last->retired < row.retired)) last = &row;
    }
    return last == nullptr ? std::nullopt : last->record.retirement;
}

// Only where it is nobody's else: not a living environment's, and not that of another one in the
// trash.
std::optional<RoleRecord> FakeServer::leftover_role(const InstanceRow& row) const {
    if (!row.role) return std::nullopt;
    const auto& role = world_.roles.at(*row.role);
    const bool lives = std::ranges::any_of(world_.environments, [&](const auto& one) {
        return one.second.record.role == role.id &&
               one.second.record.state != EnvironmentState::gone;
    });
    const bool kept = std::ranges::any_of(world_.instances, [&](const auto& one) {
        return one.second.role == role.id && one.first != row.record.id &&
               one.second.record.state == InstanceState::trashed;
    });
    if (lives || kept || role.state == RoleState::gone) return std::nullopt;
    return role;
}

Result<std::optional<Facts>> FakeServer::observe_leftover(const Leftover& leftover,
                                                          Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    const auto key = "instance/" + leftover.instance.to_string();
    if (!take_lock(key, leftover.database)) return std::optional<Facts>();
    const auto found = world_.instances.find(leftover.instance);
    if (found == world_.instances.end()) return std::optional<Facts>();
    const auto& row = found->second;
    const auto role = leftover_role(row);
    const bool waits = row.record.state == InstanceState::dropping ||
                       row.record.state == InstanceState::trashed || world_.is_unfinished(row) ||
                       (role && role->state == RoleState::pinned);
    if (!waits) return std::optional<Facts>();
    auto facts = common_facts(*Project::parse("review"));
    facts.instance = instance_of(row.record.id);
    if (role) read_role(role->id, facts);
    facts.database = database_of(row.record, role ? role->name : std::string());
    return std::optional<Facts>(std::move(facts));
}

Result<std::vector<Leftover>> FakeServer::leftovers(int most, Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    std::vector<std::pair<std::tuple<bool, int, int>, Leftover>> found;
    for (const auto& [id, row] : world_.instances) {
        const auto state = row.record.state;
        const bool pinned = row.role && world_.roles.at(*row.role).state == RoleState::pinned;
        const bool gone = state == InstanceState::gone;
        const bool waits =
            state == InstanceState::dropping ||
            (state == InstanceState::trashed && row.record.keep_until < world_.now) ||
            world_.is_unfinished(row) || (gone && pinned);
        const int order = row.let_go == 0 ? std::numeric_limits<int>::max() : row.let_go;
        if (waits) found.push_back({{gone, order, row.made}, {id, row.record.database}});
    }
    std::ranges::sort(found, {}, [](const auto& one) { return one.first; });
    std::vector<Leftover> leftovers;
    for (const auto& one : found) {
        if (static_cast<int>(leftovers.size()) < most) leftovers.push_back(one.second);
    }
    return leftovers;
}

Result<std::vector<Listed>> FakeServer::list(const ListFilter& filter, Deadline deadline) {
    std::vector<Listed> listed;
    if (!filter.project) {
        std::set<std::string> projects;
        for (const auto& [id, row] : world_.environments) projects.insert(row.record.project);
        for (const auto& project : projects) {
            auto one = filter;
            one.project = *Project::parse(project);
            BASE_TRY_ASSIGN(const auto its, list(one, deadline));
            listed.insert(listed.end(), its.begin(), its.end());
        }
        return listed;
    }
    BASE_TRY_ASSIGN(const auto all, observe_all(*filter.project, deadline));
    for (const auto& facts : all) {
        const auto& record = *facts.environment;
        const bool wanted =
            (!filter.state || record.state == *filter.state) &&
            (!filter.name || record.name == filter.name->text()) &&
            (filter.repository.empty() || filter.repository == record.origin.repository);
        if (!wanted) continue;
        Listed one{record, {}, {}, {}, std::nullopt};
        if (facts.instance) one.database = facts.instance->database;
        if (facts.instance) one.database_template = facts.instance->database_template;
        if (facts.role) one.role = facts.role->name;
        if (filter.with_sizes && facts.database) one.size_bytes = k_fake_size;
        listed.push_back(std::move(one));
    }
    return listed;
}

Result<std::vector<HistoryEntry>> FakeServer::history(const Project& project,
                                                      const std::optional<Name>& name, int most,
                                                      Deadline /*deadline*/) {
    std::vector<HistoryEntry> entries;
    for (const auto& entry : world_.history) {
        const bool asked = entry.project == project.text() || entry.project == k_every_project;
        if (asked && (!name || entry.name == name->text())) entries.push_back(entry);
    }
    const auto many = static_cast<std::ptrdiff_t>(entries.size());
    if (many > most) entries.erase(entries.begin(), entries.begin() + (many - most));
    return entries;
}

Result<std::optional<Doubt>> FakeServer::prove(const Policy& policy, Deadline /*deadline*/) {
    if (fate_.dead) return death();
    end_transaction();
    if (!world_.is_original) {
        return std::optional(Doubt{policy.host() + " leads to another server", "ask that one"});
    }
    world_.installation.doubt.reset();
    return std::optional<Doubt>();
}

Result<Policy> FakeServer::policy(const Project& project, Deadline /*deadline*/) {
    return Policy::from_rows(project, world_.policy);
}

Result<void> FakeServer::set_policy(std::string_view project, std::string_view key,
                                    std::string_view value, const Actor& actor,
                                    Deadline /*deadline*/) {
    std::erase_if(world_.policy,
                  [&](const PolicyRow& row) { return row.project == project && row.key == key; });
    world_.policy.push_back({std::string(project), std::string(key), std::string(value)});
    world_.history.push_back({world_.now,
                              std::string(project),
                              {},
                              "policy",
                              std::string(key) + " = " + std::string(value),
                              actor.name,
                              actor.door,
                              actor.program});
    return {};
}

Result<CandidateFacts> FakeServer::observe_candidate(const Candidate& candidate,
                                                     Deadline /*deadline*/) {
    if (fate_.dead) return death();
    if (!begun_) connect();
    CandidateFacts facts;
    if (const auto* database = world_.find_database(candidate.database)) {
        facts.oid = database->oid;
        facts.owner = database->owner;
        facts.owned_by_login = database->owner == k_fake_operator;
        facts.accepts_connections = database->accepts_connections && !database->half_dropped;
        facts.is_template = database->is_template;
        facts.registry_is_behind = world_.writes < world_.counted_writes;
    }
    if (const auto* login = world_.find_login(candidate.role)) {
        facts.role_exists = true;
        facts.role_privileged = login->superuser || login->may_create || !login->can_login;
    }
    facts.recorded = std::ranges::any_of(world_.instances, [&](const auto& one) {
        const auto& record = one.second.record;
        return record.database == candidate.database && record.state != InstanceState::gone;
    });
    return facts;
}

Result<std::vector<std::string>> FakeServer::candidates(const std::string& prefix,
                                                        Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    std::vector<std::string> stages;
    for (const auto& [name, database] : world_.databases) {
        if (!name.starts_with(prefix + "_")) continue;
        auto stage = name.substr(prefix.size() + 1);
        const bool recorded = std::ranges::any_of(world_.instances, [&](const auto& one) {
            const auto& record = one.second.record;
            return record.database == name && record.state != InstanceState::gone;
        });
        if (!recorded && world_.logins.contains(prefix + "_user_" + stage)) {
            stages.push_back(std::move(stage));
        }
    }
    return stages;
}

}  // namespace support
