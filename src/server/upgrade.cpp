// SPDX-License-Identifier: Apache-2.0
#include "server/upgrade.h"

#include <fmt/format.h>

#include "base/interrupt.h"
#include "server/foundation.h"
#include "server/open_databases.h"
#include "server/operator_login.h"
#include "server/ownership.h"
#include "server/registration.h"
#include "server/registry_objects.h"
#include "server/session.h"
#include "server/takeover.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

// The last schema that the manager owned.
constexpr int k_last_of_the_manager = 1;
// "reviewdb" in ASCII. In the administrator's database and in the control database, for whoever
// prepares.
constexpr std::int64_t k_lock = 0x7265766965776462;

// Others are at work meanwhile: who meets them comes again.
Result<void> run_migration(pg::Connection& control, const Migration& one,
                           const environment::Actor& actor, Deadline deadline) {
    constexpr std::chrono::milliseconds k_pause(50);
    for (;;) {
        auto done = run_as_owner(control, migration_steps(one, actor), deadline);
        const bool met = !done && done.error().kind == ErrorKind::overloaded && control.alive();
        if (!met || deadline.remaining() <= k_pause) return done;
        base::pause(k_pause);
    }
}

Result<Survey> look_before(pg::Connection& session, Deadline deadline) {
    BASE_TRY_ASSIGN(auto seen, survey(session, deadline));
    BASE_TRY(check_administrator(seen.login, "upgrade the registry"));
    BASE_TRY(check_possible(seen));
    if (!seen.control.exists) {
        return base::fail(ErrorKind::not_found, "this server has no registry to upgrade",
                          "prepare it: reviewdb init, as an administrator");
    }
    BASE_TRY(check_nobody_else(session, seen, deadline));
    return seen;
}

}  // namespace

int schema_version() { return migrations().back().number; }

std::vector<std::string> migration_steps(const Migration& one, const environment::Actor& actor) {
    return {migration_statement(one.sql),
            fmt::format("UPDATE registry.installation SET schema_version = {}", one.number),
            history_sql("upgraded", fmt::format("schema {}: {}", one.number, one.name), actor)};
}

Result<void> lock_preparation(pg::Connection& session, Deadline deadline) {
    BASE_TRY(session.run_all({{"SET lock_timeout = 0"},
                              {fmt::format("SELECT pg_advisory_lock({})", k_lock)},
                              {"SET lock_timeout = '2s'"}},
                             deadline));
    return {};
}

Result<Entered> enter_registry(const pg::ConnectionInfo& administrator, Deadline deadline,
                               base::Log& log) {
    BASE_TRY_ASSIGN(auto control, open_session(administrator, k_control_database, Acting::as_itself,
                                               "reviewdb upgrade", deadline, log));
    BASE_TRY(lock_preparation(control, deadline));
    BASE_TRY_ASSIGN(const auto schema, look_at_schema(control, deadline));
    BASE_TRY(begin_as_owner(control, deadline));
    if (schema.exists) {
        BASE_TRY(check_objects(control, k_registry_owner, deadline));
    } else {
        BASE_TRY(check_empty(control, deadline));
    }
    BASE_TRY(end_as_owner(control, deadline));
    return Entered{std::move(control), schema.exists};
}

Result<std::string> policy_of_server(const pg::ConnectionInfo& administrator,
                                     const std::string& key, Deadline deadline, base::Log& log) {
    BASE_TRY_ASSIGN(auto session, open_administrator(administrator, deadline, log));
    BASE_TRY_ASSIGN(const auto seen, survey(session, deadline));
    if (!seen.registry_owner.exists || seen.control_is_managers) return std::string();
    BASE_TRY_ASSIGN(auto entered, enter_registry(administrator, deadline, log));
    if (!entered.has_registry) return std::string();
    BASE_TRY_ASSIGN(
        const auto rows,
        ask_as_owner(entered.control,
                     {"SELECT value FROM registry.policy WHERE project = '*' AND key = $1", {key}},
                     deadline));
    return rows.empty() ? std::string() : rows[0].text("value");
}

Result<Upgraded> migrate(pg::Connection& control, const environment::Actor& actor,
                         Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows,
                    ask_as_owner(control,
                                 {"SELECT schema_version, oldest_program_allowed FROM "
                                  "registry.installation"},
                                 deadline));
    if (rows.size() != 1 || rows[0].integer("oldest_program_allowed") > schema_version()) {
        return base::fail(ErrorKind::conflict,
                          "the registry on this server is for a newer reviewdb than this one",
                          "install a newer reviewdb; nothing was changed");
    }
    Upgraded done;
    done.from = done.to = static_cast<int>(rows[0].integer("schema_version"));
    for (const auto& one : migrations()) {
        if (one.number <= done.from) continue;
        BASE_TRY(run_migration(control, one, actor, deadline));
        done.to = one.number;
    }
    return done;
}

Result<Upgraded> upgrade(const pg::ConnectionInfo& administrator, const environment::Actor& actor,
                         Deadline deadline, base::Log& log) {
    BASE_TRY_ASSIGN(auto session, open_administrator(administrator, deadline, log));
    BASE_TRY(look_before(session, deadline));
    BASE_TRY(lock_preparation(session, deadline));
    BASE_TRY_ASSIGN(auto seen, look_before(session, deadline));
    BASE_TRY(make_roles(session, seen, deadline));
    const bool was_managers = seen.control_is_managers;
    if (was_managers) BASE_TRY(take_over(administrator, session, actor, deadline, log));
    BASE_TRY_ASSIGN(auto entered, enter_registry(administrator, deadline, log));
    if (!entered.has_registry) {
        return base::fail(ErrorKind::not_found, "this server has no registry to upgrade",
                          "prepare it: reviewdb init, as an administrator");
    }
    BASE_TRY_ASSIGN(auto done, migrate(entered.control, actor, deadline));
    if (was_managers) done.from = k_last_of_the_manager;
    if (seen.is_member) BASE_TRY(leave_our_roles(session, deadline));
    return done;
}

}  // namespace server
