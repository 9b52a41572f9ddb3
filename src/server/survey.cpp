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

// $1 manager, $2 operator, $3 control database, $4 template, $5 to $8 their comments, $9 and $10
// the registry's owner and its comment. {0}: how to ask who may act as a role, {1}: which
// memberships let somebody.
constexpr std::string_view k_survey = R"(
SELECT me.rolname AS login, me.rolsuper, me.rolcreatedb, me.rolcreaterole,
    r.oid IS NOT NULL AS owner_exists,
    coalesce(shobj_description(r.oid, 'pg_authid') = $10, false) AS owner_ours,
    coalesce(NOT (r.rolcanlogin OR r.rolsuper OR r.rolcreatedb OR r.rolcreaterole
        OR r.rolreplication OR r.rolbypassrls), false) AS owner_fit,
    m.oid IS NOT NULL AS manager_exists,
    coalesce(shobj_description(m.oid, 'pg_authid') = $5, false) AS manager_ours,
    coalesce(m.rolcreatedb AND m.rolcreaterole AND m.rolinherit AND NOT (m.rolcanlogin
        OR m.rolsuper OR m.rolreplication OR m.rolbypassrls), false) AS manager_fit,
    EXISTS (SELECT FROM pg_auth_members x WHERE x.member = me.oid AND x.roleid IN (m.oid, r.oid)
        {1}) AS is_member,
    o.oid IS NOT NULL AS operator_exists,
    coalesce(shobj_description(o.oid, 'pg_authid') = $6, false) AS operator_ours,
    coalesce(o.rolcanlogin AND NOT (o.rolsuper OR o.rolcreatedb OR o.rolcreaterole
        OR o.rolreplication OR o.rolbypassrls) AND pg_has_role(o.oid, m.oid, '{0}')
        AND has_database_privilege(o.oid, c.oid, 'CONNECT'), false) AS operator_fit,
    c.oid IS NOT NULL AS control_exists,
    coalesce(c.datdba IN (r.oid, m.oid), false) AS control_ours,
    coalesce(c.datdba = m.oid, false) AS control_is_managers,
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
    LEFT JOIN pg_roles r ON r.rolname = $9
    LEFT JOIN pg_roles o ON o.rolname = $2
    LEFT JOIN pg_database c ON c.datname = $3
    LEFT JOIN pg_database t ON t.datname = $4
WHERE me.rolname = session_user)";

// Each way to act as one of our roles, $1 the owner's name, $2 the manager's, $3 the operator's:
// through whatever other roles, and for who may grant it as well. $4: there is a registry, and who
// acts as the manager is its operators' business.
constexpr std::string_view k_others = R"(
SELECT role.rolname AS role, quote_ident(who.rolname) AS who, 'may act as it' AS how
FROM pg_roles role JOIN pg_roles who ON who.oid <> role.oid AND NOT who.rolsuper
    AND who.rolname <> session_user AND pg_has_role(who.oid, role.oid, 'MEMBER')
WHERE (role.rolname = $1 OR (NOT $4::boolean AND role.rolname IN ($2, $3)))
    AND NOT (role.rolname = $2 AND who.rolname = $3)
UNION ALL
SELECT role.rolname, coalesce(quote_ident(g.rolname), 'a role that is gone'),
    'granted it to ' || pg_get_userbyid(x.member)
FROM pg_roles role JOIN pg_auth_members x ON x.roleid = role.oid
    LEFT JOIN pg_roles g ON g.oid = x.grantor
WHERE (role.rolname = $1 OR (NOT $4::boolean AND role.rolname IN ($2, $3)))
    AND NOT coalesce(g.rolsuper OR g.rolname = session_user, false)
ORDER BY 1, 2, 3 LIMIT 1)";

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
    const std::array<Named, 5> all{{{seen.registry_owner, "role", k_registry_owner},
                                    {seen.manager, "role", k_manager},
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
    BASE_TRY_ASSIGN(
        const auto rows,
        session.run({fmt::format(k_survey, has_set ? "SET" : "MEMBER",
                                 has_set ? "AND (x.inherit_option OR x.set_option)" : ""),
                     {std::string(k_manager), std::string(k_operator),
                      std::string(k_control_database), std::string(k_empty_template),
                      std::string(k_manager_comment), std::string(k_operator_comment),
                      std::string(k_control_comment), std::string(k_template_comment),
                      std::string(k_registry_owner), std::string(k_registry_owner_comment)}},
                    deadline));
    const auto row = rows[0];
    Survey seen;
    seen.login = row.text("login");
    seen.superuser = row.boolean("rolsuper");
    seen.makes_databases = row.boolean("rolcreatedb");
    seen.makes_roles = row.boolean("rolcreaterole");
    seen.is_member = row.boolean("is_member");
    seen.enters_control = row.boolean("enters_control");
    seen.registry_owner = thing(row, "owner");
    seen.manager = thing(row, "manager");
    seen.operator_login = thing(row, "operator");
    seen.control = thing(row, "control");
    seen.control_registered = row.boolean("registered");
    seen.control_is_managers = row.boolean("control_is_managers");
    seen.empty_template = thing(row, "template");
    seen.utf8 = row.boolean("utf8");
    return seen;
}

Result<void> check_possible(const Survey& seen) {
    BASE_TRY(check_nothing_foreign(seen));
    if (seen.superuser || (seen.makes_databases && seen.makes_roles)) return {};
    const auto* lacks = seen.makes_databases ? "CREATEROLE"
                        : seen.makes_roles   ? "CREATEDB"
                                             : "CREATEDB CREATEROLE";
    return base::fail(
        ErrorKind::denied,
        fmt::format("{} may not prepare this server: it lacks {}", seen.login, lacks),
        fmt::format("a superuser can run: ALTER ROLE {} {}; or run what 'reviewdb init "
                    "--print-sql' prints",
                    pg::identifier(seen.login), lacks));
}

namespace {
Result<void> check_others(pg::Connection& session, bool owner_alone, base::Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows,
                    session.run({std::string(k_others),
                                 {std::string(k_registry_owner), std::string(k_manager),
                                  std::string(k_operator), owner_alone ? "t" : "f"}},
                                deadline));
    if (rows.empty()) return {};
    const auto role = rows[0].text("role");
    const auto who = rows[0].text("who");
    return base::fail(
        ErrorKind::conflict,
        fmt::format("the role {} cannot be trusted: {} {}; nothing was changed", role, who,
                    rows[0].text("how")),
        fmt::format("if {0} prepared this server, let it do this, too; else a superuser ends it: "
                    "REVOKE {1} FROM {0} CASCADE; or, if reviewdb was never used here: DROP ROLE "
                    "{1};",
                    who, role));
}
}  // namespace

Result<void> check_nobody_else(pg::Connection& session, const Survey& seen,
                               base::Deadline deadline) {
    return check_others(session, seen.control_registered && !seen.control_is_managers, deadline);
}

Result<void> check_owner_alone(pg::Connection& session, base::Deadline deadline) {
    return check_others(session, true, deadline);
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
