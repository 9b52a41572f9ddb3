// SPDX-License-Identifier: Apache-2.0
//
// What the registry stands on: the roles, the control database and the empty template. Each
// function makes what the survey misses and leaves the rest alone; `session` is the administrator's
// own.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "pg/connection.h"
#include "server/survey.h"

namespace server {

// The registry's owner, the manager and the operator, who has no password yet.
base::Result<void> make_roles(pg::Connection& session, const Survey& seen, base::Deadline deadline);

// Both databases, closed to PUBLIC. While they are created, a login that is no superuser is a
// member of their owners; after a failure it still is, which the next survey sees.
base::Result<void> make_databases(pg::Connection& session, const Survey& seen,
                                  base::Deadline deadline);

// Statements without parameters, in one transaction.
base::Result<void> all_or_none(pg::Connection& session, const std::vector<std::string>& statements,
                               base::Deadline deadline);

}  // namespace server
