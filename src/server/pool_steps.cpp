// SPDX-License-Identifier: Apache-2.0
//
// Steps of the pool: what is built ahead is counted, put aside, taken and thrown away.
#include <fmt/format.h>

#include "pg/quoting.h"
#include "server/live_server.h"
#include "server/locks.h"
#include "server/session.h"

namespace server {

namespace {

using base::ErrorKind;
using base::Result;

std::optional<std::string> text_or_null(const std::optional<base::Uuid>& id) {
    if (!id) return std::nullopt;
    return id->to_string();
}

// $1 project, $2 template, $3 version, $4 shape, $5 most builds at a time. After the lock, and so
// with what others have recorded until then.
constexpr std::string_view k_lacking = R"(
FROM registry.pool p WHERE p.project = $1 AND p.template = $2
AND p.target > (SELECT count(*) FROM registry.instance i WHERE i.project = $1 AND i.template = $2
    AND ((i.state = 'building' AND i.purpose = 'pool') OR (i.state = 'warm'
        AND i.template_version IS NOT DISTINCT FROM $3::uuid AND i.shape = $4)))
AND $5::integer > (SELECT count(*) FROM registry.instance i
    WHERE i.state = 'building' AND i.purpose = 'pool'))";

}  // namespace

// Whoever records one counts first, under a lock that all of them take, so never too many are
// built.
Result<std::string> LiveServer::record_warm(const Work& work) {
    const auto& [instance, role] = std::tie(work.target.instance, work.target.role);
    const auto answers = session_->run_all(
        {{"SELECT pg_advisory_xact_lock($1::bigint)", {lock_number("pool")}},
         {fmt::format("INSERT INTO registry.role (id, name, state, password_version, key_number) "
                      "SELECT $6::uuid, $7, 'building', $8::integer, $9::integer {}",
                      k_lacking),
          {work.target.environment.project, instance.database_template,
           text_or_null(instance.template_version), work.target.shape,
           std::to_string(work.target.most_builds), role.id.to_string(), role.name,
           std::to_string(role.password_version), std::to_string(role.key_number)}},
         insert_instance(work, "pool"),
         try_instance_lock(instance.id),
         {"SELECT registry.count_write() FROM registry.role WHERE id = $1::uuid",
          {role.id.to_string()}}},
        work.deadline);
    if (!answers) return base::fail(answers.error());
    locked_ = instance_lock(instance.id);
    if (!(*answers)[2].empty()) return std::string();
    return base::fail(ErrorKind::overloaded, "as many are being built as may be");
}

// Closed, so nobody can connect; the login that built it least of all.
Result<std::string> LiveServer::shelve(const Work& work) {
    const auto& instance = work.target.instance;
    const auto database = pg::identifier(instance.database);
    BASE_TRY_ASSIGN(
        const auto answers,
        session_->run_all(
            {{fmt::format("REVOKE CONNECT ON DATABASE {} FROM SESSION_USER", database)},
             {fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false", database)},
             // Its role is as it stays: the claim has one row less to write.
             {"UPDATE registry.role SET state = 'serving' WHERE id = $1::uuid",
              {work.target.role.id.to_string()}},
             {"UPDATE registry.instance SET state = 'warm', size_bytes = "
              "pg_database_size($2::name), "
              "size_measured_at = now() WHERE id = $1::uuid AND state = 'building' RETURNING id",
              {instance.id.to_string(), instance.database}}},
            work.deadline));
    if (!answers[3].empty()) return std::string();
    return base::fail(ErrorKind::in_doubt, "somebody else let go of what was built");
}

// Where there is none any more the reset builds one, as if there had been none.
Result<std::string> LiveServer::take_warm(const Work& work) {
    const auto& instance = work.target.instance;
    BASE_TRY_ASSIGN(
        const auto answers,
        session_->run_all(
            {{"SELECT registry.count_write()"},
             {"WITH picked AS (SELECT id FROM registry.instance WHERE state = 'warm' "
              "AND project = $2 AND template = $3 AND template_version IS NOT DISTINCT FROM "
              "$4::uuid AND shape = $5 AND EXISTS (SELECT FROM pg_database d WHERE d.oid = "
              "instance.oid AND d.datname = instance.database) ORDER BY created_at DESC LIMIT 1 "
              "FOR UPDATE SKIP LOCKED), "
              "taken AS (UPDATE registry.instance i SET state = 'building', "
              "purpose = 'environment' FROM picked WHERE i.id = picked.id RETURNING i.id) "
              "UPDATE registry.environment e SET next_instance = taken.id, epoch = epoch + 1 "
              "FROM taken WHERE e.id = $1::uuid RETURNING epoch",
              {work.target.environment.id.to_string(), work.target.environment.project,
               instance.database_template, text_or_null(instance.template_version),
               work.target.shape}}},
            work.deadline));
    if (!answers[1].empty()) epoch_ = answers[1][0].integer("epoch");
    return std::string();
}

Result<std::string> LiveServer::dismiss_owner(const Work& work) {
    const auto& former = work.target.former_role;
    const Statements statements{
        wait_briefly(),
        {fmt::format("DROP ROLE IF EXISTS {}", pg::identifier(former.name))},
        {"UPDATE registry.instance SET role = $2::uuid WHERE id = $1::uuid",
         {work.target.instance.id.to_string(), work.target.role.id.to_string()}},
        {"UPDATE registry.role SET state = 'gone' WHERE id = $1::uuid", {former.id.to_string()}}};
    BASE_TRY(despite_locks({"", former.name}, work.deadline,
                           [&] { return run(statements, work.deadline); }));
    return std::string();
}

// What is no longer as it was found stays: a claimer has it, or whoever seemed to be gone has just
// finished it.
Result<std::string> LiveServer::discard(const Work& work) {
    const auto& leaving = work.target.leaving;
    const auto id = leaving.id.to_string();
    BASE_TRY(
        run({{"UPDATE registry.template SET next_instance = NULL, state = CASE state "
              "WHEN 'building' THEN 'gone' ELSE state END WHERE next_instance = $1::uuid",
              {id}},
             {"UPDATE registry.instance i SET state = 'dropping', let_go_at = now() "
              "WHERE i.id = $1::uuid AND i.state = $2 AND $2 IN ('building', 'warm', 'frozen') "
              "AND NOT EXISTS (SELECT FROM registry.template t WHERE t.instance = i.id)",
              {id, std::string(to_text(leaving.state))}}},
            work.deadline));
    return std::string();
}

}  // namespace server
