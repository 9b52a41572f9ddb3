// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>

#include "base/bytes.h"
#include "base/interrupt.h"
#include "environment/name.h"
#include "environment/stamp.h"
#include "pg/quoting.h"
#include "pg/sql_state.h"
#include "server/live_server.h"
#include "server/locks.h"
#include "server/row_reading.h"
#include "server/session.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using std::chrono::milliseconds;

// Every session of the role, and what a process of ours that died has left in the database. Others
// would not go for us. Postgres hides backend_type from who is no member of the session's role.
constexpr std::string_view k_their_sessions =
    "FROM pg_stat_activity WHERE ((datname = $1 AND usename = session_user) OR usename = $2) "
    "AND pid <> pg_backend_pid() AND (backend_type IS NULL OR backend_type = 'client backend')";

// A database that died between CREATE and its stamp can only be told by its name.
bool may_be_unstamped(const environment::InstanceRecord& instance) {
    return instance.state != environment::InstanceState::serving &&
           instance.database == environment::building_name(instance.id);
}

bool is_held(const base::Error& error) {
    return error.sqlstate == pg::sql_state::k_object_in_use ||
           error.sqlstate == pg::sql_state::k_lock_not_available;
}

tl::unexpected<base::Error> cut_off_but_held(const Holders& held) {
    return base::fail(ErrorKind::conflict,
                      fmt::format("the database is cut off and its name is free, but it cannot be "
                                  "dropped yet: held by {}",
                                  held.who),
                      held.next_step());
}

}  // namespace

pg::Statement must_be(std::string_view called, const environment::InstanceRecord& instance,
                      std::string_view stamp_prefix) {
    const bool unstamped = may_be_unstamped(instance);
    return {"SELECT registry.must_be($1::name, $2::oid, $3)",
            {std::string(called),
             instance.oid ? std::optional(std::to_string(*instance.oid)) : std::nullopt,
             std::string(unstamped ? std::string_view() : stamp_prefix)},
            true};
}

namespace {

// From $2 on: the event that it goes for, whether it goes to the trash, why and as what.
std::vector<std::optional<std::string>> retired(const environment::EnvironmentRecord& record,
                                                std::string key) {
    const auto& how = record.retirement;
    if (!how) return {std::move(key), std::nullopt, std::nullopt, "", "f", "", "deleted"};
    return {std::move(key),
            exact_seconds_of(how->event_at),
            how->pull_request ? std::optional(std::to_string(*how->pull_request)) : std::nullopt,
            how->commit,
            how->keeps ? "t" : "f",
            how->reason,
            how->told_as};
}

}  // namespace

// Not where a later removal is known already.
Result<std::string> LiveServer::record_absence(const Work& work) {
    const auto& record = work.target.environment;
    auto parameters = retired(record, record.project);
    parameters.emplace_back(record.name);
    BASE_TRY(run({{"INSERT INTO registry.environment (id, project, name, state, retired_at, "
                   "retired_for, retired_pull_request, retired_commit, retired_into_trash, "
                   "retired_because, retired_as) SELECT gen_random_uuid(), $1, $8, 'gone', now(), "
                   "to_timestamp($2::double precision), $3::integer, $4, $5::boolean, $6, $7 "
                   "WHERE NOT EXISTS (SELECT FROM registry.environment WHERE project = $1 AND "
                   "name = $8 AND state = 'gone' AND retired_for >= "
                   "to_timestamp($2::double precision))",
                   std::move(parameters)}},
                 work.deadline));
    return std::string();
}

Result<std::string> LiveServer::record_retirement(const Work& work) {
    BASE_TRY_ASSIGN(
        const auto answers,
        session_->run_all(
            {{"SELECT registry.count_write()"},
             {"UPDATE registry.environment SET state = 'retiring', epoch = epoch + 1, "
              "retired_for = to_timestamp($2::double precision), "
              "retired_pull_request = $3::integer, retired_commit = $4, "
              "retired_into_trash = $5::boolean, retired_because = $6, retired_as = $7 "
              "WHERE id = $1::uuid RETURNING epoch",
              retired(work.target.environment, work.target.environment.id.to_string())}},
            work.deadline));
    if (!answers[1].empty()) epoch_ = answers[1][0].integer("epoch");
    return std::string();
}

Result<std::string> LiveServer::close_database(const Work& work) {
    const auto& instance = work.target.leaving;
    // Postgres drops no template, and the owner may have been told that it is one.
    auto closed = despite_locks({instance.database, work.target.role.name}, work.deadline, [&] {
        return run({wait_briefly(),
                    {fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false IS_TEMPLATE false",
                                 pg::identifier(instance.database))},
                    must_be(instance.database, instance, work.credentials.leaving_prefix())},
                   work.deadline);
    });
    if (!closed) {
        return base::fail(std::move(closed).error().during(
            fmt::format("cannot close the database {}", instance.database)));
    }
    return std::string();
}

// Who comes after the first look counts only in a database that lets nobody in any more: elsewhere
// an application, or an attacker, may come again for ever.
Result<std::string> LiveServer::end_sessions(const Work& work) {
    const auto& role = work.target.role.name;
    const auto limit = work.deadline.at_most(std::chrono::seconds(3));
    for (bool first = true; first || !limit.passed(); first = false) {
        BASE_TRY_ASSIGN(const auto rows,
                        session_->run({fmt::format("SELECT pid {} AND ($3::boolean OR EXISTS "
                                                   "(SELECT FROM pg_database d WHERE d.oid = datid "
                                                   "AND NOT d.datallowconn))",
                                                   k_their_sessions),
                                       {work.target.leaving.database, role, first ? "t" : "f"}},
                                      work.deadline));
        if (rows.empty()) break;
        if (!role.empty()) BASE_TRY(terminate(role, std::nullopt, work.deadline));
        BASE_TRY(wait_until_gone(rows, limit));
    }
    if (!role.empty()) BASE_TRY(roll_back_prepared(role, "", work.deadline));
    return std::string();
}

Result<void> LiveServer::wait_until_gone(const Rows& sessions, Deadline limit) {
    std::string pids;
    for (int i = 0; i < sessions.size(); ++i) pids += (i == 0 ? "" : ",") + sessions[i].text("pid");
    const pg::Statement count{
        "SELECT count(*) AS n FROM pg_stat_activity WHERE pid = ANY ($1::integer[])",
        {"{" + pids + "}"}};
    for (milliseconds pause(2); !limit.passed(); pause = std::min(pause * 2, milliseconds(100))) {
        BASE_TRY_ASSIGN(const auto rows,
                        session_->run(count, limit.extended_by(milliseconds(500))));
        if (rows[0].integer("n") == 0) return {};
        base::pause(pause);
    }
    return {};
}

// A role that lives on may have entered what is built for it, where RENAME would wait for it.
Result<void> LiveServer::shut_out(const environment::InstanceRecord& instance,
                                  const std::string& role, Deadline deadline) {
    if (instance.state != environment::InstanceState::building) return {};
    const auto& database = instance.database;
    BASE_TRY(despite_locks({database, role}, deadline, [&] {
        return run(
            {wait_briefly(),
             {fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false", pg::identifier(database))}},
            deadline);
    }));
    const auto limit = deadline.at_most(std::chrono::seconds(3));
    for (;;) {
        BASE_TRY_ASSIGN(const auto rows,
                        session_->run({"SELECT pid FROM pg_stat_activity WHERE datname = $1 AND "
                                       "usename = $2",
                                       {database, role}},
                                      deadline));
        if (rows.empty() || limit.passed()) break;
        BASE_TRY(terminate(role, std::nullopt, deadline));
        BASE_TRY(wait_until_gone(rows, limit));
    }
    return roll_back_prepared(role, "", deadline);
}

// In one transaction: rename, compare with the row, and what else belongs to it.
Result<void> LiveServer::rename_for_dropping(const Work& work, const Statements& also) {
    const auto& instance = work.target.leaving;
    const auto dropping = environment::dropping_name(instance.id);
    Statements statements{wait_briefly()};
    if (!instance.database.empty() && instance.database != dropping) {
        statements.push_back(
            {fmt::format("ALTER DATABASE {} RENAME TO {}", pg::identifier(instance.database),
                         pg::identifier(dropping))});
        statements.push_back(must_be(dropping, instance, work.credentials.leaving_prefix()));
        // From now on its name does not tell it any more.
        if (may_be_unstamped(instance)) {
            statements.push_back(
                {fmt::format("COMMENT ON DATABASE {} IS {}", pg::identifier(dropping),
                             pg::literal(work.credentials.building_stamp()))});
        }
        statements.push_back({"UPDATE registry.instance SET database = $2 WHERE id = $1::uuid",
                              {instance.id.to_string(), dropping}});
    }
    statements.insert(statements.end(), also.begin(), also.end());
    return run(statements, work.deadline);
}

Result<std::string> LiveServer::bury(const Work& work) {
    const auto& target = work.target;
    Statements letting_go{
        // From here on the instance is a leftover to everybody else: not while we drop it.
        try_instance_lock(target.leaving.id),
        {"UPDATE registry.environment SET state = 'gone', retired_at = now() WHERE id = $1::uuid",
         {target.environment.id.to_string()}},
        {"UPDATE registry.instance SET state = 'dropping', let_go_at = now() WHERE id = $1::uuid",
         {target.leaving.id.to_string()}},
        // What its resets left in the trash goes with it.
        {"UPDATE registry.instance SET state = 'dropping' WHERE role = $1::uuid "
         "AND state = 'trashed'",
         {target.role.id.to_string()}}};
    if (!target.environment.name.empty()) {
        const bool deleted = work.plan.outcome == environment::Outcome::deleted;
        letting_go.push_back(work.history(deleted ? work.removed_as() : "abandoned"));
    }
    if (target.leaving.state == environment::InstanceState::trashed) {
        letting_go.push_back(
            purged({target.leaving.id}, "its time in the trash was over", work.actor));
    }
    const auto& database = target.leaving.database;
    BASE_TRY_ASSIGN(
        const auto found,
        session_->run_all({{"SELECT 1 FROM pg_roles WHERE rolname = $1", {target.role.name}},
                           {"SELECT 1 FROM pg_database WHERE datname = $1", {database}},
                           bars_rename(database)},
                          work.deadline));
    if (!found[0].empty()) {
        letting_go.push_back({fmt::format("ALTER ROLE {} NOLOGIN PASSWORD NULL CONNECTION LIMIT 0",
                                          pg::identifier(target.role.name))});
    }
    if (found[1].empty()) {
        // Somebody dropped it; the name that it had may be another's soon.
        letting_go.push_back(
            {"UPDATE registry.instance SET database = $2 WHERE id = $1::uuid",
             {target.leaving.id.to_string(), environment::dropping_name(target.leaving.id)}});
        BASE_TRY(let_go(work, letting_go));
        return std::string();
    }
    // Postgres would wait five seconds for a session that does not go, and then refuse.
    if (!found[2][0].boolean("bars_rename")) {
        auto renamed = despite_locks({database, target.role.name}, work.deadline,
                                     [&] { return rename_for_dropping(work, letting_go); });
        if (renamed) return std::string();
        if (!is_held(renamed.error())) {
            return base::fail(std::move(renamed).error().during(
                fmt::format("cannot rename the database {}", database)));
        }
    }
    // Access is cut off all the same, and the environment's name free.
    BASE_TRY_ASSIGN(const auto holder, what_holds(database, work.deadline));
    BASE_TRY(let_go(work, letting_go));
    return fmt::format("the database {} is cut off but still held by {}", database, holder);
}

// Without the rename, which something keeps from being done.
Result<void> LiveServer::let_go(const Work& work, Statements statements) {
    statements.insert(statements.begin(), wait_briefly());
    auto done = despite_locks({"", work.target.role.name}, work.deadline,
                              [&] { return run(statements, work.deadline); });
    if (done) return {};
    return base::fail(std::move(done).error().during(
        fmt::format("cannot disable the role {}", work.target.role.name)));
}

Result<std::string> LiveServer::drop_database(const Work& work) {
    const auto& instance = work.target.leaving;
    const auto dropping = environment::dropping_name(instance.id);
    auto called = instance.database.empty() ? dropping : instance.database;
    BASE_TRY_ASSIGN(const auto found,
                    session_->run_all({{"SELECT datname FROM pg_database WHERE datname IN ($1, $2) "
                                        "ORDER BY datname = $1 DESC",
                                        {dropping, called}},
                                       bars_rename(called),
                                       {fmt::format("SELECT 1 {}", k_their_sessions),
                                        {called, work.target.role.name}}},
                                      work.deadline));
    // Whoever logged in elsewhere before the role was disabled would stay, without a name.
    const auto& role = work.target.role.name;
    if (!found[2].empty() && !role.empty()) BASE_TRY(terminate(role, std::nullopt, work.deadline));
    if (found[0].empty()) return std::string();
    if (found[1][0].boolean("bars_rename")) {
        BASE_TRY_ASSIGN(const auto held, holders(called, "", work.deadline));
        return cut_off_but_held(held);
    }
    called = found[0][0].text("datname");
    const auto drop = [&]() -> Result<void> {
        if (called != dropping) BASE_TRY(rename_for_dropping(work, {}));
        called = dropping;
        BASE_TRY(
            session_->run_each({wait_briefly_from_now_on(),
                                {fmt::format("DROP DATABASE IF EXISTS {}", pg::identifier(called))},
                                {"RESET lock_timeout"}},
                               work.deadline));
        return {};
    };
    auto dropped = despite_locks({called, role}, work.deadline, drop);
    if (dropped) return std::string();
    auto error = std::move(dropped).error();
    if (is_held(error)) {
        BASE_TRY_ASSIGN(const auto held, holders(called, "", work.deadline));
        return cut_off_but_held(held);
    }
    if (error.kind == ErrorKind::unavailable || error.kind == ErrorKind::deadline) {
        error.kind = ErrorKind::in_doubt;
    }
    return base::fail(std::move(error));
}

Result<std::string> LiveServer::drop_role(const Work& work) {
    const auto& role = work.target.role;
    const auto deed = [&] {
        return run(
            {wait_briefly(), {fmt::format("DROP ROLE IF EXISTS {}", pg::identifier(role.name))}},
            work.deadline);
    };
    // What it prepared in other databases after its own was shut.
    BASE_TRY(roll_back_prepared(role.name, "", work.deadline));
    auto dropped = despite_locks({"", role.name}, work.deadline, deed);
    if (!dropped && dropped.error().sqlstate == pg::sql_state::k_dependent_objects) {
        drop_owned_elsewhere(role.name, work.deadline);
        dropped = despite_locks({"", role.name}, work.deadline, deed);
    }
    if (dropped) return std::string();
    auto error = std::move(dropped).error();
    if (is_held(error)) {
        BASE_TRY_ASSIGN(const auto held, holders("", role.name, work.deadline));
        return base::fail(ErrorKind::conflict,
                          fmt::format("the database is gone, but its role {}, which cannot log in "
                                      "any more, cannot be dropped yet: held by {}",
                                      role.name, held.who),
                          held.next_step());
    }
    if (error.sqlstate != pg::sql_state::k_dependent_objects) {
        return base::fail(std::move(error).during("cannot drop the role " + role.name));
    }
    BASE_TRY_ASSIGN(const auto answers,
                    session_->run_all(
                        {{"UPDATE registry.role SET state = 'pinned' WHERE id = $1::uuid",
                          {role.id.to_string()}},
                         {"SELECT FROM registry.instance WHERE role = $1::uuid AND state <> 'gone' "
                          "AND id <> $2::uuid",
                          {role.id.to_string(), work.target.leaving.id.to_string()}}},
                        work.deadline));
    // What its resets left in the trash goes next, and the role with it.
    if (!answers[1].empty()) return std::string();
    return fmt::format("the role {} cannot log in any more, but stays until nothing names it: {}",
                       role.name, error.message);
}

Result<std::string> LiveServer::forget(const Work& work) {
    BASE_TRY(run({{"UPDATE registry.instance SET state = 'gone' WHERE id = $1::uuid",
                   {work.target.leaving.id.to_string()}},
                  {"UPDATE registry.role SET state = 'gone' WHERE id = $1::uuid AND NOT EXISTS "
                   "(SELECT FROM pg_roles WHERE rolname = $2)",
                   {work.target.role.id.to_string(), work.target.role.name}}},
                 work.deadline));
    return std::string();
}

}  // namespace server
