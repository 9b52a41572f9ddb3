// SPDX-License-Identifier: Apache-2.0
//
// What src/server/trash_steps.cpp does, on a FakeWorld.
#include <algorithm>
#include <tuple>

#include "pg/sql_state.h"
#include "support/fake_server.h"

namespace support {

using base::Deadline;
using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it
namespace sql_state = pg::sql_state;

Result<std::string> FakeServer::put_into_trash(const Work& work) {
    const auto& target = work.target;
    const auto before = world_;
    const auto let_go = [&]() -> Done {
        auto& row = world_.environments.at(target.environment.id);
        row.record.state = EnvironmentState::gone;
        row.retired = ++world_.last_let_go;
        auto& leaving = world_.instances.at(target.leaving.id);
        leaving.record.state = InstanceState::trashed;
        leaving.record.keep_until = target.leaving.keep_until;
        leaving.let_go = ++world_.last_let_go;
        leaving.let_go_at = world_.now;
        leaving.size_bytes = k_fake_size;
        BASE_TRY_ASSIGN(auto* const login, own_login(target.role.name));
        login->can_login = false;
        tell(work, removed_as(work));
        return {};
    };
    auto done = rename_for_dropping(work);
    if (done) done = let_go();
    if (done) return std::string();
    world_ = before;
    const auto& code = done.error().sqlstate;
    if (code != sql_state::k_object_in_use && code != sql_state::k_lock_not_available) {
        return base::fail(done.error());
    }
    BASE_TRY(let_go());
    return "the database " + target.leaving.database + " is in the trash, but keeps its name";
}

Result<void> FakeServer::take_from_trash(const InstanceRecord& instance) {
    const auto key = "instance/" + instance.id.to_string();
    if (const auto lock = world_.locks.find(key);
        lock != world_.locks.end() && lock->second != session_) {
        return base::fail(base::ErrorKind::in_doubt, "somebody is removing it for good");
    }
    auto& row = world_.instances.at(instance.id);
    if (row.record.state != InstanceState::trashed) {
        return postgres_error("40001", "it is not in the trash any more");
    }
    row.record.state = InstanceState::serving;
    row.record.keep_until.reset();
    row.let_go = 0;
    row.let_go_at = {};
    return {};
}

Result<void> FakeServer::restore(const Work& work) {
    const auto& target = work.target;
    count_write();
    BASE_TRY(take_from_trash(target.instance));
    if (target.instance.database != target.final_database) {
        BASE_TRY(rename(target.instance.database, target.final_database));
    }
    BASE_TRY(must_be(target.final_database, target.instance, work.credentials.stamp_prefix()));
    BASE_TRY_ASSIGN(auto* const database, own_database(target.final_database));
    database->comment = work.credentials.database_stamp();
    world_.instances.at(target.instance.id).record.database = target.final_database;
    if (world_.find_environment(target.environment.project, target.environment.name) != nullptr) {
        return postgres_error(sql_state::k_unique_violation, "there is one of that name");
    }
    auto& row = world_.environments[target.environment.id];
    row.record = target.environment;
    row.record.state = EnvironmentState::publishing;
    epoch_ = row.record.epoch = 1;
    tell(work, "restored");
    return {};
}

const EnvironmentRow* FakeServer::former_of(const InstanceRow& row) const {
    const EnvironmentRow* former = nullptr;
    const auto rank = [&](const EnvironmentRow& one) {
        return std::tuple(one.record.instance == row.record.id,
                          one.record.state != EnvironmentState::gone, one.retired);
    };
    for (const auto& [id, one] : world_.environments) {
        if (!row.role || one.record.role != row.role) continue;
        if (former == nullptr || rank(*former) < rank(one)) former = &one;
    }
    return former;
}

Trashed FakeServer::trashed(const InstanceRow& row) const {
    Trashed trashed;
    trashed.instance = row.record;
    trashed.instance.template_version.reset();
    trashed.role = world_.roles.at(*row.role);
    if (const auto* former = former_of(row)) {
        trashed.former = former->record;
        trashed.by_reset = former->record.instance != row.record.id;
    }
    for (const auto& [id, one] : world_.environments) {
        const bool lives = one.record.state != EnvironmentState::gone;
        if (lives && one.record.role == row.role) trashed.serves = one.record.name;
    }
    const auto found = world_.databases.find(row.record.database);
    trashed.is_there = found != world_.databases.end() && found->second.oid == row.record.oid &&
                       !found->second.half_dropped;
    trashed.let_go_at = row.let_go_at;
    if (row.size_bytes > 0) trashed.size_bytes = row.size_bytes;
    return trashed;
}

Result<std::vector<Trashed>> FakeServer::trash(const TrashFilter& filter, Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    std::vector<std::pair<int, Trashed>> found;
    for (const auto& [id, row] : world_.instances) {
        if (row.record.state != InstanceState::trashed || !row.role) continue;
        if (filter.project && row.project != filter.project->text()) continue;
        if (!id.to_string().starts_with(filter.instance)) continue;
        auto one = trashed(row);
        if (filter.name && (!one.former || one.former->name != filter.name->text())) continue;
        found.emplace_back(-row.let_go, std::move(one));
    }
    std::ranges::sort(found, {}, [](const auto& one) { return one.first; });
    std::vector<Trashed> sorted;
    sorted.reserve(found.size());
    for (auto& one : found) sorted.push_back(std::move(one.second));
    return sorted;
}

void FakeServer::tell_purged(const InstanceRow& row, const std::string& reason,
                             const Actor& actor) {
    const auto* former = former_of(row);
    world_.history.push_back({world_.now, row.project,
                              former == nullptr ? std::string() : former->record.name, "purged",
                              reason, actor.name, actor.door, actor.program});
}

Result<int> FakeServer::give_up_trash(const std::vector<base::Uuid>& instances,
                                      const std::string& reason, const Actor& actor,
                                      Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    int many = 0;
    for (const auto& id : instances) {
        auto& row = world_.instances.at(id);
        if (row.record.state != InstanceState::trashed) continue;
        tell_purged(row, reason, actor);
        row.record.state = InstanceState::dropping;
        ++many;
    }
    return many;
}

}  // namespace support
