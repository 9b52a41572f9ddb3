// SPDX-License-Identifier: Apache-2.0
//
// Brings a registry to the schema that this program has. Only `init` and `upgrade` do that; every
// other verb works with the schema that it finds.
#pragma once

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "environment/server.h"
#include "pg/connection.h"
#include "pg/connection_info.h"

namespace server {

// The schema that this program brings: the number of its last migration.
int schema_version();

struct Upgraded {
    int from = 0;
    int to = 0;
};

// Runs the migrations that the registry lacks, each in a transaction of its own with the number
// that it leads to, so that a call which dies in between is gone on with by the next. Two at once
// wait for each other. Fails conflict for a registry that is only for newer programs.
base::Result<Upgraded> upgrade(const pg::ConnectionInfo& login, const environment::Actor& actor,
                               base::Deadline deadline, base::Log& log);

// The same over a session that acts as the manager and keeps others out.
base::Result<Upgraded> migrate(pg::Connection& control, const environment::Actor& actor,
                               base::Deadline deadline);

// Waits, at most until `deadline`, until nobody else prepares or upgrades over this database.
base::Result<void> lock_preparation(pg::Connection& session, base::Deadline deadline);

}  // namespace server
