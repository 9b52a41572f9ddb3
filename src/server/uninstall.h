// SPDX-License-Identifier: Apache-2.0
//
// Takes away what prepare() made, when no environment is left: what was built ahead, the trash, the
// registry, the empty template and the roles; and opens again what close_database shut. Each
// function is safe to repeat after a crash, touches nothing that is not known for ours by owner or
// stamp, and says what it had to leave and who can end that.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "environment/server.h"
#include "pg/connection_info.h"

namespace server {

// Something of ours that stays.
struct Left {
    std::string what;  // "the role reviewdb_manager"
    std::string why;
    std::string sql;  // what ends it, for who may run it; empty where nobody knows
};

struct Standing {
    bool anything = false;  // of ours
    bool registry = false;  // and it can be read
    std::vector<std::string> things;
};

// What of ours stands. Fails as a connection attempt does, unavailable for a login that gets into
// no database but ours, and conflict for a registry that has to be upgraded first.
base::Result<Standing> what_stands(const pg::ConnectionInfo& administrator, base::Deadline deadline,
                                   base::Log& log);

// Nothing is built ahead any more, no template is there, and nothing is kept in the trash: what was
// there waits to be dropped, like everything that nobody needs.
// `login` is an operator's, here and below.
base::Result<void> let_go_of_supplies(const pg::ConnectionInfo& login, base::Deadline deadline,
                                      base::Log& log);

// The databases and roles of ours that the registry still has, with what keeps them.
struct Remains {
    int unfinished = 0;  // environments and databases
    std::vector<Left> databases;
    std::vector<Left> roles;        // without login, named by somebody's grants
    std::vector<std::string> keys;  // places outside the server where keys were kept
};
base::Result<Remains> what_remains(const pg::ConnectionInfo& login, base::Deadline deadline,
                                   base::Log& log);

// Opens again to PUBLIC what close_database shut. Answers what it did, and adds to `left`.
base::Result<std::vector<std::string>> reopen_all(const pg::ConnectionInfo& administrator,
                                                  const environment::Actor& actor,
                                                  std::vector<Left>& left, base::Deadline deadline,
                                                  base::Log& log);

// The control database, the empty template and the roles. Fails conflict, and changes nothing,
// while the registry has anything that lives, or somebody is at work in it. Answers what went, and
// adds to `left`.
base::Result<std::vector<std::string>> remove_foundation(const pg::ConnectionInfo& administrator,
                                                         std::vector<Left>& left,
                                                         base::Deadline deadline, base::Log& log);

}  // namespace server
