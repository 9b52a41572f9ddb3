// SPDX-License-Identifier: Apache-2.0
//
// Reading a PGresult, for the sources of this room alone.
#pragma once

#include <string>

#include "base/result.h"

struct pg_result;

namespace pg {

// A field of a failure's report; empty where the server did not say it.
std::string field(const pg_result* result, int code);

// The failure that `result` is.
base::Error error_of(const pg_result* result);

}  // namespace pg
