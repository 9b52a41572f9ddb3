// SPDX-License-Identifier: Apache-2.0
//
// What src/server/delete_steps.cpp does, on a FakeWorld.
#include <algorithm>

#include "pg/sql_state.h"
#include "support/fake_server.h"

namespace support {

using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it
namespace sql_state = pg::sql_state;

Result<void> FakeServer::record_absence(const Work& work) {
    const auto& record = work.target.environment;
    for (const auto& [id, row] : world_.environments) {
        const auto& other = row.record;
        const bool later = other.project == record.project && other.name == record.name &&
                           other.state == EnvironmentState::gone && other.retirement &&
                           other.retirement->event_at >= record.retirement->event_at;
        if (later) return {};
    }
    const auto id = base::Uuid::random();
    auto& row = world_.environments[id];
    row.record = record;
    row.record.id = id;
    row.record.state = EnvironmentState::gone;
    row.retired = ++world_.last_let_go;
    return {};
}

Result<void> FakeServer::record_retirement(const Work& work) {
    count_write();
    if (auto* row = row_of(work.target)) {
        row->record.state = EnvironmentState::retiring;
        row->record.retirement = work.target.environment.retirement;
        epoch_ = ++row->record.epoch;
    }
    return {};
}

Result<void> FakeServer::close_database(const Work& work) {
    const auto& instance = work.target.leaving;
    BASE_TRY_ASSIGN(auto* const database, alterable_database(instance.database));
    database->accepts_connections = false;
    database->is_template = false;
    return must_be(instance.database, instance, work.credentials.leaving_prefix());
}

// The role's own, wherever; other people's stay.
Result<void> FakeServer::end_sessions(const Work& work) {
    for (auto& [name, database] : world_.databases) {
        std::erase(database.sessions, work.target.role.name);
    }
    return {};
}

Result<void> FakeServer::let_go(const Work& work) {
    const auto& target = work.target;
    if (auto* row = row_of(target)) {
        row->record.state = EnvironmentState::gone;
        row->retired = ++world_.last_let_go;
    }
    auto& leaving = world_.instances.at(target.leaving.id);
    if (target.leaving.state == InstanceState::trashed) {
        tell_purged(leaving, "its time in the trash was over", work.actor);
    }
    leaving.record.state = InstanceState::dropping;
    leaving.let_go = ++world_.last_let_go;
    leaving.let_go_at = world_.now;
    for (auto& [id, row] : world_.instances) {
        const bool in_trash = row.record.state == InstanceState::trashed;
        if (in_trash && row.role == target.role.id) row.record.state = InstanceState::dropping;
    }
    if (world_.logins.contains(target.role.name)) {
        BASE_TRY_ASSIGN(auto* const login, own_login(target.role.name));
        login->can_login = false;
        login->password = base::Secret();
        login->connection_limit = 0;
    }
    if (!target.environment.name.empty()) {
        tell(work, work.plan.outcome == Outcome::deleted ? removed_as(work) : "abandoned");
    }
    return {};
}

Result<void> FakeServer::rename_for_dropping(const Work& work) {
    const auto& instance = work.target.leaving;
    const auto dropping = dropping_name(instance.id);
    if (instance.database.empty() || instance.database == dropping) return {};
    end_lock_holders(instance.database);
    BASE_TRY(rename(instance.database, dropping));
    BASE_TRY(must_be(dropping, instance, work.credentials.leaving_prefix()));
    const bool unstamped =
        instance.state != InstanceState::serving && instance.database == building_name(instance.id);
    if (unstamped) world_.databases.at(dropping).comment = work.credentials.building_stamp();
    world_.instances.at(instance.id).record.database = dropping;
    return {};
}

Result<std::string> FakeServer::bury(const Work& work) {
    const auto before = world_;
    if (!world_.databases.contains(work.target.leaving.database)) {
        BASE_TRY(let_go(work));
        const auto& leaving = work.target.leaving.id;
        world_.instances.at(leaving).record.database = dropping_name(leaving);
        return std::string();
    }
    auto done = rename_for_dropping(work);
    if (done) done = let_go(work);
    if (done) return std::string();
    world_ = before;
    if (done.error().sqlstate != sql_state::k_object_in_use) return base::fail(done.error());
    BASE_TRY(let_go(work));
    return "the database " + work.target.leaving.database + " is cut off but still held";
}

Result<void> FakeServer::drop_database(const Work& work, Mishap mishap) {
    const auto& instance = work.target.leaving;
    const auto dropping = dropping_name(instance.id);
    if (!world_.databases.contains(dropping)) {
        if (!world_.databases.contains(instance.database)) return {};
        const auto before = world_;
        auto renamed = rename_for_dropping(work);
        if (!renamed) world_ = before;
        BASE_TRY(std::move(renamed));
    }
    BASE_TRY_ASSIGN(auto* const database, own_database(dropping));
    if (!database->sessions.empty()) {
        return postgres_error(sql_state::k_object_in_use, "it cannot be dropped yet");
    }
    if (database->is_template) return postgres_error("42809", "cannot drop a template database");
    if (mishap == Mishap::half) {
        database->half_dropped = true;
    } else {
        world_.databases.erase(dropping);
    }
    return {};
}

Result<std::string> FakeServer::drop_role(const Work& work) {
    const auto& role = work.target.role;
    if (!world_.logins.contains(role.name)) return std::string();
    BASE_TRY(own_login(role.name));
    if (!world_.is_named(role.name)) {
        world_.logins.erase(role.name);
        return std::string();
    }
    world_.roles.at(role.id).state = RoleState::pinned;
    // What its resets left in the trash goes next, and the role with it.
    const bool has_more = std::ranges::any_of(world_.instances, [&](const auto& one) {
        return one.second.role == role.id && one.first != work.target.leaving.id &&
               one.second.record.state != InstanceState::gone;
    });
    if (has_more) return std::string();
    return "the role " + role.name + " stays until nothing names it";
}

Result<void> FakeServer::forget(const Work& work) {
    const auto leaving = world_.instances.find(work.target.leaving.id);
    if (leaving != world_.instances.end()) leaving->second.record.state = InstanceState::gone;
    const auto role = world_.roles.find(work.target.role.id);
    if (role != world_.roles.end() && !world_.logins.contains(work.target.role.name)) {
        role->second.state = RoleState::gone;
    }
    return {};
}

}  // namespace support
