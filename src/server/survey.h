// SPDX-License-Identifier: Apache-2.0
//
// What an administrator's session sees of a server that is to be prepared, and the rules about it:
// what is missing, what stands in the way, what somebody with more rights should do.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "pg/connection.h"

namespace server {

inline constexpr std::string_view k_manager_comment = "reviewdb/1 manager";
inline constexpr std::string_view k_operator_comment = "reviewdb/1 operator";
inline constexpr std::string_view k_control_comment = "reviewdb/1 control ";
inline constexpr std::string_view k_template_comment = "reviewdb/1 template";

struct Survey {
    struct Thing {
        bool exists = false;
        bool ours = false;
        bool fit = false;  // as it should be
    };
    std::string login;
    bool superuser = false;
    bool makes_databases = false;
    bool makes_roles = false;
    bool acts_as_manager = false;
    bool enters_control = false;
    Thing manager;
    Thing operator_login;
    Thing control;
    bool control_registered = false;
    Thing empty_template;
    bool utf8 = true;

    bool complete() const {
        return manager.fit && operator_login.fit && control.fit && control_registered &&
               empty_template.fit && acts_as_manager && enters_control;
    }
};

base::Result<Survey> survey(pg::Connection& session, base::Deadline deadline);

// Fails conflict for what has one of our names and is not ours, denied for a login that could not
// make what is missing.
base::Result<void> check_possible(const Survey& seen, int server_version);

// What is worth telling whoever runs the server, with the SQL for whoever has the rights.
base::Result<std::vector<std::string>> advice(pg::Connection& session, base::Deadline deadline);

// Why this version should be replaced by a later minor; empty when there is no known reason.
std::string version_advice(int server_version);

// GRANT of the manager to `role`: who may become it, and does not have its rights before that.
std::string manager_grant(int server_version, std::string_view role);

}  // namespace server
