// SPDX-License-Identifier: Apache-2.0
//
// The login for daily use: how its connection string is made, and how its password is changed.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "environment/server.h"
#include "pg/connection.h"
#include "pg/connection_info.h"

namespace server {

// The operator's way to the server that `known` reaches: its address, and how to know it.
pg::ConnectionInfo operator_login(const pg::ConnectionInfo& known, base::Secret password);

// 256 random bits as base64url.
base::Secret make_operator_password();

// Whether a login of this name is for daily work: reviewdb_operator, or a door's.
bool is_operator(std::string_view role);

// Fails denied for an operator's login, which cannot do that: "take reviewdb off the server".
base::Result<void> check_administrator(std::string_view role, std::string_view what);

// The operator of a door that keeps its own credentials: reviewdb_operator_<door>.
std::string operator_of(std::string_view door);
// Makes it where it is missing, and gives it the password that `password` finds or makes while
// nobody else prepares over the administrator's database. Safe to repeat; a call that dies is gone
// on with by the next. Fails conflict for a role of that name which is not reviewdb's alone.
using PasswordOfDoor = std::function<base::Result<base::Secret>()>;
base::Result<pg::ConnectionInfo> make_operator_of(std::string_view door,
                                                  const pg::ConnectionInfo& administrator,
                                                  const PasswordOfDoor& password,
                                                  base::Deadline deadline, base::Log& log);
base::Result<void> drop_operator_of(std::string_view door, const pg::ConnectionInfo& administrator,
                                    base::Deadline deadline, base::Log& log);
// Those that stand, by name.
base::Result<std::vector<std::string>> operators_of_doors(pg::Connection& session,
                                                          base::Deadline deadline);

// Gives the operator a new password and returns its connection string, which is not to be had
// again. `login` is an operator, which changes its own, or an administrator, which changes
// reviewdb_operator's. History says so in the new login's own session. Fails denied.
base::Result<pg::ConnectionInfo> rotate_operator(const pg::ConnectionInfo& login,
                                                 const environment::Actor& actor,
                                                 base::Deadline deadline, base::Log& log);

// Gives the login itself another password. Fails denied when the login is refused.
base::Result<void> change_own_password(const pg::ConnectionInfo& login,
                                       const base::Secret& password, base::Deadline deadline,
                                       base::Log& log);
// Logs in and out again. Fails denied (28P01) when the password is refused.
base::Result<void> prove_own_login(const pg::ConnectionInfo& login, base::Deadline deadline,
                                   base::Log& log);

}  // namespace server
