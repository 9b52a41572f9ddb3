// SPDX-License-Identifier: Apache-2.0
//
// What a role made in other people's databases, through the rights of PUBLIC there, pins it. It
// goes in batches: each object takes a lock until its transaction ends, and all databases of the
// server share one table of locks.
#include <fmt/format.h>

#include "pg/quoting.h"
#include "server/live_server.h"
#include "server/session.h"

namespace server {

namespace {

using base::Deadline;
using base::Result;

// Of large objects, of which each takes one lock; and of others, which take several.
constexpr int k_batch = 500;
constexpr int k_small_batch = 40;

// Open to a session of reviewdb, and not one of its own databases: these go as a whole, or belong
// to an environment.
constexpr std::string_view k_other_databases = R"(
SELECT DISTINCT d.datname FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid
JOIN pg_roles r ON r.oid = s.refobjid
WHERE s.refclassid = 'pg_authid'::regclass AND r.rolname = $1 AND d.datallowconn
    AND NOT EXISTS (SELECT FROM registry.instance i WHERE i.oid = d.oid AND i.state <> 'gone'))";

constexpr std::string_view k_unlink = R"(
SELECT lo_unlink(o.oid) FROM (SELECT m.oid FROM pg_largeobject_metadata m
    JOIN pg_roles r ON r.oid = m.lomowner WHERE r.rolname = $1 LIMIT $2::integer) o)";

// What DROP has a word for. Views before what they show.
constexpr std::string_view k_owned = R"(
SELECT format('DROP %s %s', CASE o.type WHEN 'statistics object' THEN 'statistics' ELSE o.type END,
    o.identity) AS sql
FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid,
    pg_identify_object(s.classid, s.objid, s.objsubid) o
WHERE s.refclassid = 'pg_authid'::regclass AND r.rolname = $1 AND s.deptype = 'o'
    AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND o.type NOT IN ('large object', 'default acl')
ORDER BY o.type = 'view' DESC, o.type = 'materialized view' DESC, s.objid DESC)";

}  // namespace

void LiveServer::drop_owned_elsewhere(const std::string& role, Deadline deadline) {
    const auto rows = session_->run({std::string(k_other_databases), {role}}, deadline);
    if (!rows) return;
    for (int i = 0; i < rows->size(); ++i) {
        const auto database = (*rows)[i].text("datname");
        auto there =
            open_session(login_, database, Acting::as_manager, application_, deadline, log_);
        const auto done = there ? drop_owned_inside(*there, role, deadline)
                                : Result<void>(base::fail(std::move(there).error()));
        if (!done) {
            log_.warning("what {} left in {} stays: {}", role, database, done.error().message);
        }
    }
}

Result<void> LiveServer::drop_owned_inside(pg::Connection& there, const std::string& role,
                                           Deadline deadline) {
    const pg::Statement unlink{std::string(k_unlink), {role, std::to_string(k_batch)}};
    for (bool more = true; more;) {
        BASE_TRY_ASSIGN(const auto answers, there.run_all(as_member_of(role, {unlink}), deadline));
        more = answers[1].size() == k_batch;
    }
    bool some = true;
    while (some) {
        BASE_TRY_ASSIGN(const auto rows, there.run({std::string(k_owned), {role}}, deadline));
        if (rows.size() <= k_small_batch) break;
        BASE_TRY_ASSIGN(some, drop_each(there, role, rows, deadline));
    }
    BASE_TRY(there.run_all(
        as_member_of(role, {{fmt::format("DROP OWNED BY {}", pg::identifier(role))}}), deadline));
    return {};
}

// In small batches, and one by one where others have built upon one of them. True when any went.
Result<bool> LiveServer::drop_each(pg::Connection& there, const std::string& role,
                                   const pg::Rows& objects, Deadline deadline) {
    bool some = false;
    for (int first = 0; first < objects.size(); first += k_small_batch) {
        Statements batch;
        for (int i = first; i < objects.size() && i < first + k_small_batch; ++i) {
            batch.push_back({objects[i].text("sql")});
        }
        const auto done = there.run_all(as_member_of(role, batch), deadline);
        if (!there.alive()) return base::fail(done.error());
        some = some || done.has_value();
        for (std::size_t i = 0; !done && i < batch.size(); ++i) {
            const auto one = there.run_all(as_member_of(role, {batch[i]}), deadline);
            if (!there.alive()) return base::fail(one.error());
            some = some || one.has_value();
        }
    }
    return some;
}

}  // namespace server
