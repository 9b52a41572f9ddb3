// SPDX-License-Identifier: Apache-2.0
//
// What src/server/build_steps.cpp does, on a FakeWorld.
#include <algorithm>

#include "pg/sql_state.h"
#include "support/fake_server.h"

namespace support {

using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it
namespace sql_state = pg::sql_state;

void FakeServer::count_write() {
    ++world_.writes;
    world_.counted_writes = world_.writes;
}

// Of the instances that are not gone, one has the name.
Result<void> FakeServer::check_unique(const base::Uuid& instance,
                                      const std::string& database) const {
    for (const auto& [id, row] : world_.instances) {
        const bool holds =
            row.record.state != InstanceState::gone && row.record.database == database;
        if (holds && id != instance) {
            return postgres_error(sql_state::k_unique_violation, "instance_database");
        }
    }
    return {};
}

// What has no database yet can still be cloned from something else.
Result<void> FakeServer::insert_instance(const Target& target, const std::string& purpose) {
    const auto known = world_.instances.find(target.instance.id);
    if (known != world_.instances.end()) {
        auto& record = known->second.record;
        if (record.oid || record.state != InstanceState::building) return {};
        record.database_template = target.instance.database_template;
        record.template_version = target.instance.template_version;
        known->second.size_bytes = target.source.size_bytes;
        return {};
    }
    BASE_TRY(check_unique(target.instance.id, target.instance.database));
    InstanceRow row{target.instance, target.role.id};
    row.record.state = InstanceState::building;
    row.record.oid.reset();
    row.record.shape = target.shape;
    row.project = target.environment.project;
    row.purpose = purpose;
    row.made = ++world_.last_made;
    row.made_at = world_.now;
    row.size_bytes = target.source.size_bytes;
    world_.instances.emplace(target.instance.id, std::move(row));
    return {};
}

Result<void> FakeServer::record_intent(const Work& work) {
    const auto& target = work.target;
    const auto& record = target.environment;
    count_write();
    auto role = target.role;
    role.state = RoleState::building;
    world_.roles.try_emplace(role.id, role);
    BASE_TRY(insert_instance(target, "environment"));
    const auto* living = world_.find_environment(record.project, record.name);
    auto* known = row_of(target);
    if (known == nullptr) {
        if (living != nullptr) {
            return postgres_error(sql_state::k_unique_violation, "environment_name");
        }
        EnvironmentRecord made;
        made.id = record.id;
        made.project = record.project;
        made.name = record.name;
        made.origin.repository = record.origin.repository;
        made.origin.ref = record.origin.ref;
        made.shielded = record.shielded;
        made.created_at = made.last_create_at = world_.now;
        known = &world_.environments.emplace(record.id, EnvironmentRow{made, {}}).first->second;
    }
    auto& row = known->record;
    if (row.instance && *row.instance != target.instance.id) {
        auto& lost = world_.instances.at(*row.instance);
        const bool there = lost.record.oid && !world_.name_of(*lost.record.oid).empty();
        lost.record.state = there ? InstanceState::dropping : InstanceState::gone;
        lost.role.reset();
        lost.let_go = ++world_.last_let_go;
    }
    ++row.epoch;
    row.instance = target.instance.id;
    row.role = target.role.id;
    row.secret = record.secret;
    epoch_ = row.epoch;
    return {};
}

Result<void> FakeServer::create_role(const Work& work) {
    const auto& name = work.target.role.name;
    if (world_.logins.contains(name)) {
        return postgres_error(sql_state::k_duplicate_object, "there is a role " + name);
    }
    auto& login = world_.logins[name];
    login.oid = world_.next_oid();
    login.password = work.credentials.password;
    login.connection_limit = work.target.connection_limit;
    login.comment = work.credentials.role_stamp();
    return {};
}

Result<void> FakeServer::create_database(const Work& work) {
    const auto& name = work.target.instance.database;
    if (world_.databases.contains(name)) {
        return postgres_error(sql_state::k_duplicate_database, "there is a database " + name);
    }
    FakeDatabase made;
    const auto& source = work.target.source.database;
    if (!source.empty()) {
        BASE_TRY_ASSIGN(const auto* const model, own_database(source));
        if (model->half_dropped || !model->sessions.empty()) {
            return postgres_error(sql_state::k_object_in_use, source + " is being accessed");
        }
        made.schema_owner = model->schema_owner;
        made.content = model->content;
        made.content_owner = model->content_owner;
        made.extensions = model->extensions;
    }
    made.oid = world_.next_oid();
    made.accepts_connections = false;
    world_.databases[name] = std::move(made);
    return {};
}

Result<void> FakeServer::secure_database(const Work& work) {
    const auto& instance = work.target.instance;
    BASE_TRY_ASSIGN(auto* const database, alterable_database(instance.database));
    if (!world_.logins.contains(work.target.role.name)) {
        return postgres_error(sql_state::k_undefined_object, "there is no such role");
    }
    const bool serving = instance.state == InstanceState::serving;
    database->open_to_public = false;
    database->may_use.clear();
    database->operator_may_connect = false;
    database->may_use.insert(work.target.role.name);
    database->may_use.erase(work.target.former_role.name);
    database->connection_limit = -1;
    database->is_template = false;
    database->settings = work.target.database_settings;
    if (!serving) database->operator_may_connect = true;
    database->comment =
        serving ? work.credentials.database_stamp() : work.credentials.building_stamp();
    database->accepts_connections = true;
    world_.instances.at(instance.id).record.oid = database->oid;
    return {};
}

Result<void> FakeServer::hand_over(const Work& work) {
    BASE_TRY(within_lease(work.target));
    BASE_TRY_ASSIGN(auto* const database, own_database(work.target.instance.database));
    if (database->half_dropped || !database->accepts_connections) {
        return postgres_error(sql_state::k_not_in_prerequisite_state, "accepts no connections");
    }
    const bool serving = work.target.instance.state == InstanceState::serving;
    if (!serving && !database->open_to_public && !database->operator_may_connect) {
        return postgres_error(sql_state::k_insufficient_privilege, "may not connect");
    }
    const auto& role = work.target.role.name;
    const auto& former = work.target.former_owner;
    BASE_TRY(own_login(role));
    if (database->schema_owner.empty()) database->schema_owner = role;
    if (former.empty()) {
        auto& owner = database->schema_owner;
        if (owner != role && owner != k_database_owner && owner != k_fake_manager) {
            return postgres_error(sql_state::k_insufficient_privilege, "must be owner of public");
        }
        owner = role;
    } else if (world_.logins.contains(former)) {
        for (auto* owner : {&database->schema_owner, &database->content_owner}) {
            if (*owner == former) *owner = role;
        }
    }
    if (serving) database->operator_may_connect = false;
    return {};
}

Result<void> FakeServer::set_password(const Work& work) {
    BASE_TRY_ASSIGN(auto* const login, own_login(work.target.role.name));
    login->password = work.credentials.password;
    return {};
}

Result<void> FakeServer::repair_role(const Work& work) {
    BASE_TRY_ASSIGN(auto* const login, own_login(work.target.role.name));
    login->can_login = true;
    login->may_create = false;
    login->expired = false;
    login->members.clear();
    login->connection_limit = work.target.connection_limit;
    login->comment = work.credentials.role_stamp();
    return {};
}

// What a create may change of the row.
EnvironmentRow& FakeServer::describe(const EnvironmentRecord& record) {
    auto& row = world_.environments.at(record.id);
    row.record.origin = record.origin;
    row.record.labels = record.labels;
    row.record.expires_at = record.expires_at;
    row.record.last_create_at = record.last_create_at;
    row.record.event_at = record.event_at;
    return row;
}

Result<void> FakeServer::claim_built(const Work& work) {
    const auto& target = work.target;
    end_lock_holders(target.instance.database);
    describe(target.environment).record.state = target.environment.state;
    if (target.instance.database != target.final_database) {
        BASE_TRY(rename(target.instance.database, target.final_database));
        auto recorded = target.instance;
        recorded.state = InstanceState::serving;
        BASE_TRY(must_be(target.final_database, recorded, work.credentials.stamp_prefix()));
    }
    BASE_TRY_ASSIGN(auto* const database, alterable_database(target.final_database));
    database->operator_may_connect = false;
    database->accepts_connections = true;
    database->comment = work.credentials.database_stamp();
    auto& instance = world_.instances.at(target.instance.id).record;
    BASE_TRY(check_unique(target.instance.id, target.final_database));
    instance.state = InstanceState::serving;
    instance.database = target.final_database;
    world_.roles.at(target.role.id).state = RoleState::serving;
    tell(work);
    return {};
}

Result<void> FakeServer::mark_ready(const Work& work) {
    auto& record = describe(work.target.environment).record;
    record.state = EnvironmentState::ready;
    record.closed_because.clear();
    const bool told = std::ranges::any_of(work.plan.steps, [](const Step& step) {
        return step.kind == StepKind::claim || step.kind == StepKind::rotate_password;
    });
    if (!told && work.plan.outcome != Outcome::restored) tell(work);
    return {};
}

}  // namespace support
