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
#include "server/survey.h"

namespace server::uninstalling {

// What a control database says of itself once it was seen to be empty, so that nobody needs to be
// let in again to drop it.
inline constexpr std::string_view k_leaving_comment = "reviewdb/1 leaving";

// A session of the login itself, in another database than ours: one that is dropped must not be the
// one that we are in. Fails denied, with what helps.
base::Result<pg::Connection> open_outside(const pg::ConnectionInfo& administrator,
                                          base::Deadline deadline, base::Log& log);

struct Control {
    bool open = false;
    bool seen_empty = false;
};
base::Result<Control> look_at_control(pg::Connection& session, base::Deadline deadline);

// Fails conflict for a registry that belongs to the manager.
base::Result<void> check_upgraded(const Survey& seen);

}  // namespace server::uninstalling
