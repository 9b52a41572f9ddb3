// SPDX-License-Identifier: Apache-2.0
//
// The second half of an uninstall: what everything else stood on.
#include <fmt/format.h>

#include <chrono>

#include "base/interrupt.h"
#include "pg/quoting.h"
#include "server/open_databases.h"
#include "server/operator_login.h"
#include "server/ownership.h"
#include "server/registry_objects.h"
#include "server/session.h"
#include "server/survey.h"
#include "server/uninstall.h"
#include "server/uninstall_parts.h"
#include "server/upgrade.h"

namespace server {

using base::Deadline;
using base::ErrorKind;
using base::Result;

namespace uninstalling {

Result<pg::Connection> open_outside(const pg::ConnectionInfo& administrator, Deadline deadline,
                                    base::Log& log) {
    auto session = open_administrator(administrator, deadline, log);
    if (session || session.error().kind != ErrorKind::denied) return session;
    return base::fail(std::move(session).error().with_hint(
        "what drops reviewdb's databases has to be in another one: name one in the connection "
        "string that this login may connect to"));
}

Result<Control> look_at_control(pg::Connection& session, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows,
                    session.run({"SELECT datallowconn AS open, "
                                 "coalesce(shobj_description(oid, 'pg_database') = $2, false) AS "
                                 "leaving FROM pg_database WHERE datname = $1",
                                 {std::string(k_control_database), std::string(k_leaving_comment)}},
                                deadline));
    if (rows.empty()) return Control{};
    return Control{rows[0].boolean("open"), rows[0].boolean("leaving")};
}

Result<void> check_upgraded(const Survey& seen) {
    if (!seen.control_is_managers) return {};
    return base::fail(ErrorKind::conflict,
                      "the registry on this server was made by an older reviewdb, whose operators "
                      "could put code into it",
                      "upgrade it first, as an administrator: reviewdb upgrade");
}

}  // namespace uninstalling

using namespace uninstalling;  // NOLINT(google-build-using-namespace): what this file is about

namespace {

constexpr std::string_view k_application = "reviewdb/uninstall";

std::string allow(bool connections) {
    return fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS {}", k_control_database, connections);
}

class Foundation {
   public:
    Foundation(const pg::ConnectionInfo& administrator, pg::Connection& session,
               std::vector<Left>& left, Deadline deadline, base::Log& log)
        : administrator_(administrator),
          session_(session),
          left_(left),
          deadline_(deadline),
          log_(log) {}

    Result<std::vector<std::string>> remove();

   private:
    Result<void> shut_control();
    Result<void> wait_until_alone(const pg::Connection& control);
    Result<void> check_nothing_lives(pg::Connection& control);
    Result<void> open_control_again();
    Result<void> drop_database(std::string_view owner, std::string_view name,
                               const std::vector<std::string>& before);
    Result<void> drop_role(const Survey& seen, std::string_view name);

    const pg::ConnectionInfo& administrator_;
    pg::Connection& session_;
    std::vector<Left>& left_;
    Deadline deadline_;
    base::Log& log_;
    std::vector<std::string> gone_;
};

// Whoever is in it may be making something this very moment.
Result<void> Foundation::wait_until_alone(const pg::Connection& control) {
    constexpr std::chrono::seconds k_longest(10);
    constexpr std::chrono::milliseconds k_pause(100);
    const auto limit = deadline_.at_most(k_longest);
    for (;;) {
        BASE_TRY_ASSIGN(
            const auto rows,
            session_.run({"SELECT string_agg(format('session %s of %s (%s)', pid, usename, "
                          "application_name), ', ') AS who FROM pg_stat_activity WHERE datname = "
                          "$1 AND pid <> $2::integer AND usename IS NOT NULL",
                          {std::string(k_control_database), std::to_string(control.backend_pid())}},
                         deadline_));
        if (rows[0].is_null("who")) return {};
        if (limit.remaining() <= k_pause) {
            return base::fail(
                ErrorKind::conflict,
                fmt::format("somebody is at work in reviewdb's registry: {}", rows[0].text("who")),
                "wait for them or end them, and call again");
        }
        base::pause(k_pause);
    }
}

Result<void> Foundation::check_nothing_lives(pg::Connection& control) {
    BASE_TRY_ASSIGN(const auto schema, look_at_schema(control, deadline_));
    if (!schema.exists) return {};
    BASE_TRY(begin_as_owner(control, deadline_));
    BASE_TRY(check_objects(control, k_registry_owner, deadline_));
    BASE_TRY(end_as_owner(control, deadline_));
    BASE_TRY_ASSIGN(
        const auto rows,
        ask_as_owner(control,
                     {"SELECT (SELECT count(*) FROM registry.environment WHERE state <> 'gone') + "
                      "(SELECT count(*) FROM registry.instance WHERE state <> 'gone') AS living"},
                     deadline_));
    const auto living = rows[0].integer("living");
    if (living == 0) return {};
    return base::fail(ErrorKind::conflict,
                      fmt::format("the registry still has {} environments or databases, so it "
                                  "stays",
                                  living),
                      "somebody made them meanwhile, or they are held: call again");
}

// In a session of its own where the first one died: a deadline that ends in a statement ends it.
Result<void> Foundation::open_control_again() {
    const auto longer = deadline_.extended_by(std::chrono::seconds(5));
    if (session_.alive()) return run_as_owner(session_, {allow(true)}, longer);
    BASE_TRY_ASSIGN(auto another, open_outside(administrator_, longer, log_));
    return run_as_owner(another, {allow(true)}, longer);
}

// Nobody new gets in, whoever is in leaves, and then it is looked at: so nothing can be made
// between the look and the drop. After a failure people are let in again.
Result<void> Foundation::shut_control() {
    BASE_TRY_ASSIGN(const auto found, look_at_control(session_, deadline_));
    if (!found.open && found.seen_empty) return {};
    // A process that died here left it shut.
    if (!found.open) BASE_TRY(run_as_owner(session_, {allow(true)}, deadline_));
    BASE_TRY_ASSIGN(auto control, open_session(administrator_, k_control_database,
                                               Acting::as_itself, k_application, deadline_, log_));
    BASE_TRY(lock_preparation(control, deadline_));
    // The mark of a call that died says nothing about what was made since.
    std::vector<std::string> shut{allow(false)};
    if (found.seen_empty) {
        shut.push_back(fmt::format("COMMENT ON DATABASE {} IS NULL", k_control_database));
    }
    auto empty = run_as_owner(session_, std::move(shut), deadline_);
    if (empty) empty = wait_until_alone(control);
    if (empty) empty = check_nothing_lives(control);
    // It may have failed within its transaction.
    if (!empty && control.alive()) {
        BASE_TRY(end_as_owner(control, deadline_.extended_by(std::chrono::seconds(2))));
    }
    if (empty) {
        empty = run_as_owner(session_,
                             {fmt::format("COMMENT ON DATABASE {} IS {}", k_control_database,
                                          pg::literal(k_leaving_comment))},
                             deadline_);
    }
    if (!empty) BASE_TRY(open_control_again());
    std::move(control).close_and_wait(deadline_);
    return empty;
}

// DROP DATABASE cannot be part of a transaction, so the role is taken for the session.
Result<void> Foundation::drop_database(std::string_view owner, std::string_view name,
                                       const std::vector<std::string>& before) {
    std::vector<std::string> statements;
    if (auto join = join_role(session_, owner); !join.empty()) statements.push_back(join);
    const auto leave = leave_role(session_, owner);
    for (const auto& one : before) statements.push_back(one);
    statements.push_back(fmt::format("DROP DATABASE {}", name));
    Result<void> dropped;
    for (const auto& one : statements) {
        auto rows = session_.run({one}, deadline_);
        if (rows) continue;
        dropped = base::fail(std::move(rows).error());
        break;
    }
    if (session_.alive() && !leave.empty()) BASE_TRY(session_.run({leave}, deadline_));
    if (!dropped) {
        return base::fail(
            std::move(dropped).error().during(fmt::format("cannot drop the database {}", name)));
    }
    gone_.push_back(fmt::format("database {}", name));
    return {};
}

// Who made it can drop it, and a superuser; nobody can drop who he is logged in as.
Result<void> Foundation::drop_role(const Survey& seen, std::string_view name) {
    const auto statement = fmt::format("DROP ROLE {}", name);
    if (seen.login == name) {
        left_.push_back(
            {fmt::format("the role {}", name), "it is the login of this call", statement});
        return {};
    }
    const auto dropped = session_.run({statement}, deadline_);
    if (dropped) {
        gone_.push_back(fmt::format("role {}", name));
    } else if (!session_.alive()) {
        return base::fail(dropped.error());
    } else {
        left_.push_back({fmt::format("the role {}", name), dropped.error().message, statement});
    }
    return {};
}

Result<std::vector<std::string>> Foundation::remove() {
    BASE_TRY(lock_preparation(session_, deadline_));
    BASE_TRY_ASSIGN(const auto seen, survey(session_, deadline_));
    BASE_TRY(check_administrator(seen.login, "take reviewdb off the server"));
    BASE_TRY(check_upgraded(seen));
    BASE_TRY(check_owner_alone(session_, deadline_));
    const auto is_ours = [](const Survey::Thing& thing) { return thing.exists && thing.ours; };
    if (is_ours(seen.control)) {
        BASE_TRY(shut_control());
        BASE_TRY(drop_database(k_registry_owner, k_control_database, {}));
    }
    if (is_ours(seen.empty_template)) {
        BASE_TRY(
            drop_database(k_manager, k_empty_template,
                          {fmt::format("ALTER DATABASE {} IS_TEMPLATE false", k_empty_template)}));
    }
    BASE_TRY_ASSIGN(const auto doors, operators_of_doors(session_, deadline_));
    for (const auto& one : doors) BASE_TRY(drop_role(seen, one));
    if (is_ours(seen.operator_login)) BASE_TRY(drop_role(seen, k_operator));
    if (is_ours(seen.manager)) BASE_TRY(drop_role(seen, k_manager));
    if (is_ours(seen.registry_owner)) BASE_TRY(drop_role(seen, k_registry_owner));
    return std::move(gone_);
}

}  // namespace

Result<std::vector<std::string>> remove_foundation(const pg::ConnectionInfo& administrator,
                                                   std::vector<Left>& left, Deadline deadline,
                                                   base::Log& log) {
    BASE_TRY_ASSIGN(auto session, open_outside(administrator, deadline, log));
    return Foundation(administrator, session, left, deadline, log).remove();
}

}  // namespace server
