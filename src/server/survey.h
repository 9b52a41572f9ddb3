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

inline constexpr std::string_view k_registry_owner_comment = "reviewdb/1 registry";
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
    // By a membership that a call which died left, or that an older program gave.
    bool is_member = false;
    bool enters_control = false;
    Thing registry_owner;
    Thing manager;
    Thing operator_login;
    Thing control;
    bool control_registered = false;
    bool control_is_managers = false;  // an older program made it
    Thing empty_template;
    bool utf8 = true;

    bool complete() const {
        return registry_owner.fit && manager.fit && operator_login.fit && control.fit &&
               control_registered && empty_template.fit && enters_control && !is_member;
    }
};

base::Result<Survey> survey(pg::Connection& session, base::Deadline deadline);

// Fails conflict for what has one of our names and is not ours, denied for a login that could not
// make what is missing.
base::Result<void> check_possible(const Survey& seen);

// Fails conflict if another login than this one may act as the registry's owner, or, before there
// is a registry, as the manager or the operator: whoever can may have made the role, or can change
// what belongs to it. Superusers do not count; before 16, neither does CREATEROLE.
base::Result<void> check_nobody_else(pg::Connection& session, const Survey& seen,
                                     base::Deadline deadline);
// The same of the registry's owner alone.
base::Result<void> check_owner_alone(pg::Connection& session, base::Deadline deadline);

// What is worth telling whoever runs the server, with the SQL for whoever has the rights.
base::Result<std::vector<std::string>> advice(pg::Connection& session, base::Deadline deadline);

// Why this version should be replaced by a later minor; empty when there is no known reason.
std::string version_advice(int server_version);

// GRANT of the manager to `role`, which may act as it and does not have its rights before that.
std::string manager_grant(int server_version, std::string_view role);

}  // namespace server
