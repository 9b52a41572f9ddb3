// SPDX-License-Identifier: Apache-2.0
//
// Makes a server ready for reviewdb: the manager, the operator's login, the control database with
// its registry, and the empty template. Runs as an administrator, once; every later call finishes
// what a crash left half made, and otherwise changes nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "environment/server.h"
#include "pg/connection_info.h"

namespace server {

// What to do about databases with reviewdb's stamps on a server whose registry is gone.
enum class Stamped {
    refuse,
    adopt,  // make the registry of the stamps' installation; rebuild_registry() does the rest
    leave,  // make another installation's registry beside them
};

struct Preparation {
    std::string host;  // advertised; empty: the connection's own
    int port = 0;
    std::string sslmode;            // empty: the connection's own
    bool loopback_allowed = false;  // for a server that only this machine uses
    std::string secrets;            // policy; empty: leave
    // registry, env, file:PATH or aws:NAME; empty: registry
    std::string key_location;
    std::optional<base::Secret> key_text;         // the key itself, for env and aws
    std::map<std::string, std::string> policies;  // others, set for every project
    environment::Actor actor;
    Stamped stamped = Stamped::refuse;
};

// A database of somebody else that PUBLIC may connect to.
struct OpenDatabase {
    std::string name;
    bool ours_to_close = false;  // this administrator may
    std::vector<std::string> logins_by_public_alone;
    std::string closing_sql;  // one transaction that keeps those logins in and everybody else out
};

struct Prepared {
    bool newly_made = false;  // this call wrote the registry
    // Only when newly made: it is never to be had again.
    std::optional<pg::ConnectionInfo> operator_login;
    std::vector<OpenDatabase> open_databases;
    std::vector<std::string> remarks;
};

// Fails conflict for a server before 15, for what stands under our names without being ours, for a
// policy that the registry has with another value, and for a server without a registry that has
// stamped databases, as `stamped` says; denied for a login that may not do it, with the SQL that
// helps; invalid_input for an address or a policy that nobody could use. After any of these nothing
// has changed.
base::Result<Prepared> prepare(const pg::ConnectionInfo& administrator, const Preparation& wish,
                               base::Deadline deadline, base::Log& log);

// The same as a psql script for somebody else's hands. Fails invalid_input without a host. Makes
// the file of a key that is to be in one.
base::Result<std::string> preparation_sql(const Preparation& wish);

// Takes CONNECT on somebody else's database from PUBLIC and gives it to each login that got in by
// PUBLIC alone, after writing the former privileges down. Says what it did. Fails not_found,
// denied, and conflict where PUBLIC can still connect afterwards.
base::Result<std::string> close_database(const pg::ConnectionInfo& administrator,
                                         std::string_view database, const environment::Actor& actor,
                                         base::Deadline deadline, base::Log& log);

// Puts back who could connect before close_database. Fails not_found when it was never closed.
base::Result<std::string> reopen_database(const pg::ConnectionInfo& administrator,
                                          std::string_view database,
                                          const environment::Actor& actor, base::Deadline deadline,
                                          base::Log& log);

}  // namespace server
