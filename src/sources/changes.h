// SPDX-License-Identifier: Apache-2.0
//
// Whether commands that are not ours changed anything in a database.
#pragma once

#include <optional>
#include <string>

#include "base/deadline.h"
#include "base/result.h"
#include "pg/connection_info.h"

namespace sources {

// A text that differs from an earlier one when rows or objects of the database that `login` leads
// to were written in between; nothing on a server that does not count. Waits up to two seconds
// until other sessions have gone, which count what they did when they end. Fails as a session does.
base::Result<std::optional<std::string>> writes_of(const pg::ConnectionInfo& login,
                                                   base::Deadline deadline);

}  // namespace sources
