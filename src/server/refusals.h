// SPDX-License-Identifier: Apache-2.0
//
// Explains what Postgres refuses to one environment, and why. Reads only.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "environment/manager.h"
#include "pg/connection_info.h"
#include "server/inspect.h"

namespace server {

// Reports the state of the environment, whether its role can log in, its connections in use, its
// timeouts, and the actions that its role can never take, each with a remedy. Fails as
// open_session() does.
base::Result<std::vector<Finding>> explain_refusals(const pg::ConnectionInfo& login,
                                                    const environment::Description& description,
                                                    base::Deadline deadline, base::Log& log);

}  // namespace server
