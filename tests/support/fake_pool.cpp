// SPDX-License-Identifier: Apache-2.0
//
// What src/server/pool_steps.cpp does, on a FakeWorld.
#include <algorithm>

#include "pg/sql_state.h"
#include "support/fake_server.h"

namespace support {

using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it
namespace sql_state = pg::sql_state;

bool FakeServer::lacks(const Work& work) const {
    const auto& [instance, project] =
        std::tie(work.target.instance, work.target.environment.project);
    const auto target = world_.pool.find({project, instance.database_template});
    if (target == world_.pool.end()) return false;
    int there = 0;
    int builds = 0;
    for (const auto& [id, row] : world_.instances) {
        const auto& record = row.record;
        const bool is_built = record.state == InstanceState::building && row.purpose == "pool";
        const bool is_ready = record.state == InstanceState::warm &&
                              record.template_version == instance.template_version &&
                              record.shape == work.target.shape;
        const bool is_one =
            row.project == project && record.database_template == instance.database_template;
        if (is_built) ++builds;
        if (is_one && (is_built || is_ready)) ++there;
    }
    return there < target->second && builds < work.target.most_builds;
}

// The builder's lock tells everybody else that it is at work.
Result<void> FakeServer::record_warm(const Work& work) {
    const auto& [instance, role] = std::tie(work.target.instance, work.target.role);
    world_.locks.insert_or_assign("instance/" + instance.id.to_string(), session_);
    if (!lacks(work)) {
        return base::fail(base::ErrorKind::overloaded, "as many are being built as may be");
    }
    auto made = role;
    made.state = RoleState::building;
    world_.roles.emplace(role.id, made);
    BASE_TRY(insert_instance(work.target, "pool"));
    count_write();
    return {};
}

Result<void> FakeServer::shelve(const Work& work) {
    const auto& instance = work.target.instance;
    BASE_TRY_ASSIGN(auto* const database, alterable_database(instance.database));
    database->operator_may_connect = false;
    database->accepts_connections = false;
    auto& row = world_.instances.at(instance.id);
    if (row.record.state != InstanceState::building) {
        return base::fail(base::ErrorKind::in_doubt, "somebody else let go of what was built");
    }
    world_.roles.at(work.target.role.id).state = RoleState::serving;
    row.record.state = InstanceState::warm;
    row.size_bytes = k_fake_size;
    return {};
}

Result<void> FakeServer::take_warm(const Work& work) {
    const auto& [instance, shape] = std::tie(work.target.instance, work.target.shape);
    count_write();
    const auto taken =
        newest_warm(work.target.environment.project,
                    {instance.database_template, instance.template_version, {}, {}, 0},
                    [&](const InstanceRow& row) {
                        const auto* database = world_.find_database(row.record.database);
                        return row.record.shape == shape && database != nullptr &&
                               database->oid == row.record.oid;
                    });
    auto* environment = row_of(work.target);
    if (!taken || environment == nullptr) return {};
    auto& row = world_.instances.at(*taken);
    row.record.state = InstanceState::building;
    row.purpose = "environment";
    environment->next_instance = *taken;
    epoch_ = ++environment->record.epoch;
    return {};
}

Result<void> FakeServer::dismiss_owner(const Work& work) {
    const auto& former = work.target.former_role;
    if (world_.is_named(former.name)) {
        return postgres_error(sql_state::k_dependent_objects, former.name + " is named");
    }
    world_.logins.erase(former.name);
    world_.instances.at(work.target.instance.id).role = work.target.role.id;
    world_.roles.at(former.id).state = RoleState::gone;
    return {};
}

// Of what somebody is claiming at this moment it would wait for the end.
Result<void> FakeServer::discard(const Work& work) {
    const auto& id = work.target.leaving.id;
    if (!may_lock_row(id)) {
        return postgres_error(sql_state::k_lock_not_available, "somebody is claiming it");
    }
    for (auto& [model, row] : world_.templates) {
        if (row.next_instance != id) continue;
        row.next_instance.reset();
        if (row.record.state == TemplateState::building) row.record.state = TemplateState::gone;
    }
    const auto found = world_.instances.find(id);
    if (found == world_.instances.end() || world_.is_in_service(id)) return {};
    const auto state = found->second.record.state;
    const bool of_no_use = state == InstanceState::building || state == InstanceState::warm ||
                           state == InstanceState::frozen;
    if (of_no_use && state == work.target.leaving.state) let_go_of(id);
    return {};
}

}  // namespace support
