// SPDX-License-Identifier: Apache-2.0
//
// The claim: a built instance gets its environment's name. One that was built ahead is taken and
// named in the one transaction that observe() began, two round trips in all, and no statement on
// its role: on 16 and newer each of those walks all memberships of the manager.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "pg/quoting.h"
#include "pg/sql_state.h"
#include "server/live_server.h"
#include "server/session.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

// All rows of a claim in one statement, and the transaction's end where the database that has the
// name now is not by oid and stamp the one that was recorded: registry.must_be without the price of
// its language. The text is no boolean, which raises 22P02; it is made of a column, so that it is
// not made too early.
constexpr std::string_view k_rows = R"(
WITH instance AS (UPDATE registry.instance SET state = 'serving', purpose = 'environment',
    database = $17 WHERE id = $15::uuid RETURNING id),
told AS (INSERT INTO registry.history (project, name, environment, event, reason, actor, door,
    program) VALUES ($10, $11, $1::uuid, $20, $21, $22, $23, $24))
INSERT INTO registry.environment (id, repository, ref, pull_request, commit, labels, expires_at,
    last_create_at, event_at, project, name, state, secret, protected, instance, role, epoch)
SELECT $1::uuid, $2, $3, $4::integer, $5, $6::jsonb, to_timestamp($7::double precision),
    to_timestamp($8::double precision), to_timestamp($9::double precision), $10, $11, $12, $13,
    $14::boolean, instance.id, $16::uuid, 1
FROM instance, pg_database d LEFT JOIN pg_shdescription c
    ON c.objoid = d.oid AND c.classoid = 'pg_database'::regclass
WHERE d.datname = $17::name AND CASE WHEN d.oid = $18::oid AND starts_with(c.description, $19)
    THEN true ELSE (d.datname || ' is another one')::boolean END)";

// A line of history begins with the environment's project, name and id.
constexpr int k_same_of_history = 3;

bool somebody_has(const base::Error& error) {
    return error.sqlstate == pg::sql_state::k_duplicate_database ||
           error.sqlstate == pg::sql_state::k_unique_violation;
}

// What was put aside is gone, or another one has its name, by hand: the pool will find out, and
// whoever asks is given the next one.
bool is_of_another(const base::Error& error) {
    return error.sqlstate == pg::sql_state::k_no_such_database ||
           error.sqlstate == pg::sql_state::k_insufficient_privilege ||
           error.sqlstate == pg::sql_state::k_invalid_text;
}

}  // namespace

Result<std::string> LiveServer::claim(const Work& work) {
    return work.target.instance.state == environment::InstanceState::warm ? claim_warm(work)
                                                                          : claim_built(work);
}

Result<std::string> LiveServer::claim_built(const Work& work) {
    const auto& target = work.target;
    const auto final_name = pg::identifier(target.final_database);
    auto parameters = described(target.environment);
    parameters.emplace_back(to_text(target.environment.state));
    Statements statements{
        wait_briefly(),
        {fmt::format("UPDATE registry.environment SET {}, state = $10 WHERE id = $1::uuid",
                     k_described),
         parameters}};
    if (target.instance.database != target.final_database) {
        statements.push_back({fmt::format("ALTER DATABASE {} RENAME TO {}",
                                          pg::identifier(target.instance.database), final_name)});
        // Stamped when it was secured, so that here even one without an oid can be told.
        auto recorded = target.instance;
        recorded.state = environment::InstanceState::serving;
        statements.push_back(
            must_be(target.final_database, recorded, work.credentials.stamp_prefix()));
    }
    statements.push_back(
        {fmt::format("REVOKE CONNECT ON DATABASE {} FROM SESSION_USER", final_name)});
    statements.push_back({fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true", final_name)});
    statements.push_back({fmt::format("COMMENT ON DATABASE {} IS {}", final_name,
                                      pg::literal(work.credentials.database_stamp()))});
    statements.push_back(
        {"UPDATE registry.instance SET state = 'serving', database = $2 "
         "WHERE id = $1::uuid",
         {target.instance.id.to_string(), target.final_database}});
    statements.push_back({"UPDATE registry.role SET state = 'serving' WHERE id = $1::uuid",
                          {target.role.id.to_string()}});
    statements.push_back(work.history());
    // Its password is known where the role outlived a former database.
    if (target.role.state == environment::RoleState::serving) {
        BASE_TRY(shut_out(target.instance, target.role.name, work.deadline));
    }
    auto claimed = despite_locks({target.instance.database, target.role.name}, work.deadline,
                                 [&] { return run(statements, work.deadline); });
    if (claimed) return std::string();
    auto error = std::move(claimed).error();
    if (error.sqlstate == pg::sql_state::k_duplicate_database) {
        error.message = fmt::format("there is a database {} already, which reviewdb did not make",
                                    target.final_database);
        error.hint = "rename that database, or choose another name or project";
    }
    return base::fail(std::move(error));
}

// What somebody holds is left out at the next look, and that somebody is ended where it is an
// environment's.
void LiveServer::leave_out(const environment::InstanceRecord& instance, Deadline deadline) {
    avoided_.push_back(instance.id);
    const auto ended = end_blockers({instance.database, ""}, {}, false, deadline);
    if (!ended) log_.debug("{} stays held: {}", instance.database, ended.error().message);
}

Result<std::string> LiveServer::claim_warm(const Work& work) {
    const auto& [environment, instance, role] =
        std::tie(work.target.environment, work.target.instance, work.target.role);
    const auto final_name = pg::identifier(work.target.final_database);
    auto row = described(environment);
    const auto add = [&row](auto&&... values) {
        (row.emplace_back(std::forward<decltype(values)>(values)), ...);
    };
    add(environment.project, environment.name, std::string(to_text(environment.state)),
        environment.secret, environment.shielded ? "t" : "f", instance.id.to_string(),
        role.id.to_string(), work.target.final_database, std::to_string(instance.oid.value_or(0)),
        work.credentials.stamp_prefix());
    auto told = work.history().parameters;
    std::move(told.begin() + k_same_of_history, told.end(), std::back_inserter(row));
    const Statements statements{
        {fmt::format("ALTER DATABASE {} RENAME TO {}", pg::identifier(instance.database),
                     final_name)},
        {std::string(k_rows), std::move(row), true},
        {fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true", final_name)},
        {fmt::format("COMMENT ON DATABASE {} IS {}", final_name,
                     pg::literal(work.credentials.database_stamp()))}};
    // Where more steps follow, the lock is needed until they are done.
    const bool is_last = work.plan.steps.back().kind == environment::StepKind::claim;
    const pg::Statement unlock{"SELECT pg_advisory_unlock_all()", {}, true};
    const auto claimed =
        session_->finish(statements, is_last ? std::optional(unlock) : std::nullopt, work.deadline);
    if (claimed) {
        epoch_ = 1;
        if (is_last) locked_.clear();
        return std::string();
    }
    auto error = claimed.error();
    if (error.sqlstate == pg::sql_state::k_lock_not_available ||
        error.sqlstate == pg::sql_state::k_object_in_use) {
        error.sqlstate = pg::sql_state::k_lock_not_available;
        error.kind = ErrorKind::overloaded;
        leave_out(instance, work.deadline);
        return base::fail(std::move(error));
    }
    if (is_of_another(error)) {
        avoided_.push_back(instance.id);
        return base::fail(
            ErrorKind::in_doubt,
            fmt::format("the database {} is not the one that the registry recorded",
                        instance.database),
            "its oid or its stamp differs: somebody changed the registry or the database by hand");
    }
    if (somebody_has(error)) {
        // Whose the name is, and what that means, is for the long way to find out.
        name_taken_ = true;
        error.kind = ErrorKind::in_doubt;
    }
    return base::fail(std::move(error));
}

}  // namespace server
