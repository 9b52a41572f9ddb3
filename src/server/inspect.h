// SPDX-License-Identifier: Apache-2.0
//
// What `doctor` says of a server: whether everything is as reviewdb made it and needs it, and what
// to do where it is not. Reads only, and takes no lock.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "environment/name.h"
#include "pg/connection_info.h"

namespace server {

enum class Grade { ok, warning, failure };

struct Finding {
    Grade grade = Grade::ok;
    std::string subject;
    std::string found;
    std::string hint;       // empty where nothing has to be done
    bool is_drift = false;  // registry and server do not say the same
};

// Every check as one line or more, good news included. Fails when it cannot look: like
// open_session.
base::Result<std::vector<Finding>> inspect(const pg::ConnectionInfo& login,
                                           const environment::Project& project,
                                           base::Deadline deadline, base::Log& log);

}  // namespace server
