// SPDX-License-Identifier: Apache-2.0
//
// What a FakeServer reads of templates and of the pool, by the rules of
// src/server/supply_observation.cpp and supply_sql.cpp.
#include <algorithm>

#include "environment/stamp.h"
#include "support/fake_server.h"

namespace support {

using base::Deadline;
using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

Result<Facts> FakeServer::observe_template(const TemplateSubject& subject, Purpose purpose,
                                           Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    const auto& project = subject.project.text();
    if (purpose == Purpose::work) {
        BASE_TRY(take_lock("template/" + project + "/" + subject.name,
                           "the template '" + subject.name + "'"));
    }
    auto facts = common_facts(subject.project);
    const auto* row = world_.find_template(project, subject.name);
    if (row == nullptr) return facts;
    facts.model = row->record;
    if (row->next_instance) {
        read_role(world_.instances.at(*row->next_instance).role, facts);
    }
    const auto role = facts.role ? facts.role->name : std::string();
    if (row->record.instance) {
        facts.instance = instance_of(*row->record.instance);
        facts.database = database_of(*facts.instance, role);
    }
    if (row->next_instance) {
        facts.next = instance_of(*row->next_instance);
        facts.next_database = database_of(*facts.next, role);
    }
    return facts;
}

TemplateDescription FakeServer::described(const TemplateRow& row) const {
    const auto& record = row.record;
    TemplateDescription one;
    one.record = record;
    if (record.instance) one.size_bytes = world_.instances.at(*record.instance).size_bytes;
    const auto is_of_it = [&](const InstanceRow& instance) {
        return instance.project == record.project &&
               instance.record.database_template == record.name;
    };
    one.clones =
        static_cast<int>(std::ranges::count_if(world_.environments, [&](const auto& entry) {
            const auto& environment = entry.second.record;
            return environment.state != EnvironmentState::gone && environment.instance &&
                   is_of_it(world_.instances.at(*environment.instance));
        }));
    one.warm = static_cast<int>(std::ranges::count_if(world_.instances, [&](const auto& entry) {
        return entry.second.record.state == InstanceState::warm && is_of_it(entry.second);
    }));
    return one;
}

Result<std::vector<TemplateDescription>> FakeServer::templates(const Project& project,
                                                               Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    const auto policy = Policy::from_rows(project, world_.policy);
    std::vector<TemplateDescription> all;
    for (const auto& [id, row] : world_.templates) {
        const bool counts =
            row.record.project == project.text() && row.record.state != TemplateState::gone;
        if (!counts) continue;
        all.push_back(described(row));
        all.back().is_default = policy.value("template") == row.record.name;
    }
    std::ranges::sort(all, {}, [](const auto& one) { return one.record.name; });
    return all;
}

bool FakeServer::is_sound(const InstanceRow& row) const {
    if (row.record.state == InstanceState::building) return true;
    const auto database = world_.databases.find(row.record.database);
    const auto login = world_.logins.find(world_.roles.at(*row.role).name);
    if (database == world_.databases.end() || login == world_.logins.end()) return false;
    const auto& found = database->second;
    return found.oid == row.record.oid && !found.accepts_connections && !found.half_dropped &&
           found.connection_limit == -1 && login->second.can_login &&
           found.comment.starts_with(DatabaseStamp::prefix(world_.installation.id, row.record.id));
}

Result<PoolFacts> FakeServer::observe_pool(const Project& project, Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    PoolFacts facts;
    facts.common = common_facts(project);
    for (const auto& [of, target] : world_.pool) {
        if (of.first != project.text()) continue;
        facts.targets.push_back({of.second, target, version_of(of.first, of.second)});
    }
    std::vector<const InstanceRow*> rows;
    for (const auto& [id, row] : world_.instances) {
        const auto state = row.record.state;
        if (state != InstanceState::gone) facts.headroom.bytes += row.size_bytes;
        const bool is_pooled = state == InstanceState::warm ||
                               (state == InstanceState::building && row.purpose == "pool");
        if (row.project == project.text() && is_pooled) rows.push_back(&row);
    }
    std::ranges::sort(rows, {}, &InstanceRow::made);
    for (const auto* row : rows) {
        const bool abandoned = row->record.state == InstanceState::building &&
                               !world_.locks.contains("instance/" + row->record.id.to_string());
        facts.instances.push_back(
            {row->record, world_.roles.at(*row->role), is_sound(*row), abandoned});
    }
    facts.headroom.connections = world_.connections;
    facts.headroom.connections_usable = world_.most_connections;
    return facts;
}

Result<void> FakeServer::set_pool(const Project& project, const std::string& database_template,
                                  int target, const Actor& actor, Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    const bool may_be = target == 0 || version_of(project.text(), database_template).has_value();
    if (may_be) world_.pool[{project.text(), database_template}] = target;
    if (world_.pool.contains({project.text(), database_template})) {
        world_.history.push_back({world_.now, project.text(), "", "pool",
                                  std::to_string(target) + " of template " + database_template,
                                  actor.name, actor.door, actor.program});
    }
    if (may_be) return {};
    return base::fail(base::ErrorKind::not_found, "there is no template " + database_template,
                      "'reviewdb template list' shows those that there are");
}

}  // namespace support
