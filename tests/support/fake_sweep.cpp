// SPDX-License-Identifier: Apache-2.0
//
// What src/server/sweep_observation.cpp reads and writes, on a FakeWorld.
#include <algorithm>
#include <chrono>

#include "support/fake_server.h"

namespace support {

using base::Deadline;
using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

bool FakeServer::is_known(const std::string& name, std::uint32_t oid) const {
    return std::ranges::any_of(world_.instances, [&](const auto& one) {
        const auto& record = one.second.record;
        return record.state != InstanceState::gone &&
               (record.oid == oid || record.database == name);
    });
}

std::optional<Remains> FakeServer::remains_of(const InstanceRow& row) const {
    Remains remains{row.record.id, row.record.database, {}, row.let_go_at, std::nullopt};
    if (row.size_bytes > 0) remains.size_bytes = row.size_bytes;
    const auto state = row.record.state;
    if (state == InstanceState::dropping) {
        remains.what = "its removal was not finished";
        return remains;
    }
    if (world_.is_unfinished(row) && row.made_at < world_.now - std::chrono::hours(1)) {
        remains.what = state == InstanceState::frozen
                           ? "a version of a template that was never put into service"
                       : row.purpose == "pool" ? "a build for the pool that was not finished"
                                               : "a build of a template that was not finished";
        remains.since = row.made_at;
        return remains;
    }
    if (state != InstanceState::gone || !row.role) return std::nullopt;
    const auto& role = world_.roles.at(*row.role);
    if (role.state != RoleState::pinned || world_.is_named(role.name)) return std::nullopt;
    remains.database = role.name;
    remains.what = "the role of a database that is gone; nothing names it any more";
    return remains;
}

Result<SweepFacts> FakeServer::observe_sweep(const Project& project, const std::string& repository,
                                             Deadline deadline) {
    if (fate_.dead) return death();
    connect();
    SweepFacts facts;
    facts.common = common_facts(project);
    for (const auto& [id, row] : world_.environments) {
        const auto& record = row.record;
        if (record.project != project.text() || record.state == EnvironmentState::gone) continue;
        Candidacy one{record, {}, std::nullopt, 0};
        if (record.instance) {
            const auto& instance = world_.instances.at(*record.instance);
            one.database = instance.record.database;
            if (instance.size_bytes > 0) one.size_bytes = instance.size_bytes;
        }
        const auto role = record.role ? world_.roles.at(*record.role).name : std::string();
        for (const auto& [name, database] : world_.databases) {
            one.sessions += static_cast<int>(std::ranges::count(database.sessions, role));
        }
        facts.environments.push_back(std::move(one));
    }
    std::ranges::sort(facts.environments, {}, [](const Candidacy& one) { return one.record.name; });
    BASE_TRY_ASSIGN(facts.trash, trash({}, deadline));
    std::vector<std::pair<int, Remains>> remains;
    for (const auto& [id, row] : world_.instances) {
        if (row.record.state != InstanceState::gone) facts.bytes += row.size_bytes;
        if (auto one = remains_of(row)) remains.emplace_back(row.let_go, *std::move(one));
    }
    std::ranges::sort(remains, {}, [](const auto& one) { return one.first; });
    for (auto& one : remains) facts.remains.push_back(std::move(one.second));
    const auto stamp = "reviewdb/1 " + world_.installation.id.to_string() + " ";
    for (const auto& [name, database] : world_.databases) {
        const bool ours = database.owner == k_fake_manager && database.comment.starts_with(stamp);
        if (ours && !is_known(name, database.oid)) facts.unknown.push_back(name);
    }
    const auto former = world_.sweeps.find({project.text(), repository});
    if (former != world_.sweeps.end()) facts.former = {repository, former->second};
    return facts;
}

Result<void> FakeServer::record_sweep(const Project& project, const Truth& truth,
                                      Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    world_.sweeps[{project.text(), truth.repository}] = static_cast<int>(truth.refs.size());
    return {};
}

Result<std::vector<base::Uuid>> FakeServer::gone_among(const std::vector<base::Uuid>& environments,
                                                       Deadline /*deadline*/) {
    if (fate_.dead) return death();
    connect();
    std::vector<base::Uuid> gone;
    for (const auto& id : environments) {
        const auto found = world_.environments.find(id);
        const bool is_gone = found != world_.environments.end() &&
                             found->second.record.state == EnvironmentState::gone &&
                             !found->second.is_released;
        if (is_gone) gone.push_back(id);
    }
    return gone;
}

// A registry that lost rows is for tests of a live server.
Result<std::vector<std::string>> FakeServer::adopt_unknown(const KeyTexts& /*key_texts*/,
                                                           const Actor& /*actor*/,
                                                           Deadline /*deadline*/) {
    if (fate_.dead) return death();
    return base::fail(base::ErrorKind::internal, "no stamps are read here");
}

}  // namespace support
