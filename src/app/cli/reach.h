// SPDX-License-Identifier: Apache-2.0
//
// Which server a call acts on, and the login that it has there. The only place that starts the
// local server, and that prepares one on the way.
#pragma once

#include <filesystem>
#include <optional>

#include "app/cli/settings.h"
#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "environment/server.h"
#include "local/local_server.h"
#include "pg/connection_info.h"
#include "server/prepare.h"

namespace cli {

class Session;

struct Reached {
    pg::ConnectionInfo login;
    // Prepares, upgrades and uninstalls: on the local server its superuser, elsewhere whoever
    // logged in.
    pg::ConnectionInfo administrator;
    bool local = false;
    std::vector<std::string> secrets;  // where the login was read from; never an environment's
    std::string place;                 // of a local server: its folder, which no copy of it has
};

// What to do about a local server that nobody has made yet.
enum class Missing { make, leave };

// The server that the settings name; where they name none, the local one for a person, and
// invalid_input for a machine, before anything is started. A local server is started and prepared;
// nothing when there is none and it is to be left so.
base::Result<std::optional<Reached>> reach(Session& session, Missing missing);

// The folder of the local server, absolute.
base::Result<std::filesystem::path> state_folder(const Settings& settings);

// What `init` was told about databases of a registry that was lost.
server::Stamped stamped_of(const Arguments& arguments);

// Prepares a server of which `create` found that it has no registry, with the administrator's
// login, and returns the operator's, with which the work goes on.
base::Result<pg::ConnectionInfo> prepare_on_the_way(Session& session);

}  // namespace cli
