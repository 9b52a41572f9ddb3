// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>

#include "base/bytes.h"
#include "pg/sql_state.h"
#include "server/live_server.h"
#include "server/row_reading.h"
#include "server/session.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using environment::Facts;
using environment::NameHolder;

constexpr std::string_view k_registry_columns = R"(
    e.id AS e_id, e.project AS e_project, e.name AS e_name, e.state AS e_state,
    e.repository AS e_repository, e.ref AS e_ref, e.pull_request AS e_pull_request,
    e.commit AS e_commit, e.labels::text AS e_labels, e.secret AS e_secret,
    e.protected AS e_protected, e.epoch AS e_epoch,
    extract(epoch FROM e.created_at)::bigint AS e_created_at,
    extract(epoch FROM e.expires_at)::bigint AS e_expires_at,
    i.id AS i_id, i.state AS i_state, i.database AS i_database, i.oid AS i_oid,
    i.template AS i_template,
    r.id AS r_id, r.name AS r_name, r.state AS r_state, r.password_version AS r_version,
    r.key_number AS r_key, r.source AS r_source)";

constexpr std::string_view k_database_facts = R"(
SELECT d.oid, d.datname, pg_get_userbyid(d.datdba) AS owner,
       pg_get_userbyid(d.datdba) = $4 AS owned_by_manager, d.datallowconn,
       d.datconnlimit = -2 AS half_dropped,
       coalesce(shobj_description(d.oid, 'pg_database'), '') AS comment,
       d.datacl IS NULL OR EXISTS (SELECT FROM aclexplode(d.datacl) a WHERE a.grantee = 0)
           AS open_to_public,
       (SELECT count(DISTINCT a.privilege_type) FROM aclexplode(d.datacl) a
         WHERE pg_get_userbyid(a.grantee) = $3
           AND a.privilege_type IN ('CONNECT', 'CREATE', 'TEMPORARY')) = 3 AS role_may_use,
       (SELECT string_agg(one, E'\n' ORDER BY one) FROM pg_db_role_setting s, unnest(s.setconfig) one
         WHERE s.setdatabase = d.oid AND s.setrole = 0) AS settings
FROM pg_database d WHERE d.datname = $1 OR d.oid = $2::oid
ORDER BY (d.datname = $1) DESC LIMIT 1)";

constexpr std::string_view k_role_facts = R"(
SELECT oid, rolcanlogin,
       rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls AS privileged,
       rolconnlimit, coalesce(shobj_description(oid, 'pg_authid'), '') AS comment
FROM pg_roles WHERE rolname = $1)";

// An instance of ours that holds the name: by name and, where it is known, by oid.
constexpr std::string_view k_name_holder = R"(
SELECT pg_get_userbyid(d.datdba) AS owner, i.id::text AS instance, i.state
FROM pg_database d
LEFT JOIN registry.instance i ON i.database = d.datname AND i.oid = d.oid AND i.state <> 'gone'
WHERE d.datname = $1)";

std::string environment_lock(const environment::Subject& subject) {
    return "environment" + std::string(1, '\0') + subject.project.text() + std::string(1, '\0') +
           subject.name.text();
}
std::string instance_lock(const base::Uuid& instance) {
    return "instance" + std::string(1, '\0') + instance.to_string();
}

// The advisory lock's number: 63 bits of a hash, so that no two names meet by chance.
std::string lock_number(std::string_view key_text) {
    const auto digest = base::sha256(key_text);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i) number = (number << 8U) | digest.at(i);
    return std::to_string(number >> 1U);
}

NameHolder holder_of(const pg::Row& row, const Facts& facts) {
    const auto instance = row.optional_text("instance");
    if (!instance) return NameHolder::somebody_else;
    if (facts.instance && facts.instance->id.to_string() == *instance) {
        return NameHolder::this_instance;
    }
    return row.text("state") == "dropping" ? NameHolder::dropping_instance
                                           : NameHolder::somebody_else;
}

}  // namespace

LiveServer::LiveServer(pg::ConnectionInfo login, std::string application, base::Log& log)
    : login_(std::move(login)), application_(std::move(application)), log_(log) {}
LiveServer::~LiveServer() = default;

Result<void> LiveServer::connect(Deadline deadline) {
    if (session_ && session_->alive()) return {};
    session_.reset();
    locked_.clear();
    BASE_TRY_ASSIGN(auto session, open_session(login_, k_control_database, Acting::as_manager,
                                               application_, deadline, log_));
    session_ = std::move(session);
    return {};
}

Result<bool> LiveServer::try_lock(std::string_view key_text, Deadline deadline) {
    BASE_TRY_ASSIGN(
        const auto rows,
        session_->run({"SELECT pg_try_advisory_lock($1::bigint) AS taken", {lock_number(key_text)}},
                      deadline));
    if (rows[0].boolean("taken")) locked_ = key_text;
    return locked_ == key_text;
}

Result<std::string> LiveServer::describe_holder(std::string_view key_text, Deadline deadline) {
    BASE_TRY_ASSIGN(
        const auto rows,
        session_->run(
            // Postgres hides address and start of a session from who is no member of its role.
            {"SELECT a.pid, coalesce(nullif(a.application_name, ''), a.usename, 'somebody') AS "
             "who, "
             "concat(' from ' || host(a.client_addr), ', connected for ' || "
             "extract(epoch FROM clock_timestamp() - a.backend_start)::bigint || ' s') AS more "
             "FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' "
             "AND l.granted AND l.objsubid = 1 "
             "AND ((l.classid::bigint << 32) | l.objid::bigint) = $1::bigint",
             {lock_number(key_text)}},
            deadline));
    if (rows.empty()) return std::string("somebody");
    return fmt::format("{} (server process {}{})", rows[0].text("who"), rows[0].integer("pid"),
                       rows[0].text("more"));
}

Result<void> LiveServer::take_lock(std::string_view key_text, const std::string& what,
                                   Deadline deadline) {
    if (locked_ == key_text) return {};
    BASE_TRY_ASSIGN(const bool taken, try_lock(key_text, deadline));
    if (taken) return {};
    BASE_TRY_ASSIGN(const auto holder, describe_holder(key_text, deadline));
    log_.info("{} works on {}; waiting", holder, what);
    const auto wait = std::max<std::int64_t>(deadline.remaining().count(), 1);
    const auto limit = deadline.extended_by(std::chrono::milliseconds(500));
    auto waited =
        session_->run_all({{"SELECT set_config('lock_timeout', $1, false)", {std::to_string(wait)}},
                           {"SELECT pg_advisory_lock($1::bigint)", {lock_number(key_text)}},
                           {"SELECT set_config('lock_timeout', '2s', false)"}},
                          limit);
    if (!waited && waited.error().sqlstate == pg::sql_state::k_lock_not_available) {
        return base::fail(ErrorKind::overloaded,
                          fmt::format("{} is being worked on by {}", what, holder),
                          "try again; a worker that has died lets go within half a minute");
    }
    if (!waited) return base::fail(std::move(waited).error());
    locked_ = key_text;
    return {};
}

void LiveServer::release(Deadline deadline) {
    if (session_ && session_->alive() && !locked_.empty()) {
        const auto released = session_->run({"SELECT pg_advisory_unlock_all()"}, deadline);
        if (!released) session_.reset();
    }
    locked_.clear();
}

Result<Facts> LiveServer::read_registry(const environment::Project& project,
                                        const pg::Statement& rows_query, Deadline deadline) {
    BASE_TRY_ASSIGN(
        const auto answers,
        session_->run_all(
            {{"SELECT id, schema_version, oldest_program_allowed, current_key, "
              "current_setting('server_version_num')::integer AS server_version, "
              "pg_backend_pid() AS pid, current_user AS acting, "
              "current_setting('idle_session_timeout') AS lease, "
              "extract(epoch FROM clock_timestamp())::bigint AS now FROM registry.installation"},
             {"SELECT number, fingerprint, location, encode(bytes, 'hex') AS bytes "
              "FROM registry.key ORDER BY number"},
             {"SELECT project, key, value FROM registry.policy WHERE project IN ('*', $1)",
              {project.text()}},
             rows_query},
            deadline));
    if (answers[0].empty()) {
        return base::fail(ErrorKind::not_found, "the registry on the server is not finished",
                          "run 'reviewdb init' as an administrator");
    }
    const auto installation = answers[0][0];
    if (installation.integer("pid") != session_->backend_pid() ||
        installation.text("acting") != k_manager || installation.text("lease") == "0") {
        return base::fail(ErrorKind::conflict, "a pooler or proxy stands between us and Postgres",
                          "give the server's own address; applications may use the pooler");
    }
    Facts facts;
    facts.installation = read_installation(installation, answers[1]);
    facts.now = time_of(installation.integer("now"));
    if (facts.installation.oldest_program_allowed > k_schema_version) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("the registry is for programs of schema {} and newer; this "
                                      "one brings {}",
                                      facts.installation.oldest_program_allowed, k_schema_version),
                          "install a newer reviewdb");
    }
    facts.policy = environment::Policy::from_rows(project, read_policy(answers[2]));
    if (!answers[3].empty()) read_records(answers[3][0], facts);
    return facts;
}

Result<void> LiveServer::read_catalog(Facts& facts, const std::string& final_name,
                                      Deadline deadline) {
    const auto database = facts.instance ? facts.instance->database : std::string();
    const auto oid = facts.instance && facts.instance->oid ? std::to_string(*facts.instance->oid)
                                                           : std::string("0");
    const auto role = facts.role ? facts.role->name : std::string();
    BASE_TRY_ASSIGN(const auto answers,
                    session_->run_all({{std::string(k_database_facts),
                                        {database, oid, role, std::string(k_manager)}},
                                       {std::string(k_role_facts), {role}},
                                       {std::string(k_name_holder), {final_name}}},
                                      deadline));
    if (!answers[0].empty()) facts.database = read_database(answers[0][0]);
    if (!answers[1].empty()) facts.login = read_login(answers[1][0]);
    if (!answers[2].empty()) {
        facts.final_name = holder_of(answers[2][0], facts);
        facts.final_name_owner = answers[2][0].text("owner");
    }
    return {};
}

Result<Facts> LiveServer::observe(const environment::Subject& subject, environment::Purpose purpose,
                                  Deadline deadline) {
    BASE_TRY(connect(deadline));
    if (purpose == environment::Purpose::work) {
        BASE_TRY(take_lock(
            environment_lock(subject),
            fmt::format("'{}' of project {}", subject.name.text(), subject.project.text()),
            deadline));
    }
    const pg::Statement rows{
        fmt::format("SELECT {} FROM registry.environment e "
                    "LEFT JOIN registry.instance i ON i.id = e.instance "
                    "LEFT JOIN registry.role r ON r.id = e.role "
                    "WHERE e.project = $1 AND e.name = $2 AND e.state <> 'gone'",
                    k_registry_columns),
        {subject.project.text(), subject.name.text()}};
    BASE_TRY_ASSIGN(auto facts, read_registry(subject.project, rows, deadline));
    if (facts.environment) epoch_ = facts.environment->epoch;
    const auto final_name = facts.policy.database_pattern().apply(
        subject.project, subject.name, environment::k_longest_catalog_name);
    BASE_TRY(read_catalog(facts, final_name, deadline));
    return facts;
}

Result<std::optional<Facts>> LiveServer::observe_leftover(const environment::Leftover& leftover,
                                                          Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(const bool taken, try_lock(instance_lock(leftover.instance), deadline));
    if (!taken) return std::optional<Facts>();
    const pg::Statement rows{
        fmt::format("SELECT {} FROM registry.instance i "
                    "LEFT JOIN registry.environment e ON false "
                    "LEFT JOIN registry.role r ON r.id = i.role AND r.state <> 'gone' "
                    "WHERE i.id = $1::uuid AND (i.state = 'dropping' OR r.state = 'pinned')",
                    k_registry_columns),
        {leftover.instance.to_string()}};
    const auto project = *environment::Project::parse("review");
    BASE_TRY_ASSIGN(auto facts, read_registry(project, rows, deadline));
    if (!facts.instance) return std::optional<Facts>();
    BASE_TRY(read_catalog(facts, "", deadline));
    return std::optional<Facts>(std::move(facts));
}

Result<std::vector<environment::Leftover>> LiveServer::leftovers(int most, Deadline deadline) {
    BASE_TRY(connect(deadline));
    BASE_TRY_ASSIGN(
        const auto rows,
        session_->run({"SELECT i.id, i.database FROM registry.instance i "
                       "LEFT JOIN registry.role r ON r.id = i.role "
                       "WHERE i.state = 'dropping' OR (i.state = 'gone' AND r.state = 'pinned') "
                       "ORDER BY i.let_go_at LIMIT $1::integer",
                       {std::to_string(most)}},
                      deadline));
    std::vector<environment::Leftover> found;
    found.reserve(static_cast<std::size_t>(rows.size()));
    for (int i = 0; i < rows.size(); ++i) {
        found.push_back({*base::Uuid::parse(rows[i].text("id")), rows[i].text("database")});
    }
    return found;
}

Result<void> LiveServer::check_lease(const environment::Target& target, Deadline deadline) {
    if (!session_ || !session_->alive() || locked_.empty()) {
        return base::fail(ErrorKind::in_doubt, "the lock was lost with its session");
    }
    BASE_TRY_ASSIGN(const auto rows,
                    session_->run({"SELECT epoch FROM registry.environment WHERE id = $1::uuid",
                                   {target.environment.id.to_string()}},
                                  deadline));
    if (!rows.empty() && rows[0].integer("epoch") == epoch_) return {};
    return base::fail(ErrorKind::in_doubt, fmt::format("somebody else took over the work on '{}'",
                                                       target.environment.name));
}

}  // namespace server
