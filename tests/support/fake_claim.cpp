// SPDX-License-Identifier: Apache-2.0
//
// What src/server/claim.cpp does on a FakeWorld, and where new data come from (supply_sql.cpp).
#include <algorithm>

#include "pg/sql_state.h"
#include "support/fake_server.h"

namespace support {

using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it
namespace sql_state = pg::sql_state;

// Nothing where the project has no such template that is complete.
std::optional<CloneSource> FakeServer::version_of(const std::string& project,
                                                  const std::string& name) const {
    if (name == k_empty) return CloneSource{};
    const auto* model = world_.find_template(project, name);
    if (model == nullptr || model->record.state != TemplateState::ready) return std::nullopt;
    CloneSource source;
    source.name = name;
    source.version = model->record.instance;
    const auto& version = world_.instances.at(*source.version);
    source.database = version.record.database;
    if (version.role) source.owner = world_.roles.at(*version.role).name;
    source.size_bytes = version.size_bytes;
    return source;
}

std::optional<CloneSource> FakeServer::source_of(const Subject& subject, const Facts& facts) const {
    const auto& project = subject.project.text();
    if (!subject.wanted_template.empty()) return version_of(project, subject.wanted_template);
    std::vector<std::string> names;
    if (facts.instance) names.push_back(facts.instance->database_template);
    for (const auto& whose : {project, std::string(k_every_project)}) {
        for (const auto& row : world_.policy) {
            if (row.project == whose && row.key == "template") names.push_back(row.value);
        }
    }
    for (const auto& name : names) {
        if (auto source = version_of(project, name)) return source;
    }
    return CloneSource{};
}

bool FakeServer::may_lock_row(const base::Uuid& instance) const {
    const auto lock = world_.locks.find("row/" + instance.to_string());
    return lock == world_.locks.end() || lock->second == session_;
}

// Of those whose row nobody has locked.
std::optional<base::Uuid> FakeServer::newest_warm(
    const std::string& project, const CloneSource& source,
    const std::function<bool(const InstanceRow&)>& fits) const {
    std::optional<base::Uuid> found;
    for (const auto& [id, row] : world_.instances) {
        const auto& record = row.record;
        const bool is_one = record.state == InstanceState::warm && row.project == project &&
                            record.database_template == source.name &&
                            record.template_version == source.version && may_lock_row(id);
        const bool newer = !found || row.made > world_.instances.at(*found).made;
        if (is_one && newer && fits(row)) found = id;
    }
    return found;
}

void FakeServer::find_source(const Subject& subject, Purpose purpose, Facts& facts) {
    constexpr std::size_t k_most_avoided = 2;
    facts.source = source_of(subject, facts);
    if (!facts.source) return;
    facts.warm_there = std::ranges::any_of(world_.instances, [&](const auto& one) {
        const auto& record = one.second.record;
        return record.state == InstanceState::warm &&
               one.second.project == subject.project.text() &&
               record.database_template == facts.source->name &&
               record.template_version == facts.source->version;
    });
    const bool takes = purpose == Purpose::claim && !facts.environment && !name_taken_ &&
                       avoided_.size() <= k_most_avoided;
    if (!takes) return;
    begun_ = newest_warm(subject.project.text(), *facts.source, [&](const InstanceRow& row) {
        return std::ranges::find(avoided_, row.record.id) == avoided_.end();
    });
    if (!begun_) return;
    const auto& row = world_.instances.at(*begun_);
    facts.warm = WarmFacts{row.record, world_.roles.at(*row.role)};
    if (!may_be_given(*facts.warm, facts)) {
        facts.warm.reset();
        begun_.reset();
        return;
    }
    world_.locks.insert_or_assign("row/" + begun_->to_string(), session_);
    // Whoever can claim asks for nothing more.
    facts.source = Facts().source;
    facts.warm_there = facts.installation.is_behind = facts.installation.has_leftovers = false;
}

// Of an environment's role: nobody has a right to such a lock. Its session ends, and with it all of
// its locks.
void FakeServer::end_lock_holders(const std::string& name) {
    const auto* database = world_.find_database(name);
    if (database == nullptr) return;
    const auto holder = database->locked_by;
    const bool is_ours = std::ranges::any_of(world_.roles, [&](const auto& one) {
        return one.second.name == holder && one.second.state != RoleState::gone;
    });
    if (!is_ours) return;
    for (auto& [called, one] : world_.databases) {
        if (one.locked_by == holder) one.locked_by.clear();
    }
}

Result<void> FakeServer::claim_it(const Work& work) {
    const auto& target = work.target;
    const auto& wanted = target.environment;
    if (world_.find_environment(wanted.project, wanted.name) != nullptr) {
        return postgres_error(sql_state::k_unique_violation, "environment_name");
    }
    auto record = wanted;
    record.epoch = 1;
    record.created_at = world_.now;
    world_.environments.emplace(record.id, EnvironmentRow{record, {}});
    BASE_TRY(check_unique(target.instance.id, target.final_database));
    auto& instance = world_.instances.at(target.instance.id);
    instance.record.state = InstanceState::serving;
    instance.record.database = target.final_database;
    instance.purpose = "environment";
    BASE_TRY(rename(target.instance.database, target.final_database));
    BASE_TRY(must_be(target.final_database, target.instance, work.credentials.stamp_prefix()));
    BASE_TRY_ASSIGN(auto* const database, alterable_database(target.final_database));
    database->accepts_connections = true;
    database->comment = work.credentials.database_stamp();
    tell(work);
    return {};
}

// The end of the transaction that observe() began.
Result<std::string> FakeServer::claim_warm(const Work& work) {
    const auto& instance = work.target.instance;
    if (begun_ != instance.id) {
        return base::fail(base::ErrorKind::in_doubt, "the transaction that was begun has ended");
    }
    end_transaction();
    auto before = world_;
    const auto claimed = claim_it(work);
    if (claimed) {
        epoch_ = 1;
        if (work.plan.steps.back().kind == StepKind::claim) {
            std::erase_if(world_.locks, [&](const auto& lock) { return lock.second == session_; });
        }
        return std::string();
    }
    world_ = std::move(before);
    auto error = claimed.error();
    if (error.sqlstate == sql_state::k_lock_not_available ||
        error.sqlstate == sql_state::k_object_in_use) {
        error.sqlstate = sql_state::k_lock_not_available;
        avoided_.push_back(instance.id);
        end_lock_holders(instance.database);
    }
    const bool is_of_another = error.sqlstate == sql_state::k_no_such_database ||
                               error.sqlstate == sql_state::k_insufficient_privilege ||
                               error.sqlstate == sql_state::k_not_in_prerequisite_state;
    if (is_of_another) {
        avoided_.push_back(instance.id);
        return base::fail(base::ErrorKind::in_doubt, "it is not the one that was recorded");
    }
    if (error.sqlstate == sql_state::k_duplicate_database ||
        error.sqlstate == sql_state::k_unique_violation) {
        name_taken_ = true;
        error.kind = base::ErrorKind::in_doubt;
    }
    return base::fail(std::move(error));
}

}  // namespace support
