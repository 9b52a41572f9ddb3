// SPDX-License-Identifier: Apache-2.0
//
// One call as a process of its own makes it: by its own route, with nothing kept from the one
// before; and the calls that tests of faults disturb, each with what stands before it.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "environment/manager.h"
#include "pg/connection_info.h"

namespace support {

inline const environment::Actor k_tester{"tester@here", "cli", "0"};

enum class Request { create, repair, reset, rotate, close, open, remove };

struct Caller {
    pg::ConnectionInfo login;  // the operator's, by whatever route
    std::string project;
    std::chrono::milliseconds patience = std::chrono::seconds(60);  // the call's deadline
    // Told of each step as it begins; what it throws ends the call as the death of a process would.
    std::function<void(const environment::Step&)> on_step = {};

    base::Result<environment::Answer> call(Request verb, const std::string& name) const;
};

enum class Before { nothing, made, drifted, closed };

struct Deed {
    std::string_view title;
    Before before;
    Request verb;
    environment::Outcome outcome;  // where nobody disturbs it
};

// Every verb that has a plan of more than one step.
inline constexpr std::array<Deed, 8> k_deeds{{
    {"create", Before::nothing, Request::create, environment::Outcome::created},
    {"create again", Before::made, Request::create, environment::Outcome::unchanged},
    {"repair", Before::drifted, Request::repair, environment::Outcome::repaired},
    {"reset", Before::made, Request::reset, environment::Outcome::reset},
    {"rotate", Before::made, Request::rotate, environment::Outcome::rotated},
    {"close", Before::made, Request::close, environment::Outcome::closed},
    {"open", Before::closed, Request::open, environment::Outcome::opened},
    {"delete", Before::made, Request::remove, environment::Outcome::deleted},
}};

// Brings about what stands before a deed. Throws std::runtime_error.
void arrange(Before before, const Caller& caller, const pg::ConnectionInfo& superuser,
             const std::string& name);

// Makes sure that the environment, which may be in any state, is or becomes usable, and removes it.
// What is wrong, in words; empty when nothing is.
std::string use_and_remove(const Caller& caller, const std::string& name);

// What is left of `project` on the server, its registry's rows of every project included, one per
// line; empty when nothing is.
std::string what_is_left(const pg::ConnectionInfo& superuser, const std::string& project);

}  // namespace support
