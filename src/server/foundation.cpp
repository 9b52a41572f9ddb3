// SPDX-License-Identifier: Apache-2.0
#include "server/foundation.h"

#include <fmt/format.h>

#include "pg/quoting.h"
#include "server/session.h"

namespace server {

using base::Deadline;
using base::Result;

namespace {

Result<void> open_control(pg::Connection& session, const Survey& seen, Deadline deadline) {
    if (!seen.control.exists) {
        // The registry holds names in any script.
        const auto* encoding = seen.utf8 ? "" : " ENCODING 'UTF8' LOCALE 'C'";
        BASE_TRY(session.run({fmt::format("CREATE DATABASE {} TEMPLATE template0{} "
                                          "ALLOW_CONNECTIONS false",
                                          k_control_database, encoding)},
                             deadline));
    }
    if (seen.control.fit && seen.operator_login.fit && seen.enters_control) return {};
    std::vector<std::string> statements{
        fmt::format("REVOKE ALL ON DATABASE {} FROM PUBLIC", k_control_database),
        fmt::format("GRANT CONNECT ON DATABASE {} TO {}", k_control_database, k_operator),
        fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true", k_control_database)};
    if (!seen.superuser) {
        statements.push_back(fmt::format("GRANT CONNECT ON DATABASE {} TO {}", k_control_database,
                                         pg::identifier(seen.login)));
    }
    return all_or_none(session, statements, deadline);
}

Result<void> make_template(pg::Connection& session, const Survey& seen, Deadline deadline) {
    if (!seen.empty_template.exists) {
        BASE_TRY(session.run({fmt::format("CREATE DATABASE {} TEMPLATE template0 "
                                          "ALLOW_CONNECTIONS false IS_TEMPLATE true",
                                          k_empty_template)},
                             deadline));
    }
    if (seen.empty_template.fit) return {};
    return all_or_none(session,
                       {fmt::format("REVOKE ALL ON DATABASE {} FROM PUBLIC", k_empty_template),
                        fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false IS_TEMPLATE true",
                                    k_empty_template),
                        fmt::format("COMMENT ON DATABASE {} IS {}", k_empty_template,
                                    pg::literal(k_template_comment))},
                       deadline);
}

}  // namespace

Result<void> all_or_none(pg::Connection& session, const std::vector<std::string>& statements,
                         Deadline deadline) {
    std::vector<pg::Statement> all;
    all.reserve(statements.size());
    for (const auto& one : statements) all.push_back({one});
    BASE_TRY(session.transact(all, deadline));
    return {};
}

Result<void> make_roles(pg::Connection& session, const Survey& seen, Deadline deadline) {
    constexpr std::string_view k_attributes = "NOLOGIN CREATEDB CREATEROLE INHERIT";
    const auto version = session.server_version();
    if (!seen.manager.exists) {
        BASE_TRY(all_or_none(
            session,
            {fmt::format("CREATE ROLE {} {}", k_manager, k_attributes),
             fmt::format("COMMENT ON ROLE {} IS {}", k_manager, pg::literal(k_manager_comment))},
            deadline));
    } else if (!seen.manager.fit) {
        BASE_TRY(all_or_none(session, {fmt::format("ALTER ROLE {} {}", k_manager, k_attributes)},
                             deadline));
    }
    if (!seen.acts_as_manager) {
        const auto grant = manager_grant(version, seen.login);
        auto granted = all_or_none(session, {grant}, deadline);
        if (!granted && granted.error().kind == base::ErrorKind::denied) {
            return base::fail(std::move(granted).error().with_hint(
                fmt::format("whoever prepared this server, or a superuser, can run: {};", grant)));
        }
        BASE_TRY(std::move(granted));
    }
    std::vector<std::string> statements;
    if (!seen.operator_login.exists) {
        statements = {
            fmt::format("CREATE ROLE {} LOGIN NOINHERIT", k_operator),
            fmt::format("COMMENT ON ROLE {} IS {}", k_operator, pg::literal(k_operator_comment))};
    }
    if (!seen.operator_login.fit) statements.push_back(manager_grant(version, k_operator));
    if (!seen.operator_login.fit && seen.superuser && version >= 160000) {
        // Asked of the login, before it acts as the manager: so it must inherit this one.
        statements.push_back(
            fmt::format("GRANT pg_use_reserved_connections TO {} WITH INHERIT TRUE", k_operator));
    }
    if (statements.empty()) return {};
    return all_or_none(session, statements, deadline);
}

Result<void> make_databases(pg::Connection& session, const Survey& seen, Deadline deadline) {
    BASE_TRY(session.run({fmt::format("SET ROLE {}", k_manager)}, deadline));
    BASE_TRY(open_control(session, seen, deadline));
    BASE_TRY(make_template(session, seen, deadline));
    BASE_TRY(session.run({"RESET ROLE"}, deadline));
    return {};
}

}  // namespace server
