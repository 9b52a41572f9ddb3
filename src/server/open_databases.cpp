// SPDX-License-Identifier: Apache-2.0
#include "server/open_databases.h"

#include <fmt/format.h>

#include "pg/quoting.h"
#include "pg/sql_state.h"
#include "server/session.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

// A row for each database and login that gets in by PUBLIC alone. Roles of ours are meant to be
// outside, superusers are always inside.
constexpr std::string_view k_open = R"(
SELECT d.datname AS database, pg_has_role(session_user, d.datdba, 'USAGE') AS mine, r.rolname AS login
FROM pg_database d
    LEFT JOIN pg_roles r ON r.rolcanlogin AND NOT r.rolsuper
        AND coalesce(shobj_description(r.oid, 'pg_authid') NOT LIKE 'reviewdb/1 %', true)
        AND r.rolname <> ALL ($3::text[])
        AND NOT EXISTS (
            SELECT FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
            WHERE a.privilege_type = 'CONNECT' AND a.grantee <> 0
                AND pg_has_role(r.oid, a.grantee, 'USAGE'))
WHERE d.datallowconn AND has_database_privilege('public', d.oid, 'CONNECT')
    AND NOT EXISTS (SELECT FROM pg_roles m WHERE m.oid = d.datdba AND m.rolname IN ($1, $2))
ORDER BY d.datname, r.rolname)";

std::string as_transaction(const std::vector<std::string>& statements) {
    std::string sql = "BEGIN;\n";
    for (const auto& one : statements) sql += one + ";\n";
    return sql + "COMMIT;";
}

}  // namespace

std::vector<std::string> closing_statements(const OpenDatabase& database) {
    const auto name = pg::identifier(database.name);
    std::vector<std::string> statements;
    for (const auto& login : database.logins_by_public_alone) {
        statements.push_back(
            fmt::format("GRANT CONNECT ON DATABASE {} TO {}", name, pg::identifier(login)));
    }
    statements.push_back(fmt::format("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", name));
    return statements;
}

Result<pg::Connection> open_administrator(const pg::ConnectionInfo& administrator,
                                          Deadline deadline, base::Log& log) {
    const auto named = administrator.get("dbname");
    // Who is in one of ours would be in the way of what is done to it.
    const bool ours = named.empty() || named == k_control_database || named == k_empty_template;
    auto session = open_session(administrator, ours ? "postgres" : named, Acting::as_itself,
                                "reviewdb init", deadline, log);
    // Before 14, the server does not know all of the settings that our sessions start with.
    const bool too_old = session ? session->server_version() < k_oldest_server
                                 : session.error().sqlstate == pg::sql_state::k_undefined_object;
    if (!too_old) return session;
    return base::fail(ErrorKind::conflict,
                      fmt::format("{} is older than Postgres {}; nothing was changed",
                                  administrator.describe(), k_oldest_server / 10000),
                      "reviewdb needs Postgres 15 or newer, better 16 or newer");
}

pg::Statement released_roles() {
    return {
        "SELECT coalesce(array_agg(r.name::text), '{}')::text AS roles FROM registry.role r "
        "JOIN registry.environment e ON e.role = r.id WHERE e.retired_as = 'released'"};
}

Result<std::vector<OpenDatabase>> open_databases(pg::Connection& session, const pg::Rows& released,
                                                 Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows,
                    session.run({std::string(k_open),
                                 {std::string(k_manager), std::string(k_registry_owner),
                                  std::string(released[0].text("roles"))}},
                                deadline));
    std::vector<OpenDatabase> all;
    for (int i = 0; i < rows.size(); ++i) {
        const auto name = rows[i].text("database");
        if (all.empty() || all.back().name != name) {
            all.push_back({name, rows[i].boolean("mine"), {}, {}});
        }
        if (!rows[i].is_null("login")) {
            all.back().logins_by_public_alone.push_back(rows[i].text("login"));
        }
    }
    for (auto& one : all) one.closing_sql = as_transaction(closing_statements(one));
    return all;
}

}  // namespace server
