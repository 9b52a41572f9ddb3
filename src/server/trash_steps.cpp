// SPDX-License-Identifier: Apache-2.0
//
// Into the trash and out of it. What is there keeps its database, closed and under its dropping
// name, and its role, which may not log in.
#include <fmt/format.h>

#include "environment/name.h"
#include "pg/quoting.h"
#include "pg/sql_state.h"
#include "server/live_server.h"
#include "server/locks.h"
#include "server/observation_sql.h"
#include "server/row_reading.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

// The environment whose the instance was: the one that let go of it, else the one that has its role
// or had it last.
constexpr std::string_view k_former = R"(LEFT JOIN LATERAL (SELECT * FROM registry.environment x
    WHERE x.role = i.role ORDER BY x.instance = i.id DESC, x.state <> 'gone' DESC,
        x.retired_at DESC LIMIT 1) e ON true)";

constexpr std::string_view k_trash = R"(
SELECT {}, i.id AS i_id, i.state AS i_state, i.database AS i_database, i.oid AS i_oid,
    i.template AS i_template, i.size_bytes AS size,
    extract(epoch FROM i.let_go_at)::bigint AS let_go_at,
    extract(epoch FROM i.keep_until)::bigint AS keep_until,
    r.id AS r_id, r.name AS r_name, r.state AS r_state, r.password_version AS r_version,
    r.key_number AS r_key, r.source AS r_source, d.oid IS NOT NULL AS is_there,
    coalesce((SELECT s.name FROM registry.environment s
        WHERE s.role = r.id AND s.state <> 'gone' LIMIT 1), '') AS serves,
    coalesce(e.instance <> i.id, false) AS by_reset
FROM registry.instance i
JOIN registry.role r ON r.id = i.role
{}
LEFT JOIN pg_database d ON d.datname = i.database AND d.oid = i.oid AND d.datconnlimit <> -2
WHERE i.state = 'trashed' AND ($1::text IS NULL OR i.project = $1)
    AND ($2::text IS NULL OR e.name = $2) AND starts_with(i.id::text, $3)
ORDER BY i.let_go_at DESC NULLS LAST, i.id)";

}  // namespace

std::string trash_sql() {
    return fmt::format(fmt::runtime(k_trash), k_environment_columns, k_former);
}

environment::Trashed read_trashed(const pg::Row& row) {
    environment::Trashed trashed;
    trashed.instance = *read_instance(row, 'i');
    if (!row.is_null("keep_until"))
        trashed.instance.keep_until = time_of(row.integer("keep_until"));
    trashed.role = *read_role(row, 'r');
    if (!row.is_null("e_id")) trashed.former = read_environment(row);
    trashed.serves = row.text("serves");
    trashed.by_reset = row.boolean("by_reset");
    trashed.is_there = row.boolean("is_there");
    if (!row.is_null("let_go_at")) trashed.let_go_at = time_of(row.integer("let_go_at"));
    if (!row.is_null("size")) trashed.size_bytes = row.integer("size");
    return trashed;
}

pg::Statement purged(const std::vector<base::Uuid>& instances, const std::string& reason,
                     const environment::Actor& actor) {
    std::string ids;
    for (const auto& id : instances) ids += (ids.empty() ? "" : ",") + id.to_string();
    return {fmt::format(
                "INSERT INTO registry.history (project, name, environment, event, reason, actor, "
                "door, program, detail) SELECT i.project, coalesce(e.name, ''), e.id, 'purged', "
                "$2, $3, $4, $5, jsonb_build_object('database', i.database, 'size_bytes', "
                "i.size_bytes, 'age_seconds', extract(epoch FROM now() - "
                "i.created_at)::bigint) FROM registry.instance i {} "
                "WHERE i.id = ANY ($1::uuid[])",
                k_former),
            {"{" + ids + "}", reason, actor.name, actor.door, actor.program}};
}

Result<std::string> LiveServer::put_into_trash(const Work& work) {
    const auto& target = work.target;
    const auto& leaving = target.leaving;
    Statements letting_go{
        {"UPDATE registry.environment SET state = 'gone', retired_at = now() WHERE id = $1::uuid",
         {target.environment.id.to_string()}},
        {"UPDATE registry.instance SET state = 'trashed', let_go_at = now(), keep_until = "
         "to_timestamp($2::double precision) WHERE id = $1::uuid",
         {leaving.id.to_string(), seconds_of(leaving.keep_until)}},
        {fmt::format("ALTER ROLE {} NOLOGIN", pg::identifier(target.role.name))},
        work.history(work.removed_as())};
    BASE_TRY(run({{"UPDATE registry.instance SET size_bytes = pg_database_size($2::name), "
                   "size_measured_at = now() WHERE id = $1::uuid",
                   {leaving.id.to_string(), leaving.database}}},
                 work.deadline));
    auto renamed = despite_locks({leaving.database, target.role.name}, work.deadline,
                                 [&] { return rename_for_dropping(work, letting_go); });
    if (renamed) return std::string();
    const auto& error = renamed.error();
    const bool held = error.sqlstate == pg::sql_state::k_object_in_use ||
                      error.sqlstate == pg::sql_state::k_lock_not_available;
    if (!held) {
        return base::fail(std::move(renamed).error().during(
            fmt::format("cannot rename the database {}", leaving.database)));
    }
    // Access is cut off all the same, and the environment's name free.
    BASE_TRY_ASSIGN(const auto holder, what_holds(leaving.database, work.deadline));
    BASE_TRY(let_go(work, letting_go));
    return fmt::format(
        "the database {} is in the trash, but keeps its name, since it is held by {}",
        leaving.database, holder);
}

// Whoever empties the trash holds the instance's lock and reads the row under it.
Result<void> LiveServer::reserve_trashed(const Work& work) {
    const auto& instance = work.target.instance;
    BASE_TRY_ASSIGN(const auto answer,
                    session_->run(try_instance_lock(instance.id), work.deadline));
    if (answer[0].boolean("taken")) return {};
    return base::fail(ErrorKind::in_doubt,
                      fmt::format("somebody is removing {} for good", instance.database));
}

Result<std::string> LiveServer::restore(const Work& work) {
    const auto& target = work.target;
    const auto& [environment, instance, role] =
        std::tie(target.environment, target.instance, target.role);
    BASE_TRY(reserve_trashed(work));
    Statements statements{
        {"SELECT registry.count_write()"}, wait_briefly(), taken_from_trash(instance)};
    if (instance.database != target.final_database) {
        statements.push_back(
            {fmt::format("ALTER DATABASE {} RENAME TO {}", pg::identifier(instance.database),
                         pg::identifier(target.final_database))});
    }
    for (auto& statement : Statements{
             must_be(target.final_database, instance, work.credentials.stamp_prefix()),
             {fmt::format("COMMENT ON DATABASE {} IS {}", pg::identifier(target.final_database),
                          pg::literal(work.credentials.database_stamp()))},
             {"UPDATE registry.instance SET database = $2 WHERE id = $1::uuid",
              {instance.id.to_string(), target.final_database}},
             {"INSERT INTO registry.environment (id, project, name, state, secret, protected, "
              "instance, role, epoch, created_at) VALUES ($1::uuid, $2, $3, 'publishing', $4, "
              "$5::boolean, $6::uuid, $7::uuid, 1, to_timestamp($8::double precision))",
              {environment.id.to_string(), environment.project, environment.name,
               environment.secret, environment.shielded ? "t" : "f", instance.id.to_string(),
               role.id.to_string(), seconds_of(environment.created_at)}},
             {fmt::format("UPDATE registry.environment SET {} WHERE id = $1::uuid", k_described),
              described(environment)},
             work.history("restored")}) {
        statements.push_back(std::move(statement));
    }
    auto restored = despite_locks({instance.database, role.name}, work.deadline,
                                  [&] { return run(statements, work.deadline); });
    if (!restored) {
        return base::fail(std::move(restored).error().during(
            fmt::format("cannot restore the database {}", instance.database)));
    }
    epoch_ = 1;
    return std::string();
}

pg::Statement taken_from_trash(const environment::InstanceRecord& instance) {
    return {"SELECT registry.take_from_trash($1::uuid)", {instance.id.to_string()}};
}

Result<std::vector<environment::Trashed>> LiveServer::trash(const environment::TrashFilter& filter,
                                                            Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(
        const auto rows,
        session_->run(
            {trash_sql(),
             {filter.project ? std::optional(filter.project->text()) : std::nullopt,
              filter.name ? std::optional(filter.name->text()) : std::nullopt, filter.instance}},
            deadline));
    std::vector<environment::Trashed> found;
    found.reserve(static_cast<std::size_t>(rows.size()));
    for (int i = 0; i < rows.size(); ++i) found.push_back(read_trashed(rows[i]));
    return found;
}

Result<int> LiveServer::give_up_trash(const std::vector<base::Uuid>& instances,
                                      const std::string& reason, const environment::Actor& actor,
                                      Deadline deadline) {
    BASE_TRY(connect(deadline));
    // Told only of what this call let go of: somebody may be restoring one of them.
    auto told = purged(instances, reason, actor);
    told.sql =
        "WITH let_go AS (UPDATE registry.instance SET state = 'dropping' WHERE id = ANY "
        "($1::uuid[]) AND state = 'trashed' RETURNING id) " +
        told.sql + " AND i.id IN (SELECT id FROM let_go)";
    BASE_TRY_ASSIGN(const auto answer, session_->run(told, deadline));
    return static_cast<int>(answer.affected());
}

}  // namespace server
