// SPDX-License-Identifier: Apache-2.0
//
// Handing an environment over: afterwards neither a row nor a stamp says that it was ours.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "pg/quoting.h"
#include "server/live_server.h"
#include "server/session.h"

namespace server {

using base::Deadline;
using base::Result;

// The new owner's own privileges replace the manager's with the change of owner.
Result<std::string> LiveServer::hand_back(const Work& work) {
    const auto& target = work.target;
    const auto& instance = target.leaving;
    const auto database = pg::identifier(instance.database);
    const auto role = pg::identifier(target.role.name);
    BASE_TRY(check_lease(target, work.deadline));
    Statements giving = as_member_of(
        target.role.name, {{fmt::format("COMMENT ON DATABASE {} IS NULL", database)},
                           {fmt::format("COMMENT ON ROLE {} IS NULL", role)},
                           {fmt::format("ALTER DATABASE {} OWNER TO {}", database, role)}});
    Statements statements{
        {"SELECT registry.count_write()"},
        wait_briefly(),
        must_be(instance.database, instance, work.credentials.leaving_prefix()),
        work.history(),
        {"UPDATE registry.environment SET state = 'gone', retired_at = now(), "
         "retired_as = 'released', next_instance = NULL, epoch = epoch + 1 WHERE id = $1::uuid",
         {target.environment.id.to_string()}},
        {"UPDATE registry.instance SET state = 'gone', let_go_at = now() WHERE id = $1::uuid",
         {instance.id.to_string()}},
        // What its resets left in the trash is still ours.
        {"UPDATE registry.instance SET state = 'dropping' WHERE role = $1::uuid "
         "AND state = 'trashed'",
         {target.role.id.to_string()}},
        {"UPDATE registry.role SET state = 'gone' WHERE id = $1::uuid",
         {target.role.id.to_string()}}};
    std::ranges::move(giving, std::back_inserter(statements));
    auto given = despite_locks({instance.database, target.role.name}, work.deadline,
                               [&] { return run(statements, work.deadline); });
    if (!given) {
        return base::fail(std::move(given).error().during(
            fmt::format("cannot hand the database {} over to its role", instance.database)));
    }
    return who_still_administers(target.role.name, work.deadline);
}

// From 16 on whoever makes a role is a member of it for good, by a grant of the bootstrap
// superuser's that only a superuser can take back. Before that every role with CREATEROLE may
// change any other that is no superuser, and nobody can take that back.
Result<std::string> LiveServer::who_still_administers(const std::string& role, Deadline deadline) {
    if (session_->server_version() < 160000) {
        return fmt::format(
            "on Postgres 15 whoever has CREATEROLE can still change the role {}, "
            "{} among them",
            role, k_manager);
    }
    const auto rows = session_->run(
        {"SELECT format('REVOKE %I FROM %I GRANTED BY %I', r.rolname, pg_get_userbyid(m.member), "
         "pg_get_userbyid(m.grantor)) AS remedy FROM pg_auth_members m "
         "JOIN pg_roles r ON r.oid = m.roleid WHERE r.rolname = $1 ORDER BY 1",
         {role}},
        deadline);
    if (!rows || rows->empty()) return std::string();
    std::string remedies;
    for (int i = 0; i < rows->size(); ++i) {
        remedies += (remedies.empty() ? "" : "; ") + (*rows)[i].text("remedy");
    }
    return fmt::format(
        "{} made the role {} and can still change it; a superuser ends that with: {}", k_manager,
        role, remedies);
}

}  // namespace server
