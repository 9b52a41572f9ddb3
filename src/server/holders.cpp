// SPDX-License-Identifier: Apache-2.0
#include "server/holders.h"

#include <fmt/format.h>

#include "server/blockers.h"
#include "server/live_server.h"

namespace server {

using base::Deadline;
using base::Result;

namespace {

// Autovacuum has no user, and gives way. {}: k_prepared_of_lock.
constexpr std::string_view k_holders = R"(
SELECT format('session %s of %s (%s)', pid, usename,
              coalesce(nullif(application_name, ''), backend_type, 'unnamed')) AS who,
       format('SELECT pg_terminate_backend(%s)', pid) AS remedy, true AS bars_rename,
       usename = $2 AS goes_along, backend_start AS since
FROM pg_stat_activity
WHERE datname = $1 AND pid <> pg_backend_pid() AND usename IS NOT NULL
UNION ALL
SELECT format('active replication slot %s', slot_name),
       format('SELECT pg_terminate_backend(%s)', active_pid), true, false, NULL
FROM pg_replication_slots WHERE database = $1 AND active
UNION ALL
SELECT format('prepared transaction %L of %s', gid, owner),
       format('ALTER DATABASE %I ALLOW_CONNECTIONS true, and in it ROLLBACK PREPARED %L',
              database, gid), true, owner = $2, prepared
FROM pg_prepared_xacts WHERE database = $1
UNION ALL
SELECT format('subscription %I', subname),
       format('ALTER DATABASE %I ALLOW_CONNECTIONS true, and in it ALTER SUBSCRIPTION %I DISABLE, '
              'ALTER SUBSCRIPTION %I SET (slot_name = NONE), DROP SUBSCRIPTION %I',
              datname, subname, subname, subname), false, false, NULL
FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE datname = $1
UNION ALL
SELECT coalesce(format('a lock of session %s of %s (%s)', l.pid, a.usename, a.datname),
                format('a lock of prepared transaction %L of %s in %s', p.gid, p.owner, p.database)),
       CASE WHEN p.gid IS NULL THEN format('SELECT pg_terminate_backend(%s)', l.pid)
            ELSE format('in %I ROLLBACK PREPARED %L', p.database, p.gid) END, true,
       EXISTS (SELECT FROM registry.role r WHERE r.name = a.usename AND r.state <> 'gone'),
       coalesce(a.backend_start, p.prepared)
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    LEFT JOIN {}
WHERE l.locktype = 'object' AND l.database = 0 AND l.granted
    AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND (l.classid = 'pg_database'::regclass
             AND l.objid = (SELECT oid FROM pg_database WHERE datname = $1)
         OR l.classid = 'pg_authid'::regclass
             AND l.objid = (SELECT oid FROM pg_roles WHERE rolname = $2)))";

// The first three parts of k_holders without their texts, for one plan in place of ten.
constexpr std::string_view k_bars_rename = R"(
SELECT EXISTS (SELECT FROM pg_stat_activity
        WHERE datname = $1 AND pid <> pg_backend_pid() AND usename IS NOT NULL)
    OR EXISTS (SELECT FROM pg_replication_slots WHERE database = $1 AND active)
    OR EXISTS (SELECT FROM pg_prepared_xacts WHERE database = $1) AS bars_rename)";

void add(std::string& list, const std::string& one, std::string_view between) {
    if (list.find(one) != std::string::npos) return;
    if (!list.empty()) list += between;
    list += one;
}

}  // namespace

pg::Statement holders_of(std::string_view database, std::string_view role) {
    return {fmt::format(k_holders, k_prepared_of_lock), {std::string(database), std::string(role)}};
}

pg::Statement bars_rename(std::string_view database) {
    return {std::string(k_bars_rename), {std::string(database)}, true};
}

Holders holders_in(const pg::Rows& rows) {
    Holders holders;
    for (int i = 0; i < rows.size(); ++i) {
        holders.any = true;
        holders.bar_rename = holders.bar_rename || rows[i].boolean("bars_rename");
        add(holders.who, rows[i].text("who"), ", ");
        add(holders.remedies, rows[i].text("remedy"), "; ");
    }
    if (!holders.any) holders.who = "something that has gone by now";
    return holders;
}

std::string Holders::next_step() const {
    constexpr std::string_view k_retry = "the next create or delete drops it";
    if (!any) return std::string(k_retry);
    return fmt::format("a superuser, or whoever owns it, can end that: {}; then {}", remedies,
                       k_retry);
}

Result<Holders> LiveServer::holders(std::string_view database, std::string_view role,
                                    Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows, session_->run(holders_of(database, role), deadline));
    return holders_in(rows);
}

Result<std::string> LiveServer::what_holds(std::string_view database, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto found, holders(database, "", deadline));
    return found.who;
}

}  // namespace server
