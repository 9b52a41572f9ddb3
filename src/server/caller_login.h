// SPDX-License-Identifier: Apache-2.0
//
// Adds to the server that the settings name what the caller's variables say. Pure.
#pragma once

#include "base/result.h"
#include "base/variables.h"
#include "pg/connection_info.h"

namespace server {

// Completes `named`: the password from REVIEWDB_PASSWORD, the rest from the PG* variables as libpq
// would read them. They say only where and how to log in: they never set a session's parameters,
// and never replace the address in `named`.
//
// PG* variables that describe the same login as DATABASE_URL belong to an application, as those
// that reviewdb itself writes do, and add nothing. Fails invalid_input if only they could say the
// host or the user, and for an empty REVIEWDB_PASSWORD.
base::Result<pg::ConnectionInfo> complete_login(const pg::ConnectionInfo& named,
                                                const base::Variables& variables);

}  // namespace server
