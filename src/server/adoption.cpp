// SPDX-License-Identifier: Apache-2.0
//
// What another tool made: looked at, and taken over. A database can only be given away by its
// owner, so the administrator does that, in a session of its own outside the control database and
// by what the catalog says there; the rows are the operator's to write. What a death between the
// two leaves belongs to the manager, without a stamp and without a row, and is taken over by the
// next call.
#include <fmt/format.h>

#include "pg/quoting.h"
#include "server/live_server.h"
#include "server/open_databases.h"
#include "server/ownership.h"
#include "server/row_reading.h"
#include "server/session.h"

namespace server {

namespace {

using base::Deadline;
using base::Result;

constexpr std::string_view k_candidate = R"(
SELECT coalesce(d.oid, 0) AS oid, coalesce(pg_get_userbyid(d.datdba), '') AS owner,
    coalesce(pg_get_userbyid(d.datdba) = $3 OR (pg_get_userbyid(d.datdba) = current_user
        AND coalesce(shobj_description(d.oid, 'pg_database') NOT LIKE 'reviewdb/1 %', true)), false)
        AS owned_by_login,
    coalesce(d.datallowconn AND d.datconnlimit <> -2, false) AS open,
    coalesce(d.datistemplate, false) AS template, l.oid IS NOT NULL AS role_exists,
    coalesce(l.rolsuper OR l.rolcreatedb OR l.rolcreaterole OR l.rolreplication OR l.rolbypassrls
        OR NOT l.rolcanlogin, false) AS privileged,
    EXISTS (SELECT FROM registry.instance WHERE database = $1 AND state <> 'gone')
        OR EXISTS (SELECT FROM registry.role WHERE name = $2 AND state <> 'gone') AS recorded,
    EXISTS (SELECT FROM registry.instance i WHERE i.database = $1 AND i.state <> 'gone'
        AND i.oid <> d.oid AND NOT EXISTS (SELECT FROM pg_database o WHERE o.oid = i.oid))
        AS replaces_ours,
    CASE WHEN d.oid IS NULL THEN false ELSE (SELECT writes < registry.counted_writes()
        FROM registry.installation) END AS behind
FROM (SELECT) one
LEFT JOIN pg_database d ON d.datname = $1
LEFT JOIN pg_roles l ON l.rolname = $2)";

// Raises unless the database is the one that was looked at, belongs to this login, and its role is
// an application's: {0} database, {1} oid, {2} role, as literals.
constexpr std::string_view k_proof = R"(DO $do$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_database d JOIN pg_roles l ON l.rolname = {2}
            WHERE d.datname = {0} AND d.oid = {1} AND NOT d.datistemplate
                AND pg_get_userbyid(d.datdba) = session_user
                AND l.rolcanlogin AND NOT (l.rolsuper OR l.rolcreatedb OR l.rolcreaterole
                    OR l.rolreplication OR l.rolbypassrls)
                AND coalesce(shobj_description(l.oid, 'pg_authid') NOT LIKE 'reviewdb/1 %', true))
    THEN
        RAISE EXCEPTION 'the database % or its role is not what it was', {0}
            USING ERRCODE = '55000';
    END IF;
END
$do$)";

// What the administrator does for an adoption, in one transaction. From 16 on only who has ADMIN on
// a role may change it, which CREATEROLE gives its maker alone.
std::vector<std::string> giving(int server_version, const environment::InstanceRecord& instance,
                                const std::string& role) {
    std::vector<std::string> statements{
        fmt::format(k_proof, pg::literal(instance.database), instance.oid.value_or(0),
                    pg::literal(role)),
        fmt::format("ALTER DATABASE {} OWNER TO {}", pg::identifier(instance.database), k_manager)};
    if (server_version >= 160000) {
        statements.push_back(fmt::format("GRANT {} TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
                                         pg::identifier(role), k_manager));
    }
    return statements;
}

}  // namespace

Result<environment::CandidateFacts> LiveServer::observe_candidate(
    const environment::Candidate& candidate, Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(
        const auto rows,
        // A claim may have begun.
        session_->go_on({std::string(k_candidate),
                         {candidate.database, candidate.role,
                          administrator_ ? std::string(administrator_->get("user")) : ""}},
                        deadline));
    const auto row = rows[0];
    return environment::CandidateFacts{static_cast<std::uint32_t>(row.integer("oid")),
                                       row.text("owner"),
                                       row.boolean("owned_by_login"),
                                       row.boolean("open"),
                                       row.boolean("template"),
                                       row.boolean("role_exists"),
                                       row.boolean("privileged"),
                                       row.boolean("recorded"),
                                       row.boolean("replaces_ours"),
                                       row.boolean("behind")};
}

Result<std::vector<std::string>> LiveServer::candidates(const std::string& prefix,
                                                        Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(
        const auto rows,
        session_->run(
            {"SELECT substr(d.datname, length($1) + 2) AS stage FROM pg_database d "
             "JOIN pg_roles l ON l.rolname = $1 || '_user_' || substr(d.datname, length($1) + 2) "
             "WHERE starts_with(d.datname, $1 || '_') AND NOT EXISTS "
             "(SELECT FROM registry.instance i WHERE i.database = d.datname AND i.state <> 'gone') "
             "ORDER BY 1",
             {prefix}},
            deadline));
    std::vector<std::string> stages;
    stages.reserve(static_cast<std::size_t>(rows.size()));
    for (int i = 0; i < rows.size(); ++i) stages.push_back(rows[i].text("stage"));
    return stages;
}

// Content when it belongs to the manager already: a call before this one died after that.
Result<void> LiveServer::give_to_manager(const environment::InstanceRecord& instance,
                                         const std::string& role, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows,
                    session_->run({"SELECT pg_get_userbyid(datdba) = current_user AS ours FROM "
                                   "pg_database WHERE datname = $1",
                                   {instance.database}},
                                  deadline));
    if (!rows.empty() && rows[0].boolean("ours")) return {};
    if (!administrator_) {
        return base::fail(base::ErrorKind::denied,
                          "only the administrator's login can give the database away",
                          "give the login that owns it");
    }
    BASE_TRY_ASSIGN(auto outside, open_administrator(*administrator_, deadline, log_));
    return with_our_roles(outside, giving(outside.server_version(), instance, role), deadline);
}

Result<std::string> LiveServer::adopt(const Work& work) {
    const auto& [environment, instance, role] =
        std::tie(work.target.environment, work.target.instance, work.target.role);
    const auto database = pg::identifier(instance.database);
    const auto cannot = [&](base::Error error) {
        return base::fail(std::move(error).during(
            fmt::format("cannot take over the database {}", instance.database)));
    };
    auto given = give_to_manager(instance, role.name, work.deadline);
    if (!given) return cannot(std::move(given).error());
    auto named = must_be(instance.database, instance, "");
    auto parameters = described(environment);
    const Statements statements{
        {"SELECT registry.count_write()"},
        wait_briefly(),
        std::move(named),
        {fmt::format("COMMENT ON DATABASE {} IS {}", database,
                     pg::literal(work.credentials.database_stamp()))},
        {"INSERT INTO registry.role (id, name, state, password_version, key_number, source) "
         "VALUES ($1::uuid, $2, 'serving', $3::integer, $4::integer, 'external')",
         {role.id.to_string(), role.name, std::to_string(role.password_version),
          std::to_string(role.key_number)}},
        {"INSERT INTO registry.instance (id, project, state, database, oid, template, role) "
         "VALUES ($1::uuid, $2, 'serving', $3, $4::oid, $5, $6::uuid)",
         {instance.id.to_string(), environment.project, instance.database,
          std::to_string(instance.oid.value_or(0)), instance.database_template,
          role.id.to_string()}},
        {"INSERT INTO registry.environment (id, project, name, state, secret, protected, instance, "
         "role, epoch) VALUES ($1::uuid, $2, $3, 'publishing', $4, $5::boolean, $6::uuid, "
         "$7::uuid, 1)",
         {environment.id.to_string(), environment.project, environment.name, environment.secret,
          environment.shielded ? "t" : "f", instance.id.to_string(), role.id.to_string()}},
        {fmt::format("UPDATE registry.environment SET {} WHERE id = $1::uuid", k_described),
         std::move(parameters)},
        work.history()};
    // Its role is no environment's yet, so who blocks is named and not ended.
    auto adopted = despite_locks({instance.database, ""}, work.deadline,
                                 [&] { return run(statements, work.deadline); });
    if (!adopted) return cannot(std::move(adopted).error());
    epoch_ = 1;
    return std::string();
}

}  // namespace server
