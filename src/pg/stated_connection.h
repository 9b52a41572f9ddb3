// SPDX-License-Identifier: Apache-2.0
//
// A connection string that is complete by itself.
#pragma once

#include "base/result.h"
#include "base/secret.h"
#include "pg/connection_info.h"

namespace pg {

// Parses a connection string like ConnectionInfo::parse, but fills no gap from the caller's PG*
// variables: those are about another server. Fails invalid_input.
base::Result<ConnectionInfo> parse_stated(const base::Secret& text);

}  // namespace pg
