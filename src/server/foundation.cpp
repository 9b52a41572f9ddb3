// SPDX-License-Identifier: Apache-2.0
#include "server/foundation.h"

#include <fmt/format.h>

#include "pg/quoting.h"
#include "server/ownership.h"
#include "server/session.h"

namespace server {

using base::Deadline;
using base::Result;

namespace {

// CREATE DATABASE cannot be part of a transaction, so who is no superuser is a member of the owners
// meanwhile.
Result<void> create_databases(pg::Connection& session, const Survey& seen, Deadline deadline) {
    if (seen.control.exists && seen.empty_template.exists) return {};
    if (!seen.superuser) {
        BASE_TRY(all_or_none(session,
                             {join_role(session, k_registry_owner), join_role(session, k_manager)},
                             deadline));
    }
    if (!seen.control.exists) {
        // The registry holds names in any script.
        const auto* encoding = seen.utf8 ? "" : " ENCODING 'UTF8' LOCALE 'C'";
        BASE_TRY(session.run({fmt::format("CREATE DATABASE {} OWNER {} TEMPLATE template0{} "
                                          "ALLOW_CONNECTIONS false",
                                          k_control_database, k_registry_owner, encoding)},
                             deadline));
    }
    if (!seen.empty_template.exists) {
        BASE_TRY(session.run({fmt::format("CREATE DATABASE {} OWNER {} TEMPLATE template0 "
                                          "ALLOW_CONNECTIONS false IS_TEMPLATE true",
                                          k_empty_template, k_manager)},
                             deadline));
    }
    return {};
}

// Closed to PUBLIC, and open to the operator and to this login, who can change nothing in it.
Result<void> open_control(pg::Connection& session, const Survey& seen, Deadline deadline) {
    if (seen.control.fit && seen.operator_login.fit && seen.enters_control) return {};
    std::vector<std::string> statements{
        fmt::format("REVOKE ALL ON DATABASE {} FROM PUBLIC", k_control_database),
        fmt::format("GRANT CONNECT ON DATABASE {} TO {}", k_control_database, k_operator),
        fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true", k_control_database)};
    if (!seen.superuser) {
        statements.push_back(fmt::format("GRANT CONNECT ON DATABASE {} TO {}", k_control_database,
                                         pg::identifier(seen.login)));
    }
    return run_as_owner(session, std::move(statements), deadline);
}

Result<void> close_template(pg::Connection& session, const Survey& seen, Deadline deadline) {
    if (seen.empty_template.fit) return {};
    return with_our_roles(
        session,
        {as_manager(), fmt::format("REVOKE ALL ON DATABASE {} FROM PUBLIC", k_empty_template),
         fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false IS_TEMPLATE true",
                     k_empty_template),
         fmt::format("COMMENT ON DATABASE {} IS {}", k_empty_template,
                     pg::literal(k_template_comment))},
        deadline);
}

struct RoleWish {
    std::string_view name;
    std::string_view attributes;
    std::string_view comment;
};

Result<void> make_role(pg::Connection& session, const Survey::Thing& seen, const RoleWish& wish,
                       Deadline deadline) {
    if (!seen.exists) {
        return all_or_none(
            session,
            {fmt::format("CREATE ROLE {} {}", wish.name, wish.attributes),
             fmt::format("COMMENT ON ROLE {} IS {}", wish.name, pg::literal(wish.comment))},
            deadline);
    }
    if (seen.fit) return {};
    return all_or_none(session, {fmt::format("ALTER ROLE {} {}", wish.name, wish.attributes)},
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
    const auto version = session.server_version();
    BASE_TRY(make_role(
        session, seen.registry_owner,
        {k_registry_owner, "NOLOGIN NOCREATEDB NOCREATEROLE NOINHERIT", k_registry_owner_comment},
        deadline));
    BASE_TRY(make_role(session, seen.manager,
                       {k_manager, "NOLOGIN CREATEDB CREATEROLE INHERIT", k_manager_comment},
                       deadline));
    BASE_TRY(make_role(session, seen.operator_login,
                       {k_operator, "LOGIN NOCREATEDB NOCREATEROLE NOINHERIT", k_operator_comment},
                       deadline));
    if (seen.operator_login.fit) return {};
    std::vector<std::string> statements{manager_grant(version, k_operator)};
    if (seen.superuser && version >= 160000) {
        // Asked of the login, before it acts as the manager: so it must inherit this one.
        statements.push_back(
            fmt::format("GRANT pg_use_reserved_connections TO {} WITH INHERIT TRUE", k_operator));
    }
    return all_or_none(session, statements, deadline);
}

Result<void> make_databases(pg::Connection& session, const Survey& seen, Deadline deadline) {
    BASE_TRY(create_databases(session, seen, deadline));
    // What an older program made changes its owner first.
    if (!seen.control_is_managers) BASE_TRY(open_control(session, seen, deadline));
    return close_template(session, seen, deadline);
}

}  // namespace server
