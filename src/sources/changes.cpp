// SPDX-License-Identifier: Apache-2.0
#include "sources/changes.h"

#include <chrono>
#include <thread>

#include "pg/connection.h"
#include "sources/session.h"

namespace sources {

namespace {

constexpr const char* k_others =
    "SELECT count(*) AS others FROM pg_catalog.pg_stat_activity WHERE datname = "
    "pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid() AND backend_type = "
    "'client backend'";

constexpr const char* k_writes =
    "SELECT CASE WHEN pg_catalog.current_setting('track_counts') = 'on' THEN "
    "pg_catalog.format('%s %s', tup_inserted + tup_updated + tup_deleted, stats_reset) END AS "
    "writes FROM pg_catalog.pg_stat_database WHERE datname = pg_catalog.current_database()";

}  // namespace

base::Result<std::optional<std::string>> writes_of(const pg::ConnectionInfo& login,
                                                   base::Deadline deadline) {
    constexpr std::chrono::seconds k_patience(2);
    constexpr std::chrono::milliseconds k_pause(20);
    BASE_TRY_ASSIGN(auto session, pg::Connection::open(session_of(login), deadline));
    const auto until = deadline.at_most(k_patience);
    for (;;) {
        BASE_TRY_ASSIGN(const auto rows, session.run({k_others}, deadline));
        if (rows[0].integer("others") == 0 || until.passed()) break;
        std::this_thread::sleep_for(k_pause);
    }
    BASE_TRY_ASSIGN(const auto rows, session.run({k_writes}, deadline));
    auto writes = rows.empty() ? std::nullopt : rows[0].optional_text("writes");
    std::move(session).close_and_wait(deadline);
    return writes;
}

}  // namespace sources
