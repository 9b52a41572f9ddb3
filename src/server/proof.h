// SPDX-License-Identifier: Apache-2.0
//
// Which server this is: whether the advertised address leads to the one that a session is on. A
// server that was copied, with its registry, has the same rows, roles and passwords, and shares the
// secret store; only where it can be reached tells it from the original.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "environment/facts.h"
#include "environment/server.h"
#include "pg/connection.h"
#include "pg/connection_info.h"

namespace server {

// Of the row x of registry.installation, in SQL: the server is the one that was proved last, by
// identifier and start time. True of a registry whose schema has no columns for these.
extern const std::string_view k_is_proven;
// Sets the identifier, the start time and, unless $1 is null, the folder of a local server.
extern const std::string_view k_record_identity;
// The same without parameters, for a registry that is being made.
extern const std::string_view k_record_own_identity;

struct Address {
    std::string host;
    int port = 0;
    std::string sslmode;
    std::string to_text() const;
};

enum class Leads {
    here,
    elsewhere,  // to another server
    nowhere,    // that could be reached from here
    untried,    // the login is an administrator's: its password goes to no other address
};

struct Trial {
    Leads leads = Leads::nowhere;
    std::string why;           // for people: what the address does instead
    bool is_original = false;  // elsewhere: this server was copied from that one, or that from this
};

// Where `address` leads: logs in there as `login`, and looks for an advisory lock that `session`
// holds meanwhile. `session` is in the control database. Waits a few seconds at most. Fails as
// `session` does.
base::Result<Trial> try_address(pg::Connection& session, const pg::ConnectionInfo& login,
                                const Address& address, base::Deadline deadline);

// What a trial that did not lead here leaves in doubt.
environment::Doubt doubt_of(const Trial& trial, const Address& address);

// The same of a local server whose folder is `recorded` by its registry, and `here`; that is empty
// for a caller who reached it otherwise.
environment::Doubt doubt_of_place(std::string_view recorded, std::string_view here);

// Fails conflict, saying that `what` was not done, unless the server is proven or can be proven now
// by its address for every project. Opens a session.
base::Result<void> check_original(const pg::ConnectionInfo& login, const std::string& what,
                                  base::Deadline deadline, base::Log& log);

// What a person says: this server is the one, at `advertise` from now on where that is given.
struct Confirmation {
    std::optional<Address> advertise;  // its sslmode is not looked at
    std::string place;                 // of a local server
    environment::Actor actor;
};
// Records it, with its line of history, and answers a sentence about what was found. Fails conflict
// where the address leads to another server; denied where that cannot be looked at with this login.
base::Result<std::string> confirm_server(const pg::ConnectionInfo& login, const Confirmation& wish,
                                         base::Deadline deadline, base::Log& log);

}  // namespace server
