// SPDX-License-Identifier: Apache-2.0
#include "server/upgrade.h"

#include <fmt/format.h>

#include "base/interrupt.h"
#include "server/foundation.h"
#include "server/migrations.h"
#include "server/registration.h"
#include "server/session.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

// "reviewdb" in ASCII. In the administrator's database and in the control database, for whoever
// prepares.
constexpr std::int64_t k_lock = 0x7265766965776462;

// Others are at work meanwhile: who meets them comes again.
Result<void> run_migration(pg::Connection& control, const Migration& one,
                           const environment::Actor& actor, Deadline deadline) {
    constexpr std::chrono::milliseconds k_pause(50);
    for (;;) {
        auto done = all_or_none(
            control,
            {migration_statement(one.sql),
             fmt::format("UPDATE registry.installation SET schema_version = {}", one.number),
             history_sql("upgraded", fmt::format("schema {}: {}", one.number, one.name), actor)},
            deadline);
        const bool met = !done && done.error().kind == ErrorKind::overloaded && control.alive();
        if (!met || deadline.remaining() <= k_pause) return done;
        base::pause(k_pause);
    }
}

}  // namespace

int schema_version() { return migrations().back().number; }

Result<void> lock_preparation(pg::Connection& session, Deadline deadline) {
    BASE_TRY(session.run_all({{"SET lock_timeout = 0"},
                              {fmt::format("SELECT pg_advisory_lock({})", k_lock)},
                              {"SET lock_timeout = '2s'"}},
                             deadline));
    return {};
}

Result<Upgraded> migrate(pg::Connection& control, const environment::Actor& actor,
                         Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows,
                    control.run({"SELECT schema_version, oldest_program_allowed FROM "
                                 "registry.installation"},
                                deadline));
    if (rows.size() != 1 || rows[0].integer("oldest_program_allowed") > schema_version()) {
        return base::fail(ErrorKind::conflict,
                          "the registry on this server is for a newer reviewdb than this one",
                          "install a newer reviewdb; nothing was changed");
    }
    Upgraded done;
    done.from = done.to = static_cast<int>(rows[0].integer("schema_version"));
    for (const auto& one : migrations()) {
        if (one.number <= done.from) continue;
        BASE_TRY(run_migration(control, one, actor, deadline));
        done.to = one.number;
    }
    return done;
}

Result<Upgraded> upgrade(const pg::ConnectionInfo& login, const environment::Actor& actor,
                         Deadline deadline, base::Log& log) {
    BASE_TRY_ASSIGN(auto control, open_session(login, k_control_database, Acting::as_manager,
                                               "reviewdb/upgrade", deadline, log));
    BASE_TRY(lock_preparation(control, deadline));
    return migrate(control, actor, deadline);
}

}  // namespace server
