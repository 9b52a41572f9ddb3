// SPDX-License-Identifier: Apache-2.0
#include "server/operator_login.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "pg/quoting.h"
#include "server/registration.h"
#include "server/session.h"

namespace server {

using base::Deadline;
using base::ErrorKind;
using base::Result;

pg::ConnectionInfo operator_login(const pg::ConnectionInfo& known, base::Secret password) {
    pg::ConnectionInfo login;
    // What says where the server is, and how to know it; the rest is the caller's own.
    for (const auto* keyword : {"host", "hostaddr", "port", "sslmode", "sslrootcert", "sslcrl",
                                "ssl_min_protocol_version", "target_session_attrs"}) {
        login = login.with(keyword, std::string(known.get(keyword)));
    }
    return login.with("dbname", std::string(k_control_database))
        .with_login(std::string(k_operator), std::move(password));
}

base::Secret make_operator_password() {
    return base::Secret(base::to_base64url(base::random_bytes(32)));
}

Result<pg::ConnectionInfo> rotate_operator(const pg::ConnectionInfo& login,
                                           const environment::Actor& actor, Deadline deadline,
                                           base::Log& log) {
    BASE_TRY_ASSIGN(auto control, open_session(login, k_control_database, Acting::as_manager,
                                               "reviewdb/rotate", deadline, log));
    auto password = make_operator_password();
    BASE_TRY_ASSIGN(const auto verifier, control.make_verifier(password));
    // The line of history is the manager's to write, the password the login's own to change.
    auto changed = control.transact(
        {{history_sql("operator rotated", "a new password for the operator", actor)},
         {"SET LOCAL ROLE NONE"},
         {fmt::format("ALTER ROLE {} PASSWORD {}", k_operator, pg::literal(verifier))}},
        deadline);
    if (!changed && changed.error().kind == ErrorKind::denied) {
        return base::fail(
            std::move(changed).error().with_hint("the operator itself can, and a superuser"));
    }
    if (!changed) return base::fail(std::move(changed).error());
    return operator_login(login, std::move(password));
}

namespace {
Result<pg::Connection> open_as_itself(const pg::ConnectionInfo& login, Deadline deadline,
                                      base::Log& log) {
    return open_session(login, login.get("dbname"), Acting::as_itself, "reviewdb/rotate", deadline,
                        log);
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
