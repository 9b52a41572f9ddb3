// SPDX-License-Identifier: Apache-2.0
#include "server/survey.h"

#include <fmt/format.h>

#include <array>

#include "pg/quoting.h"
#include "server/session.h"

namespace server {

namespace {

using base::ErrorKind;
using base::Result;

// $1 manager, $2 operator, $3 control database, $4 template, $5 to $8 their comments.
constexpr std::string_view k_survey = R"(
SELECT me.rolname AS login, me.rolsuper, me.rolcreatedb, me.rolcreaterole,
    m.oid IS NOT NULL AS manager_exists,
    coalesce(shobj_description(m.oid, 'pg_authid') = $5, false) AS manager_ours,
    coalesce(m.rolcreatedb AND m.rolcreaterole AND m.rolinherit AND NOT m.rolcanlogin, false)
        AS manager_fit,
    coalesce(pg_has_role(me.oid, m.oid, '{0}'), false) AS acts_as_manager,
    o.oid IS NOT NULL AS operator_exists,
    coalesce(shobj_description(o.oid, 'pg_authid') = $6, false) AS operator_ours,
    coalesce(o.rolcanlogin AND pg_has_role(o.oid, m.oid, '{0}')
        AND has_database_privilege(o.oid, c.oid, 'CONNECT'), false) AS operator_fit,
    c.oid IS NOT NULL AS control_exists, coalesce(c.datdba = m.oid, false) AS control_ours,
    coalesce(c.datallowconn AND NOT has_database_privilege('public', c.oid, 'CONNECT'), false)
        AS control_fit,
    coalesce(starts_with(shobj_description(c.oid, 'pg_database'), $7), false) AS registered,
    coalesce(has_database_privilege(me.oid, c.oid, 'CONNECT'), false) AS enters_control,
    t.oid IS NOT NULL AS template_exists, coalesce(t.datdba = m.oid, false) AS template_ours,
    coalesce(t.datistemplate AND NOT t.datallowconn
        AND NOT has_database_privilege('public', t.oid, 'CONNECT')
        AND shobj_description(t.oid, 'pg_database') = $8, false) AS template_fit,
    (SELECT pg_encoding_to_char(encoding) = 'UTF8' FROM pg_database WHERE datname = 'template0')
        AS utf8
FROM pg_roles me
    LEFT JOIN pg_roles m ON m.rolname = $1
    LEFT JOIN pg_roles o ON o.rolname = $2
    LEFT JOIN pg_database c ON c.datname = $3
    LEFT JOIN pg_database t ON t.datname = $4
WHERE me.rolname = session_user)";

Survey::Thing thing(const pg::Row& row, const std::string& name) {
    return {row.boolean((name + "_exists").c_str()), row.boolean((name + "_ours").c_str()),
            row.boolean((name + "_fit").c_str())};
}

std::string with_set_option(int server_version) {
    return server_version >= 160000 ? " WITH INHERIT FALSE, SET TRUE" : "";
}

Result<void> check_nothing_foreign(const Survey& seen) {
    struct Named {
        const Survey::Thing& thing;
        std::string_view kind;
        std::string_view name;
    };
    const std::array<Named, 4> all{{{seen.manager, "role", k_manager},
                                    {seen.operator_login, "role", k_operator},
                                    {seen.control, "database", k_control_database},
                                    {seen.empty_template, "database", k_empty_template}}};
    for (const auto& one : all) {
        if (!one.thing.exists || one.thing.ours) continue;
        return base::fail(
            ErrorKind::conflict,
            fmt::format("there is already a {} {} on this server, and reviewdb did "
                        "not make it; nothing was changed",
                        one.kind, one.name),
            fmt::format("find out whose it is, and rename it: ALTER {} {} RENAME TO …",
                        one.kind == "role" ? "ROLE" : "DATABASE", one.name));
    }
    return {};
}

}  // namespace

std::string manager_grant(int server_version, std::string_view role) {
    return fmt::format("GRANT {} TO {}{}", k_manager, pg::identifier(role),
                       with_set_option(server_version));
}

Result<Survey> survey(pg::Connection& session, base::Deadline deadline) {
    const bool has_set = session.server_version() >= 160000;
    BASE_TRY_ASSIGN(const auto rows,
                    session.run({fmt::format(k_survey, has_set ? "SET" : "MEMBER"),
                                 {std::string(k_manager), std::string(k_operator),
                                  std::string(k_control_database), std::string(k_empty_template),
                                  std::string(k_manager_comment), std::string(k_operator_comment),
                                  std::string(k_control_comment), std::string(k_template_comment)}},
                                deadline));
    const auto row = rows[0];
    Survey seen;
    seen.login = row.text("login");
    seen.superuser = row.boolean("rolsuper");
    seen.makes_databases = row.boolean("rolcreatedb");
    seen.makes_roles = row.boolean("rolcreaterole");
    seen.acts_as_manager = row.boolean("acts_as_manager");
    seen.enters_control = row.boolean("enters_control");
    seen.manager = thing(row, "manager");
    seen.operator_login = thing(row, "operator");
    seen.control = thing(row, "control");
    seen.control_registered = row.boolean("registered");
    seen.empty_template = thing(row, "template");
    seen.utf8 = row.boolean("utf8");
    return seen;
}

Result<void> check_possible(const Survey& seen, int server_version) {
    BASE_TRY(check_nothing_foreign(seen));
    if (seen.superuser || seen.complete()) return {};
    const bool has_both = seen.makes_databases && seen.makes_roles;
    const bool roles_stand = seen.manager.fit && seen.operator_login.exists;
    if (has_both || (roles_stand && seen.acts_as_manager)) return {};
    if (roles_stand) {
        return base::fail(ErrorKind::denied,
                          fmt::format("{} may not act as {}", seen.login, k_manager),
                          fmt::format("whoever prepared this server can run: {};",
                                      manager_grant(server_version, seen.login)));
    }
    const auto* lacks = seen.makes_databases ? "CREATEROLE"
                        : seen.makes_roles   ? "CREATEDB"
                                             : "CREATEDB CREATEROLE";
    return base::fail(
        ErrorKind::denied,
        fmt::format("{} may not prepare this server: it lacks {}", seen.login, lacks),
        fmt::format(
            "a superuser can run: ALTER ROLE {} {}; or run what 'reviewdb init --print-sql' "
            "prints",
            pg::identifier(seen.login), lacks));
}

std::string version_advice(int server_version) {
    // The first minor of each major without CVE-2026-6460, by which who may create objects becomes
    // the operating-system user of the server.
    constexpr std::array<int, 4> k_floor{150020, 160016, 170012, 180007};
    for (const auto floor : k_floor) {
        if (server_version / 10000 != floor / 10000 || server_version >= floor) continue;
        return fmt::format(
            "Postgres {}.{} has known holes through which an environment can leave "
            "its database: update it to {}.{} or later",
            server_version / 10000, server_version % 10000, floor / 10000, floor % 10000);
    }
    return {};
}

Result<std::vector<std::string>> advice(pg::Connection& session, base::Deadline deadline) {
    std::vector<std::string> remarks;
    const auto version = session.server_version();
    if (auto text = version_advice(version); !text.empty()) remarks.push_back(std::move(text));
    BASE_TRY_ASSIGN(
        const auto rows,
        session.run(
            {"SELECT current_setting('max_prepared_transactions')::int AS prepared, "
             "coalesce(current_setting('reserved_connections', true), '1')::int AS reserved, "
             "EXISTS (SELECT FROM pg_auth_members x JOIN pg_roles r ON r.oid = x.roleid "
             "JOIN pg_roles o ON o.oid = x.member WHERE o.rolname = $1 AND "
             "r.rolname = 'pg_use_reserved_connections') AS may_use_reserved",
             {std::string(k_operator)}},
            deadline));
    const auto row = rows[0];
    // The login counts, not the role that it acts as, so it has to inherit the right.
    if (version >= 160000 && !row.boolean("may_use_reserved")) {
        remarks.push_back(
            fmt::format("on a full server reviewdb is shut out, too: a superuser can run: GRANT "
                        "pg_use_reserved_connections TO {} WITH INHERIT TRUE;",
                        k_operator));
    }
    if (version >= 160000 && row.integer("reserved") == 0) {
        remarks.emplace_back(
            "no connections are reserved: a superuser can run: ALTER SYSTEM SET "
            "reserved_connections = 5; and restart the server");
    }
    if (row.integer("prepared") > 0) {
        remarks.emplace_back(
            "prepared transactions are allowed, and one that is left behind keeps its database "
            "from "
            "being dropped: where nobody needs them, ALTER SYSTEM SET max_prepared_transactions = "
            "0; "
            "and restart the server");
    }
    return remarks;
}

}  // namespace server
