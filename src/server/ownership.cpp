// SPDX-License-Identifier: Apache-2.0
#include "server/ownership.h"

#include <fmt/format.h>

#include <array>

#include "pg/quoting.h"
#include "server/session.h"

namespace server {

using base::Deadline;
using base::Result;

namespace {

constexpr std::array<std::string_view, 2> k_our_roles{k_registry_owner, k_manager};

bool is_superuser(const pg::Connection& session) { return session.told("is_superuser") == "on"; }

std::vector<pg::Statement> joining(const pg::Connection& session) {
    std::vector<pg::Statement> all;
    for (const auto role : k_our_roles) {
        if (auto sql = join_role(session, role); !sql.empty()) all.push_back({std::move(sql)});
    }
    return all;
}

}  // namespace

std::string join_role(const pg::Connection& session, std::string_view role) {
    if (is_superuser(session)) return {};
    const auto* options = session.server_version() >= 160000 ? " WITH INHERIT TRUE, SET TRUE" : "";
    return fmt::format("GRANT {} TO CURRENT_USER{}", pg::identifier(role), options);
}

std::string leave_role(const pg::Connection& session, std::string_view role) {
    if (is_superuser(session)) return {};
    return fmt::format("REVOKE {} FROM CURRENT_USER", pg::identifier(role));
}

std::string as_owner() { return fmt::format("SET LOCAL ROLE {}", k_registry_owner); }
std::string as_manager() { return fmt::format("SET LOCAL ROLE {}", k_manager); }
std::string as_itself() { return "SET LOCAL ROLE NONE"; }

Result<void> with_our_roles(pg::Connection& session, const std::vector<std::string>& statements,
                            Deadline deadline) {
    auto all = joining(session);
    for (const auto& one : statements) all.push_back({one});
    all.push_back({as_itself()});
    for (const auto role : k_our_roles) {
        if (auto sql = leave_role(session, role); !sql.empty()) all.push_back({std::move(sql)});
    }
    BASE_TRY(session.transact(all, deadline));
    return {};
}

Result<void> run_as_owner(pg::Connection& session, std::vector<std::string> statements,
                          Deadline deadline) {
    statements.insert(statements.begin(), as_owner());
    return with_our_roles(session, statements, deadline);
}

Result<void> leave_our_roles(pg::Connection& session, Deadline deadline) {
    for (const auto role : k_our_roles) {
        if (auto sql = leave_role(session, role); !sql.empty()) {
            BASE_TRY(session.run({std::move(sql)}, deadline));
        }
    }
    return {};
}

Result<void> begin_as_owner(pg::Connection& session, Deadline deadline) {
    auto all = joining(session);
    all.push_back({as_owner()});
    BASE_TRY(session.begin(all, deadline));
    return {};
}

// Whatever is not part of the transaction ends it.
Result<void> end_as_owner(pg::Connection& session, Deadline deadline) {
    BASE_TRY(session.run({"SELECT"}, deadline));
    return {};
}

Result<pg::Rows> ask_as_owner(pg::Connection& session, const pg::Statement& statement,
                              Deadline deadline) {
    BASE_TRY(begin_as_owner(session, deadline));
    auto rows = session.go_on(statement, deadline);
    if (rows) BASE_TRY(end_as_owner(session, deadline));
    return rows;
}

}  // namespace server
