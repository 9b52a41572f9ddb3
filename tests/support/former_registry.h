// SPDX-License-Identifier: Apache-2.0
//
// A server as a program before schema 2 prepared it: the registry belongs to the manager.
#pragma once

#include "pg/connection_info.h"
#include "support/cluster.h"

namespace support {

// Prepares it as `administrator` and returns the operator's login. Throws std::runtime_error.
pg::ConnectionInfo prepare_as_before(const Cluster& cluster,
                                     const pg::ConnectionInfo& administrator);

}  // namespace support
