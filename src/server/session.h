// SPDX-License-Identifier: Apache-2.0
//
// How every session of ours starts: as the manager from its first moment, with settings that nobody
// else's ALTER ROLE or ALTER DATABASE can bend, and dead within half a minute when its client is.
#pragma once

#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "pg/connection.h"
#include "pg/connection_info.h"

namespace server {

// Owns the control database and everything in it. Nobody logs in as it or is a member of it for
// longer than one transaction of an administrator's.
inline constexpr std::string_view k_registry_owner = "reviewdb_registry";
inline constexpr std::string_view k_manager = "reviewdb_manager";
inline constexpr std::string_view k_operator = "reviewdb_operator";
inline constexpr std::string_view k_control_database = "reviewdb";
inline constexpr std::string_view k_empty_template = "reviewdb_template_0";

// The oldest server that we work with (design: Postgres 15).
inline constexpr int k_oldest_server = 150000;
// The oldest schema of the registry that this program works with.
inline constexpr int k_oldest_schema = 1;

// Startup options by which the server ends a session half a minute after its client has gone, as
// every session of ours must: one that stays holds a lock, or a database that is to be renamed.
std::string lease_options();

// What every door answers to a pooler or proxy that stands between us and `login`'s Postgres.
base::Error pooler_error(const pg::ConnectionInfo& login);

enum class Acting { as_manager, as_itself };

// Opens a session in `database` on the server that `login` names, whatever database it names
// itself. Retries within `deadline` while the server is starting, failing over or away. Refuses a
// reader (unavailable), and what sits between and does not pass our settings on (conflict: a
// pooler).
base::Result<pg::Connection> open_session(const pg::ConnectionInfo& login,
                                          std::string_view database, Acting acting,
                                          std::string_view application, base::Deadline deadline,
                                          base::Log& log);

// The same in the control database, as the manager, for an operator's login. Fails denied, with the
// command that helps, for a superuser's and for one that may not act as the manager: an
// administrator only prepares, upgrades and uninstalls.
base::Result<pg::Connection> open_for_daily_work(const pg::ConnectionInfo& login,
                                                 std::string_view application,
                                                 base::Deadline deadline, base::Log& log);

}  // namespace server
