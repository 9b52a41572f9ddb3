// SPDX-License-Identifier: Apache-2.0
//
// What src/server/template_steps.cpp does, on a FakeWorld.
#include <fmt/format.h>

#include <algorithm>

#include "pg/sql_state.h"
#include "support/fake_server.h"

namespace support {

using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it
namespace sql_state = pg::sql_state;

void FakeServer::tell_of(const TemplateRecord& model, std::string_view event,
                         const std::string& reason, const Actor& actor) {
    world_.history.push_back({world_.now, model.project, "", fmt::format("template {}", event),
                              fmt::format("{}: {}", model.name, reason), actor.name, actor.door,
                              actor.program});
}

void FakeServer::let_go_of(const base::Uuid& instance) {
    auto& row = world_.instances.at(instance);
    row.record.state = InstanceState::dropping;
    row.let_go = ++world_.last_let_go;
}

Result<void> FakeServer::record_template(const Work& work) {
    const auto& [model, instance, role] =
        std::tie(work.target.model, work.target.instance, work.target.role);
    count_write();
    auto made = role;
    made.state = RoleState::building;
    if (!world_.roles.emplace(role.id, made).second) {
        return postgres_error(sql_state::k_unique_violation, "role_pkey");
    }
    BASE_TRY(insert_instance(work.target, "template"));
    const auto* living = world_.find_template(model.project, model.name);
    if (living != nullptr && living->record.id != model.id) {
        return postgres_error(sql_state::k_unique_violation, "template_name");
    }
    TemplateRow row;
    row.record.id = model.id;
    row.record.project = model.project;
    row.record.name = model.name;
    row.record.recipe = "{}";
    row.record.created_at = world_.now;
    world_.templates.try_emplace(model.id, row).first->second.next_instance = instance.id;
    world_.locks.try_emplace("instance/" + instance.id.to_string(), session_);
    return {};
}

Result<void> FakeServer::examine(const Work& work) const {
    const auto found = world_.databases.find(work.target.instance.database);
    if (found == world_.databases.end() || !found->second.accepts_connections) {
        return postgres_error(sql_state::k_no_such_database, "cannot look inside");
    }
    const auto& database = found->second;
    const auto& role = work.target.role.name;
    const bool foreign = (!database.content_owner.empty() && database.content_owner != role) ||
                         (!database.schema_owner.empty() && database.schema_owner != role);
    if (foreign) {
        return base::fail(base::ErrorKind::conflict,
                          "not everything in the template belongs to its role",
                          "what fills a template must make everything by its own login");
    }
    const auto& allowed = work.target.extensions;
    for (const auto& extension : database.extensions) {
        const bool is_allowed = std::ranges::find(allowed, "*") != allowed.end() ||
                                std::ranges::find(allowed, extension) != allowed.end();
        if (!is_allowed) {
            return base::fail(base::ErrorKind::denied,
                              "the policy 'extensions' does not allow " + extension, "set it");
        }
    }
    return {};
}

// The role is shut out first, and stays so whatever comes of the rest.
Result<std::string> FakeServer::freeze(const Work& work) {
    const auto& [instance, role] = std::tie(work.target.instance, work.target.role);
    BASE_TRY_ASSIGN(auto* const login, own_login(role.name));
    login->can_login = false;
    login->password = base::Secret();
    BASE_TRY(end_sessions(work));
    BASE_TRY(examine(work));
    end_lock_holders(instance.database);
    auto before = world_;
    const auto frozen = frozen_name(instance.id);
    const auto freeze_it = [&]() -> Done {
        BASE_TRY(rename(instance.database, frozen));
        BASE_TRY(must_be(frozen, instance, work.credentials.stamp_prefix()));
        BASE_TRY_ASSIGN(auto* const database, alterable_database(frozen));
        database->accepts_connections = false;
        database->operator_may_connect = false;
        database->may_use.erase(role.name);
        auto& row = world_.instances.at(instance.id);
        row.record.state = InstanceState::frozen;
        row.record.database = frozen;
        row.record.oid = database->oid;
        row.size_bytes = k_fake_size;
        return {};
    };
    const auto done = freeze_it();
    if (done) return std::string();
    world_ = std::move(before);
    return base::fail(done.error());
}

Result<void> FakeServer::publish(const Work& work) {
    const auto& [model, instance] = std::tie(work.target.model, work.target.instance);
    count_write();
    auto& row = world_.templates.at(model.id);
    if (row.record.instance) let_go_of(*row.record.instance);
    row.record.instance = instance.id;
    row.record.state = TemplateState::ready;
    row.record.source = model.source;
    row.record.recipe = model.recipe.empty() ? "{}" : model.recipe;
    row.record.digest = model.digest;
    row.record.refreshed_at = world_.now;
    row.next_instance.reset();
    world_.roles.at(work.target.role.id).state = RoleState::serving;
    BASE_TRY_ASSIGN(auto* const database, alterable_database(frozen_name(instance.id)));
    database->is_template = true;
    tell_of(model, to_text(work.plan.outcome), model.source, work.actor);
    return {};
}

Result<void> FakeServer::forget_template(const Work& work) {
    const auto& model = work.target.model;
    count_write();
    auto& row = world_.templates.at(model.id);
    row.record.state = TemplateState::gone;
    const int all_at_once = world_.last_let_go + 1;
    if (row.record.instance) let_go_of(*row.record.instance);
    row.record.instance.reset();
    for (auto& [id, instance] : world_.instances) {
        const bool is_warm = instance.record.state == InstanceState::warm &&
                             instance.project == model.project &&
                             instance.record.database_template == model.name;
        if (!is_warm) continue;
        if (!may_lock_row(id)) {
            return postgres_error(sql_state::k_lock_not_available, "somebody is claiming it");
        }
        let_go_of(id);
        instance.let_go = all_at_once;
    }
    world_.pool.erase({model.project, model.name});
    tell_of(model, "deleted", work.step.reason, work.actor);
    return {};
}

}  // namespace support
