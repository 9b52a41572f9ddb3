// SPDX-License-Identifier: Apache-2.0
//
// The login for daily use: how its connection string is made, and how its password is changed.
#pragma once

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "environment/server.h"
#include "pg/connection_info.h"

namespace server {

// The operator's way to the server that `known` reaches: its address, and how to know it.
pg::ConnectionInfo operator_login(const pg::ConnectionInfo& known, base::Secret password);

// 256 random bits as base64url.
base::Secret make_operator_password();

// Gives the operator a new password and answers its connection string, which is not to be had
// again. `login` is the operator itself, or whoever may change its password. Fails denied.
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
