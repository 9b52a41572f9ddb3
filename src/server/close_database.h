// SPDX-License-Identifier: Apache-2.0
//
// Which databases of other people `init --close` took from PUBLIC.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "pg/connection_info.h"

namespace server {

// By name, as far as they are still there under the name and the number that the record has.
base::Result<std::vector<std::string>> closed_databases(const pg::ConnectionInfo& administrator,
                                                        base::Deadline deadline, base::Log& log);

}  // namespace server
