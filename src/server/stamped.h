// SPDX-License-Identifier: Apache-2.0
//
// Databases with reviewdb's stamps on a server that has no registry: it was lost, and they are
// still somebody's data.
#pragma once

#include <optional>

#include "base/deadline.h"
#include "base/result.h"
#include "base/uuid.h"
#include "pg/connection.h"
#include "server/prepare.h"

namespace server {

// The installation whose registry may be made; nothing for a new one. Fails conflict, naming the
// databases and the ways on, if there are any and `wanted` does not say what to do about them, or
// is `adopt` and they belong to several installations.
base::Result<std::optional<base::Uuid>> installation_to_make(pg::Connection& session,
                                                             Stamped wanted,
                                                             base::Deadline deadline);

}  // namespace server
