// SPDX-License-Identifier: Apache-2.0
//
// What src/server/release_step.cpp, obstacles.cpp and usage.cpp do, on a FakeWorld.
#include <algorithm>
#include <chrono>

#include "support/fake_server.h"

namespace support {

using base::Deadline;
using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

Result<void> FakeServer::hand_back(const Work& work) {
    const auto& target = work.target;
    const auto& leaving = target.leaving;
    BASE_TRY(within_lease(target));
    count_write();
    BASE_TRY(must_be(leaving.database, leaving, work.credentials.leaving_prefix()));
    tell(work);
    if (auto* row = row_of(target)) {
        row->record.state = EnvironmentState::gone;
        row->next_instance.reset();
        row->is_released = true;
        ++row->record.epoch;
    }
    world_.instances.at(leaving.id).record.state = InstanceState::gone;
    for (auto& [id, row] : world_.instances) {
        const bool in_trash = row.record.state == InstanceState::trashed;
        if (in_trash && row.role == target.role.id) row.record.state = InstanceState::dropping;
    }
    world_.roles.at(target.role.id).state = RoleState::gone;
    BASE_TRY_ASSIGN(auto* const login, own_login(target.role.name));
    login->comment.clear();
    BASE_TRY_ASSIGN(auto* const database, own_database(leaving.database));
    database->comment.clear();
    database->owner = target.role.name;
    return {};
}

Result<std::vector<Obstacle>> FakeServer::obstacles(const Target& target, Deadline /*deadline*/) {
    if (fate_.dead) return death();
    std::vector<Obstacle> all;
    using Weight = Obstacle::Weight;
    const auto& role = target.role.name;
    if (const auto* database = world_.find_database(target.leaving.database)) {
        for (const auto& owner : database->sessions) {
            const auto weight = owner == role ? Weight::goes_along : Weight::holds_database;
            all.push_back({weight, "session of " + owner, {}, {}});
        }
        const auto& locker = database->locked_by;
        const bool is_ours = std::ranges::any_of(world_.roles, [&](const auto& one) {
            return one.second.name == locker && one.second.state != RoleState::gone;
        });
        if (!locker.empty()) {
            all.push_back({is_ours ? Weight::goes_along : Weight::holds_database,
                           "a lock of session of " + locker,
                           {},
                           {}});
        }
    }
    const auto* login = world_.find_login(role);
    if (login != nullptr && login->named_elsewhere) {
        all.push_back({Weight::pins_role, "grants that name " + role, {}, {}});
    }
    return all;
}

Result<Usage> FakeServer::usage(const std::optional<Project>& project, Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    Usage usage;
    usage.project = project;
    usage.now = world_.now;
    const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(world_.now));
    usage.month_began_at = std::chrono::sys_days(today.year() / today.month() / 1);
    const auto is_meant = [&](const std::string& whose) {
        return !project || whose == project->text();
    };
    std::map<base::Uuid, const EnvironmentRecord*> living;
    for (const auto& [id, row] : world_.environments) {
        const auto& record = row.record;
        if (record.state == EnvironmentState::gone || !record.instance) continue;
        living[*record.instance] = &record;
        if (!is_meant(record.project)) continue;
        usage.secrets += record.secret.empty() ? 0 : 1;
        const bool older =
            !usage.oldest || record.created_at < usage.oldest->created_at ||
            (record.created_at == usage.oldest->created_at && record.name < usage.oldest->name);
        if (older) usage.oldest = {record.project, record.name, record.created_at};
    }
    for (const auto& [id, row] : world_.instances) {
        const auto state = row.record.state;
        if (state == InstanceState::gone) continue;
        const auto found = living.find(id);
        // Only a warm one and a template's know the project by themselves.
        if (!is_meant(found != living.end() ? found->second->project : row.project)) continue;
        const auto database = world_.databases.find(row.record.database);
        const bool there =
            database != world_.databases.end() && database->second.owner == k_fake_manager;
        auto& share = found != living.end()             ? usage.environments[found->second->state]
                      : state == InstanceState::warm    ? usage.warm
                      : state == InstanceState::frozen  ? usage.templates
                      : state == InstanceState::trashed ? usage.trash
                                                        : usage.unfinished;
        share += {1, there ? k_fake_size : 0};
        if (found != living.end() && there) {
            usage.connections += static_cast<std::int64_t>(database->second.sessions.size());
        }
    }
    usage.server_connections = world_.connections + usage.connections;
    usage.connection_limit = world_.most_connections;
    for (const auto& entry : world_.history) {
        const bool counts = is_meant(entry.project) && entry.at >= usage.month_began_at &&
                            tells_of_removal(entry.event);
        if (counts) usage.removed[entry.event] += {1, entry.size_bytes.value_or(0)};
    }
    return usage;
}

}  // namespace support
