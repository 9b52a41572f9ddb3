// SPDX-License-Identifier: Apache-2.0
#include "server/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/interrupt.h"
#include "pg/sql_state.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A server that refuses connections may be failing over, or not be there at all.
constexpr seconds k_longest_absence(20);
// No server has this for its default, and each says what its sessions have: so one look, without a
// round trip, shows whether our settings arrived or a pooler dropped them.
constexpr std::string_view k_watermark = "iso_8601";
// Longer than any wait of ours outside Postgres while a lock is held.
constexpr std::string_view k_lease = "30s";

// What we look for is one row of few, all of them in memory: by an index, also where the table is
// still small, and by one plan whatever the values are, since it is kept as long as the session.
std::string startup_options(std::string_view given, Acting acting) {
    auto options = fmt::format(
        "{} {} -c statement_timeout=0 -c lock_timeout=2s "
        "-c random_page_cost=1.1 -c plan_cache_mode=force_generic_plan -c IntervalStyle={}",
        given, lease_options(), k_watermark);
    if (acting == Acting::as_manager) options += fmt::format(" -c role={}", k_manager);
    return options;
}

pg::ConnectionInfo prepared(const pg::ConnectionInfo& login, std::string_view database,
                            Acting acting, std::string_view application) {
    return login.with("dbname", std::string(database))
        .with("options", startup_options(login.get("options"), acting))
        .with("client_encoding", "UTF8")
        .with("replication", "")
        .with("application_name", std::string(application))
        .with("keepalives_idle", "10")
        .with("keepalives_interval", "5")
        .with("keepalives_count", "3");
}

// As an upgrade leaves it while it works, which takes seconds.
base::Error shut_error(const pg::ConnectionInfo& info) {
    return {ErrorKind::unavailable,
            fmt::format("{}: the registry lets nobody in: it is being upgraded or uninstalled",
                        info.describe()),
            "retry in a minute; if it stays so, the call that shut it was killed: run it again, "
            "'reviewdb upgrade' or 'reviewdb uninstall'",
            std::string(pg::sql_state::k_not_in_prerequisite_state)};
}

bool may_pass(const base::Error& error) {
    return error.kind == ErrorKind::unavailable || error.sqlstate == "53300";
}

}  // namespace

base::Error pooler_error(const pg::ConnectionInfo& login) {
    return {ErrorKind::conflict,
            fmt::format("{} is behind a pooler or proxy", login.describe()),
            "reviewdb needs a direct connection to Postgres; applications may use the pooler",
            {}};
}

// How values are written and read, and how statements run, whatever ALTER ROLE, ALTER DATABASE and
// the options of a connection string say. Not default_transaction_read_only: a server on which that
// is on was made a reader, and is refused as one.
constexpr std::string_view k_reading =
    "-c search_path=pg_catalog -c client_encoding=UTF8 -c DateStyle=ISO -c TimeZone=UTC "
    "-c standard_conforming_strings=on -c backslash_quote=safe_encoding -c array_nulls=on "
    "-c bytea_output=hex -c extra_float_digits=1 -c quote_all_identifiers=off "
    "-c transform_null_equals=off -c row_security=on -c check_function_bodies=on "
    "-c default_transaction_deferrable=off "
    "-c default_transaction_isolation=read\\ committed -c default_tablespace= "
    "-c client_min_messages=notice";

std::string lease_options() {
    return fmt::format(
        "{} -c idle_session_timeout={} "
        "-c idle_in_transaction_session_timeout={} -c client_connection_check_interval=2s "
        "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
        k_reading, k_lease, k_lease);
}

Result<pg::Connection> open_session(const pg::ConnectionInfo& login, std::string_view database,
                                    Acting acting, std::string_view application, Deadline deadline,
                                    base::Log& log) {
    const auto info = prepared(login, database, acting, application);
    const auto absence = deadline.at_most(k_longest_absence);
    milliseconds pause(50);
    for (bool told = false;; told = true) {
        auto connection = pg::Connection::open(info, deadline);
        if (connection && connection->is_reader()) {
            return base::fail(ErrorKind::unavailable,
                              fmt::format("{} is a reader: it takes no changes", info.describe()),
                              "give the address of the writer (the cluster endpoint)");
        }
        if (connection && connection->told("IntervalStyle") != k_watermark) {
            return base::fail(pooler_error(info));
        }
        if (connection) return connection;
        auto error = std::move(connection).error();
        if (error.sqlstate == pg::sql_state::k_protocol_violation) {
            return base::fail(pooler_error(info));
        }
        const bool shut = database == k_control_database &&
                          error.sqlstate == pg::sql_state::k_not_in_prerequisite_state;
        if (shut) error = shut_error(info);
        const auto limit = error.sqlstate.empty() || shut ? absence : deadline;
        if (!may_pass(error) || limit.remaining() <= pause) return base::fail(std::move(error));
        if (!told) log.warning("{}; trying again", error.message);
        base::pause(pause);
        pause = std::min(pause * 2, milliseconds(1000));
    }
}

Result<pg::Connection> open_for_daily_work(const pg::ConnectionInfo& login,
                                           std::string_view application, Deadline deadline,
                                           base::Log& log) {
    constexpr std::string_view k_hint =
        "use the login that 'reviewdb init' printed, reviewdb_operator; if it is lost, this "
        "administrator's login makes and prints another password: reviewdb rotate --operator";
    auto session =
        open_session(login, k_control_database, Acting::as_manager, application, deadline, log);
    if (!session && session.error().sqlstate == pg::sql_state::k_insufficient_privilege) {
        return base::fail(std::move(session).error().with_hint(std::string(k_hint)));
    }
    if (!session) return session;
    // Whoever is a member of the bootstrap superuser's role, as every superuser is.
    BASE_TRY_ASSIGN(
        const auto rows,
        session->run({"SELECT pg_has_role(session_user, 10, 'MEMBER') AS superuser"}, deadline));
    if (!rows[0].boolean("superuser")) return session;
    return base::fail(ErrorKind::denied,
                      fmt::format("{} is a superuser's login, and daily work is an operator's",
                                  login.get("user")),
                      std::string(k_hint));
}

}  // namespace server
