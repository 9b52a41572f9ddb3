// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "server/holders.h"
#include "server/live_server.h"
#include "server/row_reading.h"

namespace server {

using base::Deadline;
using base::Result;
using environment::Obstacle;

namespace {

// What names the role beside its own databases, by where that is. In databases of nobody's of ours
// a delete clears up behind the role; in another environment's, only who has that can.
constexpr std::string_view k_pins = R"(
SELECT d.datname AS place, d.datallowconn AND i.oid IS NULL AS goes_along,
    count(*) FILTER (WHERE s.deptype = 'o') AS owned,
    count(*) FILTER (WHERE s.deptype <> 'o') AS named
FROM pg_shdepend s
JOIN pg_roles r ON r.oid = s.refobjid AND r.rolname = $1
JOIN pg_database d ON d.oid = CASE
    WHEN s.dbid <> 0 THEN s.dbid
    WHEN s.classid = 'pg_database'::regclass THEN s.objid END
LEFT JOIN registry.instance i ON i.oid = d.oid AND i.state <> 'gone'
WHERE s.refclassid = 'pg_authid'::regclass AND d.datname <> $2 AND i.role IS DISTINCT FROM $3::uuid
GROUP BY d.datname, d.datallowconn, i.oid ORDER BY d.datname)";

Obstacle held_by(const pg::Row& row) {
    Obstacle found;
    found.what = row.text("who");
    found.weight =
        row.boolean("goes_along") ? Obstacle::Weight::goes_along : Obstacle::Weight::holds_database;
    if (!row.boolean("goes_along")) found.remedy = row.text("remedy");
    if (!row.is_null("since")) found.since = time_of(row.integer("since"));
    return found;
}

Obstacle pinned_by(const pg::Row& row, const std::string& role) {
    const bool goes = row.boolean("goes_along");
    Obstacle found;
    found.weight = goes ? Obstacle::Weight::goes_along : Obstacle::Weight::pins_role;
    found.what = fmt::format(
        "in the database {}, {} objects of the role {} and {} grants that "
        "name it",
        row.text("place"), row.integer("owned"), role, row.integer("named"));
    return found;
}

}  // namespace

Result<std::vector<Obstacle>> LiveServer::obstacles(const environment::Target& target,
                                                    Deadline deadline) {
    BASE_TRY(connect(deadline));
    const auto& database = target.leaving.database;
    const auto& role = target.role.name;
    auto holders = holders_of(database, role);
    holders.sql =
        "SELECT DISTINCT who, remedy, goes_along, extract(epoch FROM since)::bigint AS since "
        "FROM (" +
        holders.sql + ") held ORDER BY goes_along, who";
    BASE_TRY_ASSIGN(
        const auto answers,
        session_->run_all({std::move(holders),
                           {std::string(k_pins), {role, database, target.role.id.to_string()}}},
                          deadline));
    std::vector<Obstacle> all;
    all.reserve(static_cast<std::size_t>(answers[0].size()) +
                static_cast<std::size_t>(answers[1].size()));
    for (int i = 0; i < answers[0].size(); ++i) all.push_back(held_by(answers[0][i]));
    for (int i = 0; i < answers[1].size(); ++i) all.push_back(pinned_by(answers[1][i], role));
    return all;
}

}  // namespace server
