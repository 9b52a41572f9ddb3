// SPDX-License-Identifier: Apache-2.0
//
// The sessions in which a source's scripts run.
#pragma once

#include <string>

#include "pg/connection_info.h"

namespace sources {

// `login` for a script: the server ends a session whose client has gone, and reads UTF-8 until the
// script says otherwise. `options` are in the form of libpq's: "-c name=value"; RESET ALL comes
// back to them.
pg::ConnectionInfo session_of(const pg::ConnectionInfo& login, const std::string& options = {});

}  // namespace sources
