// SPDX-License-Identifier: Apache-2.0
//
// Steps that change an environment which is there: reset, rotation, protection, closing, terms.
#include <fmt/format.h>

#include "environment/name.h"
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

}  // namespace

// Redoing it is harmless, so it need not wait for the disk.
Result<std::string> LiveServer::renew(const Work& work) {
    Statements statements{
        {"SET LOCAL synchronous_commit = off"},
        {fmt::format("UPDATE registry.environment SET {} WHERE id = $1::uuid", k_described),
         described(work.target.environment)}};
    if (work.plan.outcome == environment::Outcome::extended) statements.push_back(work.history());
    BASE_TRY(session_->transact(statements, work.deadline));
    return std::string();
}

Result<std::string> LiveServer::record_reset(const Work& work) {
    const auto& target = work.target;
    BASE_TRY_ASSIGN(
        const auto answers,
        session_->run_all(
            {{"SELECT registry.count_write()"},
             insert_instance(work, "environment"),
             {"UPDATE registry.environment SET next_instance = $2::uuid, epoch = epoch + 1 "
              "WHERE id = $1::uuid RETURNING epoch",
              {target.environment.id.to_string(), target.instance.id.to_string()}}},
            work.deadline));
    if (!answers.back().empty()) epoch_ = answers.back()[0].integer("epoch");
    return std::string();
}

// Both databases change their names in one transaction, so at every moment one of them has the
// name.
Result<std::string> LiveServer::swap(const Work& work) {
    const auto& target = work.target;
    const auto trashed = environment::dropping_name(target.leaving.id);
    const auto final_name = pg::identifier(target.final_database);
    // Stamped when it was secured, so that even one without an oid can be told.
    auto incoming = target.instance;
    incoming.state = environment::InstanceState::serving;
    const auto rename = [](const std::string& from, const std::string& to) {
        return pg::Statement{fmt::format("ALTER DATABASE {} RENAME TO {}", pg::identifier(from),
                                         pg::identifier(to))};
    };
    Statements statements{wait_briefly()};
    if (work.plan.outcome == environment::Outcome::restored) {
        BASE_TRY(reserve_trashed(work));
        statements.push_back(taken_from_trash(target.instance));
    }
    for (auto& statement : Statements{
             rename(target.leaving.database, trashed),
             must_be(trashed, target.leaving, work.credentials.leaving_prefix()),
             rename(target.instance.database, target.final_database),
             must_be(target.final_database, incoming, work.credentials.stamp_prefix()),
             {fmt::format("REVOKE CONNECT ON DATABASE {} FROM SESSION_USER", final_name)},
             {fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true", final_name)},
             {fmt::format("COMMENT ON DATABASE {} IS {}", final_name,
                          pg::literal(work.credentials.database_stamp()))},
             {"UPDATE registry.instance SET state = 'trashed', database = $2, let_go_at = now(), "
              "keep_until = to_timestamp($3::double precision) WHERE id = $1::uuid",
              {target.leaving.id.to_string(), trashed, seconds_of(target.leaving.keep_until)}},
             {"UPDATE registry.instance SET state = 'serving', database = $2 WHERE id = $1::uuid",
              {target.instance.id.to_string(), target.final_database}},
             {"UPDATE registry.environment SET instance = $2::uuid, next_instance = NULL "
              "WHERE id = $1::uuid",
              {target.environment.id.to_string(), target.instance.id.to_string()}},
             work.history()}) {
        statements.push_back(std::move(statement));
    }
    BASE_TRY(shut_out(target.instance, target.role.name, work.deadline));
    auto swapped = despite_locks({target.leaving.database, target.role.name}, work.deadline,
                                 [&] { return run(statements, work.deadline); });
    if (swapped) return std::string();
    auto error = std::move(swapped).error();
    if (error.sqlstate == pg::sql_state::k_object_in_use) {
        BASE_TRY_ASSIGN(const auto holder, what_holds(target.leaving.database, work.deadline));
        error.message =
            fmt::format("the old database cannot be put aside: it is held by {}", holder);
        error.hint = "end that and reset again; the old data are still in service";
    }
    return base::fail(std::move(error));
}

// What it built waits, like everything that nobody needs any more, for whoever has a moment.
Result<std::string> LiveServer::drop_next(const Work& work) {
    BASE_TRY(run({{"UPDATE registry.instance SET state = 'dropping', let_go_at = now() WHERE id = "
                   "(SELECT next_instance FROM registry.environment WHERE id = $1::uuid)",
                   {work.target.environment.id.to_string()}},
                  {"UPDATE registry.environment SET next_instance = NULL WHERE id = $1::uuid",
                   {work.target.environment.id.to_string()}}},
                 work.deadline));
    return std::string();
}

// Password, version and stamp change together, so that at every moment the recorded version is the
// one that logs in.
Result<std::string> LiveServer::rotate_password(const Work& work) {
    const auto& target = work.target;
    BASE_TRY(check_lease(target, work.deadline));
    BASE_TRY_ASSIGN(const auto verifier, session_->make_verifier(work.credentials.password));
    const Statements statements{
        {"SELECT registry.count_write()"},
        {"UPDATE registry.role SET password_version = $2::integer, "
         "key_number = $3::integer, source = 'derived', password_set_at = now() WHERE id = "
         "$1::uuid",
         {target.role.id.to_string(), std::to_string(target.role.password_version),
          std::to_string(target.role.key_number)}},
        {"UPDATE registry.environment SET state = $2 WHERE id = $1::uuid",
         {target.environment.id.to_string(), std::string(to_text(target.environment.state))}},
        wait_briefly(),
        {fmt::format("ALTER ROLE {} PASSWORD {}", pg::identifier(target.role.name),
                     pg::literal(verifier))},
        {fmt::format("COMMENT ON DATABASE {} IS {}", pg::identifier(target.instance.database),
                     pg::literal(work.credentials.database_stamp()))},
        work.history()};
    auto rotated = despite_locks({"", target.role.name}, work.deadline,
                                 [&] { return run(statements, work.deadline); });
    if (rotated) return std::string();
    if (rotated.error().kind != ErrorKind::conflict) {
        return base::fail(std::move(rotated).error());
    }
    return close_instead(work, std::move(rotated).error());
}

// A password that has to be changed and cannot be is to open nothing.
tl::unexpected<base::Error> LiveServer::close_instead(const Work& work, base::Error error) {
    const auto& target = work.target;
    const auto& name = target.environment.name;
    error = std::move(error).during(
        fmt::format("cannot change the password of the role {}", target.role.name));
    const Statements closing{
        work.history("closed"),
        {"UPDATE registry.environment SET state = 'closed', closed_because = $2, "
         "epoch = epoch + 1 WHERE id = $1::uuid",
         {target.environment.id.to_string(), error.message}},
        wait_briefly(),
        {fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false IS_TEMPLATE false",
                     pg::identifier(target.instance.database))},
        must_be(target.instance.database, target.instance, work.credentials.leaving_prefix())};
    auto closed = despite_locks({target.instance.database, ""}, work.deadline,
                                [&] { return run(closing, work.deadline); });
    if (!closed) {
        error.message +=
            "; and cannot close the environment instead, so the previous password "
            "still works: " +
            closed.error().message;
        return base::fail(std::move(error));
    }
    const auto ended = end_sessions(work);
    if (!ended) log_.warning("sessions of {} stay: {}", name, ended.error().message);
    error.message += fmt::format("; the environment '{}' was closed instead", name);
    error.hint += fmt::format(": reviewdb open {0}; reviewdb rotate {0}", name);
    return base::fail(std::move(error));
}

Result<std::string> LiveServer::mark_protection(const Work& work) {
    const auto& target = work.target;
    BASE_TRY_ASSIGN(const auto there, session_->run({"SELECT 1 FROM pg_database WHERE datname = $1",
                                                     {target.instance.database}},
                                                    work.deadline));
    Statements statements{
        {"UPDATE registry.environment SET protected = $2::boolean WHERE id = $1::uuid",
         {target.environment.id.to_string(), target.environment.shielded ? "t" : "f"}}};
    if (!there.empty() && target.instance.state == environment::InstanceState::serving) {
        statements.push_back(
            {fmt::format("COMMENT ON DATABASE {} IS {}", pg::identifier(target.instance.database),
                         pg::literal(work.credentials.database_stamp()))});
    }
    statements.push_back(work.history());
    statements.insert(statements.begin(), wait_briefly());
    BASE_TRY(despite_locks({target.instance.database, target.role.name}, work.deadline,
                           [&] { return run(statements, work.deadline); }));
    return std::string();
}

Result<std::string> LiveServer::record_closure(const Work& work) {
    const auto& record = work.target.environment;
    // One that goes on where another ended has nothing new to tell.
    auto told = work.history();
    told.sql += " FROM registry.environment WHERE id = $3::uuid AND state <> 'closed'";
    const Statements statements{
        told,
        {"UPDATE registry.environment SET state = 'closed', closed_because = $2, "
         "epoch = epoch + 1 WHERE id = $1::uuid RETURNING epoch",
         {record.id.to_string(), record.closed_because}}};
    BASE_TRY_ASSIGN(const auto answers, session_->run_all(statements, work.deadline));
    if (!answers[1].empty()) epoch_ = answers[1][0].integer("epoch");
    return std::string();
}

// A rotation of all that was not finished is gone on with: whose password is newer than its
// beginning has been done.
Result<std::vector<environment::Subject>> LiveServer::begin_rotation(
    const environment::Project& project, Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(
        const auto answers,
        session_->run_all(
            {{"INSERT INTO registry.rotation (project) VALUES ($1) ON CONFLICT DO NOTHING",
              {project.text()}},
             {"SELECT e.name FROM registry.environment e JOIN registry.role r ON r.id = e.role "
              "JOIN registry.rotation a ON a.project = e.project WHERE e.project = $1 "
              "AND e.state IN ('ready', 'publishing') AND r.password_set_at < a.began_at "
              "ORDER BY e.name",
              {project.text()}}},
            deadline));
    std::vector<environment::Subject> due;
    for (int i = 0; i < answers[1].size(); ++i) {
        auto name = environment::Name::parse(answers[1][i].text("name"));
        if (name) due.push_back({project, *std::move(name)});
    }
    return due;
}

Result<void> LiveServer::end_rotation(const environment::Project& project, Deadline deadline) {
    BASE_TRY(connect(deadline));
    return run({{"DELETE FROM registry.rotation WHERE project = $1", {project.text()}}}, deadline);
}

}  // namespace server
