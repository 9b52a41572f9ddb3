// SPDX-License-Identifier: Apache-2.0
//
// Other people's databases that PUBLIC may connect to, so that every environment's role could.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "pg/connection.h"
#include "server/prepare.h"

namespace server {

// A session of the administrator's own, in the database that the login names, or in `postgres`
// where that is one of ours. Fails conflict for a server before k_oldest_server.
base::Result<pg::Connection> open_administrator(const pg::ConnectionInfo& administrator,
                                                base::Deadline deadline, base::Log& log);

// Asks a registry for the roles of released environments: one row whose `roles` is an array.
pg::Statement released_roles();

// All of them, by name; not ours, and not those that accept no connections. The logins that get in
// by PUBLIC alone leave out `released`, the answer to released_roles(): a released environment
// belongs to its application, and needs no other database.
base::Result<std::vector<OpenDatabase>> open_databases(pg::Connection& session,
                                                       const pg::Rows& released,
                                                       base::Deadline deadline);

// What keeps those logins in and takes CONNECT from PUBLIC. To be run in one transaction.
std::vector<std::string> closing_statements(const OpenDatabase& database);

}  // namespace server
