// SPDX-License-Identifier: Apache-2.0
//
// How an uninstall reaches the server, shared by its two halves. Internal to this room.
#pragma once

#include <string_view>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "pg/connection.h"
#include "pg/connection_info.h"

namespace server::uninstalling {

// What a control database says of itself once it was seen to be empty, so that nobody needs to be
// let in again to drop it.
inline constexpr std::string_view k_leaving_comment = "reviewdb/1 leaving";

// The same login in another database than ours: one that is dropped must not be the one that we are
// in.
pg::ConnectionInfo from_outside(const pg::ConnectionInfo& administrator);

// A session there, as the login itself. Fails denied, with what helps.
base::Result<pg::Connection> open_outside(const pg::ConnectionInfo& administrator,
                                          base::Deadline deadline, base::Log& log);
// A session in the control database, as the manager.
base::Result<pg::Connection> open_control(const pg::ConnectionInfo& administrator,
                                          base::Deadline deadline, base::Log& log);

struct Control {
    bool open = false;
    bool seen_empty = false;
};
base::Result<Control> look_at_control(pg::Connection& session, base::Deadline deadline);

// A control database that a crash of `init` left half made has none.
base::Result<bool> has_registry(pg::Connection& control, base::Deadline deadline);

}  // namespace server::uninstalling
