// SPDX-License-Identifier: Apache-2.0
#include "server/operator_login.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "pg/quoting.h"
#include "pg/sql_state.h"
#include "server/foundation.h"
#include "server/open_databases.h"
#include "server/ownership.h"
#include "server/registration.h"
#include "server/session.h"
#include "server/survey.h"
#include "server/upgrade.h"

namespace server {

using base::Deadline;
using base::ErrorKind;
using base::Result;

namespace {

constexpr std::string_view k_operator_application = "reviewdb/operator";

// $1 the role, $2 the comment of ours: what stands there, and who else may act as it.
constexpr std::string_view k_standing = R"(
SELECT coalesce(shobj_description(r.oid, 'pg_authid') = $2, false)
    AND NOT (r.rolsuper OR r.rolcreatedb OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls)
        AS ours,
    coalesce((SELECT string_agg(quote_ident(w.rolname), ', ' ORDER BY w.rolname) FROM pg_roles w
        WHERE w.oid <> r.oid AND NOT w.rolsuper AND w.rolname <> session_user
            AND pg_has_role(w.oid, r.oid, 'MEMBER')), '') AS others
FROM pg_roles r WHERE r.rolname = $1)";

// Whether the role is there. Fails conflict for one that is not ours alone.
Result<bool> stands(pg::Connection& session, const std::string& role, Deadline deadline) {
    BASE_TRY_ASSIGN(
        const auto rows,
        session.run({std::string(k_standing), {role, std::string(k_operator_comment)}}, deadline));
    if (rows.empty()) return false;
    const auto others = rows[0].text("others");
    if (rows[0].boolean("ours") && others.empty()) return true;
    return base::fail(
        ErrorKind::conflict,
        others.empty()
            ? fmt::format("there is already a role {} on this server, and reviewdb did not make it",
                          role)
            : fmt::format("the role {} cannot be trusted: {} may act as it", role, others),
        fmt::format("find out whose it is; if nobody's: DROP ROLE {}", role));
}

// The statement as whoever owns the control database: in a registry of an older program, the
// manager. Nothing where there is none.
Result<std::vector<std::string>> as_owner_of_control(pg::Connection& session,
                                                     const std::string& statement,
                                                     Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows,
                    session.run({"SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE "
                                 "datname = $1 AND pg_get_userbyid(datdba) IN ($2, $3)",
                                 {std::string(k_control_database), std::string(k_registry_owner),
                                  std::string(k_manager)}},
                                deadline));
    std::vector<std::string> statements;
    if (rows.empty()) return statements;
    const auto owner = rows[0].text("owner");
    if (auto join = join_role(session, owner); !join.empty()) statements.push_back(join);
    statements.push_back("SET LOCAL ROLE " + owner);
    statements.push_back(statement);
    statements.push_back(as_itself());
    if (auto leave = leave_role(session, owner); !leave.empty()) statements.push_back(leave);
    return statements;
}

pg::ConnectionInfo login_as(const pg::ConnectionInfo& known, const std::string& role,
                            base::Secret password) {
    pg::ConnectionInfo login;
    // What says where the server is, and how to know it; the rest is the caller's own.
    for (const auto* keyword : {"host", "hostaddr", "port", "sslmode", "sslrootcert", "sslcrl",
                                "ssl_min_protocol_version", "target_session_attrs"}) {
        login = login.with(keyword, std::string(known.get(keyword)));
    }
    return login.with("dbname", std::string(k_control_database))
        .with_login(role, std::move(password));
}

}  // namespace

pg::ConnectionInfo operator_login(const pg::ConnectionInfo& known, base::Secret password) {
    return login_as(known, std::string(k_operator), std::move(password));
}

bool is_operator(std::string_view role) {
    return role == k_operator || role.starts_with(std::string(k_operator) + "_");
}

Result<void> check_administrator(std::string_view role, std::string_view what) {
    if (!is_operator(role)) return {};
    return base::fail(ErrorKind::denied,
                      fmt::format("{} is a login for daily work, and cannot {}", role, what),
                      "use the login of the administrator that prepared the server, or a "
                      "superuser's: --server");
}

std::string operator_of(std::string_view door) { return fmt::format("{}_{}", k_operator, door); }

Result<pg::ConnectionInfo> make_operator_of(std::string_view door,
                                            const pg::ConnectionInfo& administrator,
                                            const PasswordOfDoor& password, Deadline deadline,
                                            base::Log& log) {
    BASE_TRY_ASSIGN(auto session, open_administrator(administrator, deadline, log));
    BASE_TRY(lock_preparation(session, deadline));
    const auto role = operator_of(door);
    BASE_TRY_ASSIGN(
        const auto entry,
        as_owner_of_control(
            session, fmt::format("GRANT CONNECT ON DATABASE {} TO {}", k_control_database, role),
            deadline));
    if (entry.empty()) {
        base::Error none{ErrorKind::not_found, "this server has no registry",
                         "prepare it: reviewdb init",
                         std::string(pg::sql_state::k_no_such_database)};
        return base::fail(std::move(none));
    }
    BASE_TRY_ASSIGN(const bool there, stands(session, role, deadline));
    BASE_TRY_ASSIGN(auto secret, password());
    BASE_TRY_ASSIGN(const auto verifier, session.make_verifier(secret));
    std::vector<std::string> statements;
    if (!there) {
        statements = {
            fmt::format("CREATE ROLE {} LOGIN NOINHERIT", role),
            fmt::format("COMMENT ON ROLE {} IS {}", role, pg::literal(k_operator_comment))};
    }
    statements.push_back(
        fmt::format("ALTER ROLE {} LOGIN PASSWORD {}", role, pg::literal(verifier)));
    statements.push_back(manager_grant(session.server_version(), role));
    statements.insert(statements.end(), entry.begin(), entry.end());
    auto made = all_or_none(session, statements, deadline);
    if (!made) {
        return base::fail(
            std::move(made).error().during(fmt::format("cannot make the login {}", role)));
    }
    return login_as(administrator, role, std::move(secret));
}

Result<void> drop_operator_of(std::string_view door, const pg::ConnectionInfo& administrator,
                              Deadline deadline, base::Log& log) {
    BASE_TRY_ASSIGN(auto session, open_administrator(administrator, deadline, log));
    BASE_TRY(lock_preparation(session, deadline));
    const auto role = operator_of(door);
    BASE_TRY_ASSIGN(const bool there, stands(session, role, deadline));
    if (!there) return {};
    BASE_TRY_ASSIGN(
        auto statements,
        as_owner_of_control(
            session, fmt::format("REVOKE CONNECT ON DATABASE {} FROM {}", k_control_database, role),
            deadline));
    statements.push_back(fmt::format("DROP ROLE {}", role));
    return all_or_none(session, statements, deadline);
}

Result<std::vector<std::string>> operators_of_doors(pg::Connection& session, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows,
                    session.run({"SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1) AND "
                                 "shobj_description(oid, 'pg_authid') = $2 ORDER BY rolname",
                                 {operator_of(""), std::string(k_operator_comment)}},
                                deadline));
    std::vector<std::string> roles;
    for (int i = 0; i < rows.size(); ++i) roles.push_back(rows[i].text("rolname"));
    return roles;
}

base::Secret make_operator_password() {
    return base::Secret(base::to_base64url(base::random_bytes(32)));
}

Result<pg::ConnectionInfo> rotate_operator(const pg::ConnectionInfo& login,
                                           const environment::Actor& actor, Deadline deadline,
                                           base::Log& log) {
    auto password = make_operator_password();
    const bool own = is_operator(login.get("user"));
    const auto role = own ? std::string(login.get("user")) : std::string(k_operator);
    BASE_TRY_ASSIGN(auto session, own ? open_session(login, k_control_database, Acting::as_itself,
                                                     k_operator_application, deadline, log)
                                      : open_administrator(login, deadline, log));
    BASE_TRY(stands(session, role, deadline));
    BASE_TRY_ASSIGN(const auto verifier, session.make_verifier(password));
    auto changed = session.run(
        {fmt::format("ALTER ROLE {} PASSWORD {}", role, pg::literal(verifier))}, deadline);
    if (!changed && changed.error().kind == ErrorKind::denied) {
        return base::fail(
            std::move(changed).error().with_hint("the operator itself can, and a superuser"));
    }
    if (!changed) return base::fail(std::move(changed).error());
    // The registry's rows are the operator's to write, whoever changed its password.
    auto made = login_as(login, role, std::move(password));
    BASE_TRY_ASSIGN(auto control, open_for_daily_work(made, k_operator_application, deadline, log));
    BASE_TRY(control.run({history_sql("operator rotated", "a new password for " + role, actor)},
                         deadline));
    return made;
}

namespace {
Result<pg::Connection> open_as_itself(const pg::ConnectionInfo& login, Deadline deadline,
                                      base::Log& log) {
    return open_administrator(login, deadline, log);
}
}  // namespace

Result<void> change_own_password(const pg::ConnectionInfo& login, const base::Secret& password,
                                 Deadline deadline, base::Log& log) {
    BASE_TRY_ASSIGN(auto session, open_as_itself(login, deadline, log));
    BASE_TRY_ASSIGN(const auto verifier, session.make_verifier(password));
    BASE_TRY(session.run(
        {fmt::format("ALTER ROLE CURRENT_USER PASSWORD {}", pg::literal(verifier))}, deadline));
    return {};
}

Result<void> prove_own_login(const pg::ConnectionInfo& login, Deadline deadline, base::Log& log) {
    BASE_TRY(open_as_itself(login, deadline, log));
    return {};
}

}  // namespace server
