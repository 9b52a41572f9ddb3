// SPDX-License-Identifier: Apache-2.0
//
// Brings a registry to the schema that this program has. Only `init` and `upgrade` do that; every
// other verb works with the schema that it finds.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "environment/server.h"
#include "pg/connection.h"
#include "pg/connection_info.h"
#include "server/migrations.h"

namespace server {

// The schema that this program brings: the number of its last migration.
int schema_version();

struct Upgraded {
    int from = 0;
    int to = 0;
};

// Runs the migrations that the registry lacks, each in a transaction of its own with the number
// that it leads to, so that a call which dies in between is gone on with by the next; a registry
// that an older program made changes its owner first (takeover.h). Two at once wait for each other.
// Fails conflict for a registry that is only for newer programs, or that holds what no migration
// made; denied for a login that is no administrator's.
base::Result<Upgraded> upgrade(const pg::ConnectionInfo& administrator,
                               const environment::Actor& actor, base::Deadline deadline,
                               base::Log& log);

// The control database as an administrator's session may use it: nobody else prepares or upgrades
// meanwhile, and what is in it is known, or it is empty. The session acts as its login.
struct Entered {
    pg::Connection control;
    bool has_registry = false;
};
// Fails conflict for a database that holds anything unknown.
base::Result<Entered> enter_registry(const pg::ConnectionInfo& administrator,
                                     base::Deadline deadline, base::Log& log);

// The value of a policy for every project, read as an administrator; empty where there is none, and
// for a registry that has to be upgraded first.
base::Result<std::string> policy_of_server(const pg::ConnectionInfo& administrator,
                                           const std::string& key, base::Deadline deadline,
                                           base::Log& log);

// Runs the migrations over the session of enter_registry().
base::Result<Upgraded> migrate(pg::Connection& control, const environment::Actor& actor,
                               base::Deadline deadline);
// One migration, its number and its line of history, to be run in one transaction as the owner.
std::vector<std::string> migration_steps(const Migration& one, const environment::Actor& actor);

// Waits, at most until `deadline`, until nobody else prepares or upgrades over this database.
base::Result<void> lock_preparation(pg::Connection& session, base::Deadline deadline);

}  // namespace server
