// SPDX-License-Identifier: Apache-2.0
//
// What src/server/change_steps.cpp does, on a FakeWorld.
#include "pg/sql_state.h"
#include "support/fake_server.h"

namespace support {

using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it
namespace sql_state = pg::sql_state;

Result<void> FakeServer::renew(const Work& work) {
    describe(work.target.environment);
    if (work.plan.outcome == Outcome::extended) tell(work);
    return {};
}

Result<void> FakeServer::record_reset(const Work& work) {
    count_write();
    BASE_TRY(insert_instance(work.target, "environment"));
    if (auto* row = row_of(work.target)) {
        row->next_instance = work.target.instance.id;
        epoch_ = ++row->record.epoch;
    }
    return {};
}

Result<void> FakeServer::swap(const Work& work) {
    const auto& target = work.target;
    const auto trashed = dropping_name(target.leaving.id);
    if (work.plan.outcome == Outcome::restored) BASE_TRY(take_from_trash(target.instance));
    end_lock_holders(target.leaving.database);
    end_lock_holders(target.instance.database);
    BASE_TRY(rename(target.leaving.database, trashed));
    BASE_TRY(must_be(trashed, target.leaving, work.credentials.leaving_prefix()));
    BASE_TRY(rename(target.instance.database, target.final_database));
    BASE_TRY(must_be(target.final_database, target.instance, work.credentials.stamp_prefix()));
    BASE_TRY_ASSIGN(auto* const database, alterable_database(target.final_database));
    database->operator_may_connect = false;
    database->accepts_connections = true;
    database->comment = work.credentials.database_stamp();
    auto& leaving = world_.instances.at(target.leaving.id);
    leaving.record.state = InstanceState::trashed;
    leaving.record.database = trashed;
    leaving.record.keep_until = target.leaving.keep_until;
    leaving.let_go = ++world_.last_let_go;
    leaving.let_go_at = world_.now;
    auto& serving = world_.instances.at(target.instance.id).record;
    BASE_TRY(check_unique(target.instance.id, target.final_database));
    serving.state = InstanceState::serving;
    serving.database = target.final_database;
    auto& row = world_.environments.at(target.environment.id);
    row.record.instance = target.instance.id;
    row.next_instance.reset();
    tell(work);
    return {};
}

Result<void> FakeServer::drop_next(const Work& work) {
    auto* row = row_of(work.target);
    if (row == nullptr || !row->next_instance) return {};
    auto& next = world_.instances.at(*row->next_instance);
    next.record.state = InstanceState::dropping;
    next.let_go = ++world_.last_let_go;
    row->next_instance.reset();
    return {};
}

Result<void> FakeServer::rotate_password(const Work& work) {
    const auto& target = work.target;
    BASE_TRY(within_lease(target));
    count_write();
    auto& role = world_.roles.at(target.role.id);
    role.password_version = target.role.password_version;
    role.key_number = target.role.key_number;
    role.source = PasswordSource::derived;
    world_.environments.at(target.environment.id).record.state = target.environment.state;
    BASE_TRY_ASSIGN(auto* const login, own_login(target.role.name));
    login->password = work.credentials.password;
    BASE_TRY_ASSIGN(auto* const database, own_database(target.instance.database));
    database->comment = work.credentials.database_stamp();
    tell(work);
    return {};
}

Result<void> FakeServer::mark_protection(const Work& work) {
    const auto& target = work.target;
    world_.environments.at(target.environment.id).record.shielded = target.environment.shielded;
    const bool there = world_.databases.contains(target.instance.database);
    if (there && target.instance.state == InstanceState::serving) {
        BASE_TRY_ASSIGN(auto* const database, own_database(target.instance.database));
        database->comment = work.credentials.database_stamp();
    }
    tell(work);
    return {};
}

Result<void> FakeServer::record_closure(const Work& work) {
    if (auto* row = row_of(work.target)) {
        row->record.state = EnvironmentState::closed;
        row->record.closed_because = work.target.environment.closed_because;
        epoch_ = ++row->record.epoch;
    }
    tell(work);
    return {};
}

Result<void> FakeServer::adopt(const Work& work) {
    const auto& target = work.target;
    auto* database = world_.find_database(target.instance.database);
    if (database == nullptr || database->oid != target.instance.oid) {
        return postgres_error(sql_state::k_not_in_prerequisite_state, "another database");
    }
    if (database->owner != k_fake_operator) {
        return postgres_error(sql_state::k_insufficient_privilege, "must be owner");
    }
    count_write();
    database->owner = k_fake_manager;
    database->comment = work.credentials.database_stamp();
    world_.roles.try_emplace(target.role.id, target.role);
    world_.instances.try_emplace(target.instance.id, InstanceRow{target.instance, target.role.id});
    auto record = target.environment;
    record.epoch = epoch_ = 1;
    world_.environments.try_emplace(record.id, EnvironmentRow{record, {}});
    tell(work);
    return {};
}

}  // namespace support
