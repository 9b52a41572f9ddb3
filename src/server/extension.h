// SPDX-License-Identifier: Apache-2.0
//
// Extensions that only an administrator can make: made once in the database that every new one is
// cloned from.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "pg/connection_info.h"

namespace server {

// Makes the extensions in the empty template as `administrator`, all or none, and answers those
// that were not there yet. The template accepts connections for that moment, of its owner and of
// superusers alone; a clone that is made meanwhile waits. Fails invalid_input for a name that is no
// identifier, denied with the SQL for someone who can, not_found for a server that is not prepared,
// and as a session does.
base::Result<std::vector<std::string>> make_extensions(const pg::ConnectionInfo& administrator,
                                                       const std::vector<std::string>& names,
                                                       base::Deadline deadline, base::Log& log);

// The same for psql. Fails invalid_input.
base::Result<std::string> extension_sql(const std::vector<std::string>& names);

}  // namespace server
