// SPDX-License-Identifier: Apache-2.0
#include "server/prepare.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <thread>

#include "base/bytes.h"
#include "pg/quoting.h"
#include "pg/sql_state.h"
#include "server/migrations.h"
#include "server/open_databases.h"
#include "server/registration.h"
#include "server/session.h"
#include "server/survey.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

// "reviewdb" in ASCII. In the administrator's database and in the control database, for whoever
// prepares.
constexpr std::int64_t k_lock = 0x7265766965776462;

// Others may prepare at the same moment from another database, where our lock says nothing.
bool somebody_else_was_there(const base::Error& error) {
    namespace state = pg::sql_state;
    const auto& code = error.sqlstate;
    return code == state::k_unique_violation || code == state::k_duplicate_object ||
           code == state::k_duplicate_database || code == state::k_concurrently_updated ||
           code == state::k_object_in_use || code == state::k_lock_not_available;
}

std::string first_of(std::string_view list) { return std::string(list.substr(0, list.find(','))); }

class Preparer {
   public:
    Preparer(const pg::ConnectionInfo& administrator, const Preparation& wish, Deadline deadline,
             base::Log& log)
        : administrator_(administrator), wish_(wish), deadline_(deadline), log_(log) {}

    Result<Prepared> run(pg::Connection& session);

   private:
    Result<void> check_address(const Survey& seen) const;
    Result<void> make_roles(pg::Connection& session, const Survey& seen);
    Result<void> make_databases(pg::Connection& session, const Survey& seen);
    Result<void> open_control(pg::Connection& session, const Survey& seen);
    Result<void> make_template(pg::Connection& session, const Survey& seen);
    Result<void> make_registry(pg::Connection& session, pg::Connection& control, Prepared& made);
    Result<void> keep_registry(pg::Connection& control, const Survey& seen);
    Result<void> compare(pg::Connection& control);
    Result<void> lock(pg::Connection& session);
    std::string host() const;
    int port() const;
    std::string sslmode(const pg::Connection& session) const;
    pg::ConnectionInfo operator_login(base::Secret password) const;

    Result<void> all_or_none(pg::Connection& session, const std::vector<std::string>& statements) {
        std::vector<pg::Statement> all;
        for (const auto& one : statements) all.push_back({one});
        BASE_TRY(session.transact(all, deadline_));
        return {};
    }

    const pg::ConnectionInfo& administrator_;
    const Preparation& wish_;
    Deadline deadline_;
    base::Log& log_;
};

std::string Preparer::host() const {
    if (!wish_.host.empty()) return wish_.host;
    auto host = first_of(administrator_.get("host"));
    if (host.empty()) host = first_of(administrator_.get("hostaddr"));
    return host.empty() || host.starts_with('/') || host.starts_with('@') ? "localhost" : host;
}

int Preparer::port() const {
    if (wish_.port != 0) return wish_.port;
    const auto text = first_of(administrator_.get("port"));
    int port = 5432;
    std::from_chars(text.data(), text.data() + text.size(), port);
    return port;
}

std::string Preparer::sslmode(const pg::Connection& session) const {
    if (!wish_.sslmode.empty()) return wish_.sslmode;
    const auto given = administrator_.get("sslmode");
    // What libpq tries one after the other says nothing of what the server has.
    if (!given.empty() && given != "prefer" && given != "allow") return std::string(given);
    return session.uses_tls() ? "require" : "disable";
}

pg::ConnectionInfo Preparer::operator_login(base::Secret password) const {
    pg::ConnectionInfo login;
    // What says where the server is, and how to know it; the rest is the administrator's own.
    for (const auto* keyword : {"host", "hostaddr", "port", "sslmode", "sslrootcert", "sslcrl",
                                "ssl_min_protocol_version", "target_session_attrs"}) {
        login = login.with(keyword, std::string(administrator_.get(keyword)));
    }
    return login.with("dbname", std::string(k_control_database))
        .with_login(std::string(k_operator), std::move(password));
}

Result<void> Preparer::lock(pg::Connection& session) {
    BASE_TRY(session.run_all({{"SET lock_timeout = 0"},
                              {fmt::format("SELECT pg_advisory_lock({})", k_lock)},
                              {"SET lock_timeout = '2s'"}},
                             deadline_));
    return {};
}

Result<void> Preparer::check_address(const Survey& seen) const {
    if (seen.control_registered || wish_.loopback_allowed || !wish_.host.empty()) return {};
    if (!pg::is_loopback(host())) return {};
    return base::fail(
        ErrorKind::invalid_input,
        fmt::format("applications would be told to connect to {}, which every machine "
                    "takes for itself",
                    host()),
        "say by which address they reach the server: --advertise HOST:PORT");
}

Result<void> Preparer::make_roles(pg::Connection& session, const Survey& seen) {
    constexpr std::string_view k_attributes = "NOLOGIN CREATEDB CREATEROLE INHERIT";
    const auto version = session.server_version();
    if (!seen.manager.exists) {
        BASE_TRY(all_or_none(session, {fmt::format("CREATE ROLE {} {}", k_manager, k_attributes),
                                       fmt::format("COMMENT ON ROLE {} IS {}", k_manager,
                                                   pg::literal(k_manager_comment))}));
    } else if (!seen.manager.fit) {
        BASE_TRY(all_or_none(session, {fmt::format("ALTER ROLE {} {}", k_manager, k_attributes)}));
    }
    if (!seen.acts_as_manager) {
        BASE_TRY(all_or_none(session, {manager_grant(version, seen.login)}));
    }
    std::vector<std::string> statements;
    if (!seen.operator_.exists) {
        statements = {
            fmt::format("CREATE ROLE {} LOGIN NOINHERIT", k_operator),
            fmt::format("COMMENT ON ROLE {} IS {}", k_operator, pg::literal(k_operator_comment))};
    }
    if (!seen.operator_.fit) statements.push_back(manager_grant(version, k_operator));
    if (!seen.operator_.fit && seen.superuser && version >= 160000) {
        // Asked of the login, before it acts as the manager: so it must inherit this one.
        statements.push_back(
            fmt::format("GRANT pg_use_reserved_connections TO {} WITH INHERIT TRUE", k_operator));
    }
    if (statements.empty()) return {};
    return all_or_none(session, statements);
}

Result<void> Preparer::open_control(pg::Connection& session, const Survey& seen) {
    if (!seen.control.exists) {
        log_.info("making the control database {}", k_control_database);
        // The registry holds names in any script.
        const auto* encoding = seen.utf8 ? "" : " ENCODING 'UTF8' LOCALE 'C'";
        BASE_TRY(session.run({fmt::format("CREATE DATABASE {} TEMPLATE template0{} "
                                          "ALLOW_CONNECTIONS false",
                                          k_control_database, encoding)},
                             deadline_));
    }
    if (seen.control.fit && seen.operator_.fit && seen.enters_control) return {};
    std::vector<std::string> statements{
        fmt::format("REVOKE ALL ON DATABASE {} FROM PUBLIC", k_control_database),
        fmt::format("GRANT CONNECT ON DATABASE {} TO {}", k_control_database, k_operator),
        fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true", k_control_database)};
    if (!seen.superuser) {
        statements.push_back(fmt::format("GRANT CONNECT ON DATABASE {} TO {}", k_control_database,
                                         pg::identifier(seen.login)));
    }
    return all_or_none(session, statements);
}

Result<void> Preparer::make_template(pg::Connection& session, const Survey& seen) {
    if (!seen.empty_template.exists) {
        BASE_TRY(session.run({fmt::format("CREATE DATABASE {} TEMPLATE template0 "
                                          "ALLOW_CONNECTIONS false IS_TEMPLATE true",
                                          k_empty_template)},
                             deadline_));
    }
    if (seen.empty_template.fit) return {};
    return all_or_none(session,
                       {fmt::format("REVOKE ALL ON DATABASE {} FROM PUBLIC", k_empty_template),
                        fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false IS_TEMPLATE true",
                                    k_empty_template),
                        fmt::format("COMMENT ON DATABASE {} IS {}", k_empty_template,
                                    pg::literal(k_template_comment))});
}

Result<void> Preparer::make_databases(pg::Connection& session, const Survey& seen) {
    BASE_TRY(session.run({fmt::format("SET ROLE {}", k_manager)}, deadline_));
    BASE_TRY(open_control(session, seen));
    BASE_TRY(make_template(session, seen));
    BASE_TRY(session.run({"RESET ROLE"}, deadline_));
    return {};
}

Result<void> Preparer::make_registry(pg::Connection& session, pg::Connection& control,
                                     Prepared& made) {
    Registration registration{.installation = base::Uuid::random(),
                              .host = host(),
                              .port = port(),
                              .sslmode_sql = pg::literal(sslmode(session))};
    BASE_TRY(locate_key(wish_, registration));
    // Nobody was ever told a password before there is a registry: whoever writes it sets it.
    base::Secret password(base::to_base64url(base::random_bytes(32)));
    BASE_TRY_ASSIGN(const auto verifier, session.make_verifier(password));
    BASE_TRY(session.run(
        {fmt::format("ALTER ROLE {} PASSWORD {}", k_operator, pg::literal(verifier))}, deadline_));
    std::vector<std::string> statements;
    for (const auto& one : migrations()) statements.push_back(migration_statement(one.sql));
    for (auto& one : registration_sql(registration, wish_)) statements.push_back(std::move(one));
    BASE_TRY(all_or_none(control, statements));
    made.newly_made = true;
    made.operator_login = operator_login(std::move(password));
    return {};
}

Result<void> Preparer::keep_registry(pg::Connection& control, const Survey& seen) {
    BASE_TRY_ASSIGN(const auto rows,
                    control.run({"SELECT id::text, schema_version, oldest_program_allowed FROM "
                                 "registry.installation"},
                                deadline_));
    if (rows.size() != 1 || rows[0].integer("oldest_program_allowed") > k_schema_version) {
        return base::fail(ErrorKind::conflict,
                          "the registry on this server is for a newer reviewdb than this one",
                          "update reviewdb");
    }
    std::vector<std::string> statements;
    for (const auto& one : migrations()) {
        if (one.number <= rows[0].integer("schema_version")) continue;
        statements.push_back(migration_statement(one.sql));
        statements.push_back(
            fmt::format("UPDATE registry.installation SET schema_version = {}", one.number));
    }
    if (!seen.control_registered) {
        statements.push_back(
            fmt::format("COMMENT ON DATABASE {} IS {}", k_control_database,
                        pg::literal(fmt::format("{}{}", k_control_comment, rows[0].text("id")))));
    }
    if (!statements.empty()) BASE_TRY(all_or_none(control, statements));
    return compare(control);
}

Result<void> Preparer::compare(pg::Connection& control) {
    auto wished = wished_policies(wish_);
    if (!wish_.key_location.empty()) wished["key"] = wish_.key_location;
    if (wished.empty()) return {};
    BASE_TRY_ASSIGN(const auto rows,
                    control.run({"SELECT key, value FROM registry.policy WHERE project = '*' UNION "
                                 "ALL SELECT 'key', location FROM registry.key JOIN "
                                 "registry.installation ON current_key = number"},
                                deadline_));
    for (int i = 0; i < rows.size(); ++i) {
        const auto found = wished.find(rows[i].text("key"));
        if (found == wished.end()) continue;
        if (found->second != rows[i].text("value")) {
            return base::fail(
                ErrorKind::conflict,
                fmt::format("this server is prepared with {} = '{}', not '{}'", found->first,
                            rows[i].text("value"), found->second),
                fmt::format("leave it out, or change it for everyone: reviewdb config "
                            "set {}=VALUE",
                            found->first));
        }
        wished.erase(found);
    }
    std::vector<pg::Statement> missing;
    for (const auto& [key, value] : wished) {
        missing.push_back(
            {"INSERT INTO registry.policy (project, key, value, set_by) VALUES ('*', "
             "$1, $2, $3) ON CONFLICT DO NOTHING",
             {key, value, wish_.actor.name}});
        missing.push_back({history_sql("policy", fmt::format("{} = {}", key, value), wish_.actor)});
    }
    if (!missing.empty()) BASE_TRY(control.transact(missing, deadline_));
    return {};
}

Result<Prepared> Preparer::run(pg::Connection& session) {
    Prepared made;
    BASE_TRY(session.run({"RESET ROLE"}, deadline_));
    BASE_TRY_ASSIGN(auto seen, survey(session, deadline_));
    BASE_TRY(check_possible(seen, session.server_version()));
    BASE_TRY(check_address(seen));
    if (!seen.complete()) {
        BASE_TRY(lock(session));
        BASE_TRY_ASSIGN(seen, survey(session, deadline_));
        BASE_TRY(check_possible(seen, session.server_version()));
        BASE_TRY(make_roles(session, seen));
        BASE_TRY(make_databases(session, seen));
    }
    BASE_TRY_ASSIGN(auto control,
                    open_session(administrator_, k_control_database, Acting::as_manager,
                                 "reviewdb init", deadline_, log_));
    BASE_TRY(lock(control));
    BASE_TRY_ASSIGN(
        const auto there,
        control.run({"SELECT to_regclass('registry.installation') IS NOT NULL AS there"},
                    deadline_));
    if (there[0].boolean("there")) {
        BASE_TRY(keep_registry(control, seen));
    } else {
        BASE_TRY(make_registry(session, control, made));
    }
    BASE_TRY_ASSIGN(made.remarks, advice(session, deadline_));
    if (!made.newly_made && seen.login != k_operator) {
        made.remarks.push_back(
            fmt::format("the login {} stands, and its password is not kept "
                        "anywhere: for a new one, run as {} in psql: "
                        "\\password {}",
                        k_operator, seen.login, k_operator));
    }
    BASE_TRY_ASSIGN(made.open_databases, open_databases(session, deadline_));
    return made;
}

}  // namespace

Result<Prepared> prepare(const pg::ConnectionInfo& administrator, const Preparation& wish,
                         Deadline deadline, base::Log& log) {
    BASE_TRY(check_wish(wish));
    BASE_TRY_ASSIGN(auto session, open_administrator(administrator, deadline, log));
    Preparer preparer(administrator, wish, deadline, log);
    constexpr std::chrono::milliseconds k_pause(50);
    for (;;) {
        auto made = preparer.run(session);
        if (made || !session.alive() || !somebody_else_was_there(made.error()) ||
            deadline.remaining() <= k_pause) {
            return made;
        }
        log.debug("{}; looking again", made.error().message);
        std::this_thread::sleep_for(k_pause);
    }
}

}  // namespace server
