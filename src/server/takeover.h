// SPDX-License-Identifier: Apache-2.0
//
// A registry that a program before schema 2 made belongs to the manager, so any operator could have
// put code into it. It changes its owner while nobody else can be in it, after its objects were
// compared with what the migrations make, in one transaction.
#pragma once

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "environment/server.h"
#include "pg/connection.h"
#include "pg/connection_info.h"

namespace server {

// Moves it and runs the migrations that it lacks. Meanwhile a login to the control database is
// refused as on a server that is starting; sessions that are in it have a few seconds to finish and
// are ended then. `session` is the administrator's own, elsewhere on the server. A call that dies
// leaves the control database shut at worst, and the next one goes on. Fails conflict, and lets
// everyone in again, for an object that the migrations did not make.
base::Result<void> take_over(const pg::ConnectionInfo& administrator, pg::Connection& session,
                             const environment::Actor& actor, base::Deadline deadline,
                             base::Log& log);

}  // namespace server
