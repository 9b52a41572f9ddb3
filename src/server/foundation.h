// SPDX-License-Identifier: Apache-2.0
//
// What the registry stands on: the roles, the control database and the empty template. Each
// function makes what the survey misses and leaves the rest alone.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "pg/connection.h"
#include "server/survey.h"

namespace server {

// The manager and the operator, who has no password yet. `session` is the administrator's own.
base::Result<void> make_roles(pg::Connection& session, const Survey& seen, base::Deadline deadline);

// Both databases, closed to PUBLIC. The session acts as the manager meanwhile, and still does after
// a failure.
base::Result<void> make_databases(pg::Connection& session, const Survey& seen,
                                  base::Deadline deadline);

// Statements without parameters, in one transaction.
base::Result<void> all_or_none(pg::Connection& session, const std::vector<std::string>& statements,
                               base::Deadline deadline);

}  // namespace server
