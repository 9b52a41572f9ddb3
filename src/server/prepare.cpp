// SPDX-License-Identifier: Apache-2.0
#include "server/prepare.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "base/interrupt.h"
#include "pg/quoting.h"
#include "pg/sql_state.h"
#include "server/foundation.h"
#include "server/migrations.h"
#include "server/open_databases.h"
#include "server/operator_login.h"
#include "server/ownership.h"
#include "server/registration.h"
#include "server/session.h"
#include "server/stamped.h"
#include "server/survey.h"
#include "server/takeover.h"
#include "server/upgrade.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

// Others may prepare at the same moment from another database, where our lock says nothing.
bool somebody_else_was_there(const base::Error& error) {
    namespace state = pg::sql_state;
    const auto& code = error.sqlstate;
    return code == state::k_unique_violation || code == state::k_duplicate_object ||
           code == state::k_duplicate_database || code == state::k_concurrently_updated ||
           code == state::k_object_in_use || code == state::k_lock_not_available ||
           code == state::k_not_in_prerequisite_state;
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
    Result<void> make_registry(pg::Connection& session, pg::Connection& control, Prepared& made);
    Result<void> keep_registry(pg::Connection& control, const Survey& seen);
    Result<void> compare(pg::Connection& control);
    std::string host() const;
    int port() const;
    std::string sslmode(const pg::Connection& session) const;

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

Result<void> Preparer::make_registry(pg::Connection& session, pg::Connection& control,
                                     Prepared& made) {
    BASE_TRY_ASSIGN(const auto stamped, installation_to_make(session, wish_.stamped, deadline_));
    Registration registration{.installation = stamped.value_or(base::Uuid::random()),
                              .host = host(),
                              .port = port(),
                              .sslmode_sql = pg::literal(sslmode(session))};
    BASE_TRY(locate_key(wish_, registration));
    // Nobody was ever told a password before there is a registry: whoever writes it sets it.
    auto password = make_operator_password();
    BASE_TRY_ASSIGN(const auto verifier, session.make_verifier(password));
    BASE_TRY(session.run(
        {fmt::format("ALTER ROLE {} PASSWORD {}", k_operator, pg::literal(verifier))}, deadline_));
    std::vector<std::string> statements{as_owner()};
    for (const auto& one : migrations()) statements.push_back(migration_statement(one.sql));
    for (auto& one : registration_sql(registration, wish_)) statements.push_back(std::move(one));
    BASE_TRY(with_our_roles(control, statements, deadline_));
    made.newly_made = true;
    made.operator_login = operator_login(administrator_, std::move(password));
    return {};
}

Result<void> Preparer::keep_registry(pg::Connection& control, const Survey& seen) {
    BASE_TRY(migrate(control, wish_.actor, deadline_));
    if (!seen.control_registered) {
        const auto comment = fmt::format("format('COMMENT ON DATABASE {} IS %L', {} || id::text)",
                                         k_control_database, pg::literal(k_control_comment));
        BASE_TRY(run_as_owner(
            control,
            {fmt::format("DO $do$ BEGIN EXECUTE (SELECT {} FROM registry.installation); END $do$",
                         comment)},
            deadline_));
    }
    return compare(control);
}

Result<void> Preparer::compare(pg::Connection& control) {
    auto wished = wished_policies(wish_);
    if (!wish_.key_location.empty()) wished["key"] = wish_.key_location;
    if (wished.empty()) return {};
    BASE_TRY_ASSIGN(const auto rows,
                    ask_as_owner(control,
                                 {"SELECT key, value FROM registry.policy WHERE project = '*' "
                                  "UNION ALL SELECT 'key', location FROM registry.key JOIN "
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
    std::vector<std::string> missing;
    for (const auto& [key, value] : wished) {
        missing.push_back(
            fmt::format("INSERT INTO registry.policy (project, key, value, set_by) "
                        "VALUES ('*', {}, {}, {}) ON CONFLICT DO NOTHING",
                        pg::literal(key), pg::literal(value), pg::literal(wish_.actor.name)));
        missing.push_back(history_sql("policy", fmt::format("{} = {}", key, value), wish_.actor));
    }
    return missing.empty() ? Result<void>() : run_as_owner(control, missing, deadline_);
}

Result<Prepared> Preparer::run(pg::Connection& session) {
    Prepared made;
    BASE_TRY(session.run({"RESET ROLE"}, deadline_));
    BASE_TRY_ASSIGN(auto seen, survey(session, deadline_));
    BASE_TRY(check_administrator(seen.login, "prepare a server"));
    BASE_TRY(check_possible(seen));
    if (!seen.control.exists) {
        BASE_TRY(installation_to_make(session, wish_.stamped, deadline_));
    }
    BASE_TRY(check_nobody_else(session, seen, deadline_));
    BASE_TRY(check_address(seen));
    if (!seen.complete() || seen.control_is_managers) {
        BASE_TRY(lock_preparation(session, deadline_));
        BASE_TRY_ASSIGN(seen, survey(session, deadline_));
        BASE_TRY(check_possible(seen));
        BASE_TRY(check_nobody_else(session, seen, deadline_));
        BASE_TRY(make_roles(session, seen, deadline_));
        if (seen.control_is_managers) {
            BASE_TRY(take_over(administrator_, session, wish_.actor, deadline_, log_));
            BASE_TRY_ASSIGN(seen, survey(session, deadline_));
        }
        BASE_TRY(make_databases(session, seen, deadline_));
    }
    BASE_TRY_ASSIGN(auto entered, enter_registry(administrator_, deadline_, log_));
    if (entered.has_registry) {
        BASE_TRY(keep_registry(entered.control, seen));
    } else {
        BASE_TRY(make_registry(session, entered.control, made));
    }
    BASE_TRY_ASSIGN(const auto released,
                    ask_as_owner(entered.control, released_roles(), deadline_));
    BASE_TRY_ASSIGN(seen, survey(session, deadline_));
    if (seen.is_member) BASE_TRY(leave_our_roles(session, deadline_));
    BASE_TRY_ASSIGN(made.remarks, advice(session, deadline_));
    if (!made.newly_made && seen.login != k_operator) {
        made.remarks.push_back(
            fmt::format("the login {} stands, and its password is not kept "
                        "anywhere: for a new one, run as {} in psql: "
                        "\\password {}",
                        k_operator, seen.login, k_operator));
    }
    BASE_TRY_ASSIGN(made.open_databases, open_databases(session, released, deadline_));
    return made;
}

}  // namespace

Result<Prepared> prepare(const pg::ConnectionInfo& administrator, const Preparation& wish,
                         Deadline deadline, base::Log& log) {
    BASE_TRY(check_wish(wish));
    BASE_TRY_ASSIGN(auto session, open_administrator(administrator, deadline, log));
    Preparer preparer(administrator, wish, deadline, log);
    constexpr std::chrono::milliseconds k_pause(50);
    // Another call with this login may have taken back the membership that this one had.
    constexpr int k_most_denials = 10;
    for (int denials = 0;;) {
        auto made = preparer.run(session);
        if (made || !session.alive() || deadline.remaining() <= k_pause) return made;
        const bool denied = made.error().sqlstate == pg::sql_state::k_insufficient_privilege;
        if (!somebody_else_was_there(made.error()) && !(denied && ++denials < k_most_denials)) {
            return made;
        }
        log.debug("{}; looking again", made.error().message);
        base::pause(k_pause);
    }
}

}  // namespace server
