// SPDX-License-Identifier: Apache-2.0
#include "server/blockers.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "pg/quoting.h"
#include "server/session.h"

namespace server {

namespace {

using base::Deadline;

// Who blocks is a process, or a prepared transaction with the lock that is waited for.
constexpr std::string_view k_blockers = R"(
SELECT b.pid, NULL::text AS gid FROM unnest(pg_blocking_pids($1::integer)) AS b(pid)
WHERE b.pid <> 0
UNION
SELECT 0, p.gid FROM pg_locks w JOIN pg_locks l ON l.granted
    AND ROW(l.locktype, l.database, l.relation, l.page, l.tuple, l.transactionid, l.classid,
        l.objid, l.objsubid) IS NOT DISTINCT FROM ROW(w.locktype, w.database, w.relation, w.page,
        w.tuple, w.transactionid, w.classid, w.objid, w.objsubid)
    JOIN {} WHERE w.pid = $1::integer AND NOT w.granted)";

constexpr std::string_view k_occupants = R"(
SELECT l.pid, NULL::text AS gid FROM pg_stat_activity l WHERE l.datname = $1
UNION ALL SELECT 0, l.gid FROM pg_prepared_xacts l WHERE l.database = $1)";

// An open ALTER ROLE … IN DATABASE …, or GRANT … TO ….
constexpr std::string_view k_lockers = R"(
SELECT coalesce(l.pid, 0) AS pid, p.gid FROM pg_locks l LEFT JOIN {}
WHERE l.locktype = 'object' AND l.database = 0 AND l.granted
    AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND (l.classid = 'pg_database'::regclass
             AND l.objid = (SELECT oid FROM pg_database WHERE datname = $1)
         OR l.classid = 'pg_authid'::regclass
             AND l.objid = (SELECT oid FROM pg_roles WHERE rolname = $2)))";

constexpr std::string_view k_named_blockers = R"(
SELECT f.pid, coalesce(f.gid, '') AS gid, coalesce(a.usename, p.owner, 'unknown') AS role,
    coalesce(a.datname, p.database, '') AS database, coalesce(a.application_name, '') AS application,
    CASE WHEN NOT r.rolsuper AND EXISTS (SELECT FROM registry.role o
            WHERE o.name = r.rolname AND o.state <> 'gone') THEN 'environment'
        WHEN starts_with(a.application_name, 'reviewdb')
            AND pg_has_role(r.oid, current_user, 'MEMBER') THEN 'worker'
        ELSE 'other' END AS kind
FROM ({}) f
LEFT JOIN pg_stat_activity a ON a.pid = f.pid
LEFT JOIN pg_prepared_xacts p ON p.gid = f.gid
LEFT JOIN pg_roles r ON r.rolname = coalesce(a.usename, p.owner))";

std::string describing(std::string_view found, bool only_environments) {
    const auto all =
        fmt::format(k_named_blockers, fmt::format(fmt::runtime(found), k_prepared_of_lock));
    if (!only_environments) return all;
    return fmt::format("SELECT * FROM ({}) s WHERE kind = 'environment'", all);
}

Blocker::Kind kind_of(const std::string& word) {
    if (word == "environment") return Blocker::Kind::environment;
    return word == "worker" ? Blocker::Kind::worker : Blocker::Kind::other;
}

}  // namespace

const std::string_view k_prepared_of_lock = R"(
(SELECT x.*, t.virtualtransaction FROM pg_prepared_xacts x JOIN pg_locks t
    ON t.locktype = 'transactionid' AND t.pid IS NULL AND t.granted
        AND t.transactionid = x.transaction) p
ON l.pid IS NULL AND l.virtualtransaction = p.virtualtransaction)";

std::string Blocker::describe() const {
    if (is_prepared()) {
        return fmt::format("prepared transaction {} of {} in database {}", pg::literal(gid), role,
                           database);
    }
    return fmt::format("session {} of {} ({}) in database {}", pid, role,
                       application.empty() ? "no application name" : application, database);
}

std::string Blocker::remedy() const {
    if (is_prepared()) {
        return fmt::format("in database {}: ROLLBACK PREPARED {}", database, pg::literal(gid));
    }
    return fmt::format("SELECT pg_terminate_backend({})", pid);
}

pg::Statement blockers_of(int pid) {
    return {describing(k_blockers, false), {std::to_string(pid)}, true};
}

pg::Statement lockers_of(std::string_view database, std::string_view role) {
    return {describing(k_lockers, true), {std::string(database), std::string(role)}};
}

pg::Statement occupants_of(std::string_view database) {
    return {describing(k_occupants, true), {std::string(database)}};
}

std::vector<Blocker> read_blockers(const pg::Rows& rows) {
    std::vector<Blocker> found;
    found.reserve(static_cast<std::size_t>(rows.size()));
    for (int i = 0; i < rows.size(); ++i) {
        const auto row = rows[i];
        found.push_back({kind_of(row.text("kind")), static_cast<int>(row.integer("pid")),
                         row.text("gid"), row.text("role"), row.text("database"),
                         row.text("application")});
    }
    return found;
}

BlockWatch::BlockWatch(const pg::ConnectionInfo& login, int pid, Deadline deadline,
                       base::Log& log) {
    auto session = open_session(login, k_control_database, Acting::as_manager, "reviewdb/watch",
                                deadline, log);
    if (!session) {
        log.debug("cannot watch who blocks session {}: {}", pid, session.error().message);
        return;
    }
    thread_ = std::thread([this, pid, deadline, watcher = *std::move(session)]() mutable {
        look(std::move(watcher), pid, deadline);
    });
}

BlockWatch::~BlockWatch() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
}

void BlockWatch::look(pg::Connection session, int pid, Deadline deadline) {
    constexpr std::chrono::milliseconds k_pause(10);
    const auto statement = blockers_of(pid);
    while (!over_ && !deadline.passed()) {
        const auto rows = session.run(statement, deadline);
        if (!rows) return;
        {
            const std::lock_guard lock(mutex_);
            for (auto& one : read_blockers(*rows)) {
                if (std::ranges::find(seen_, one) == seen_.end()) seen_.push_back(std::move(one));
            }
        }
        std::this_thread::sleep_for(k_pause);
    }
}

std::vector<Blocker> BlockWatch::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(seen_, {});
}

}  // namespace server
