// SPDX-License-Identifier: Apache-2.0
//
// How an application reaches an environment: its URL and its variables. Everything here holds the
// password, and nothing of it goes to a log.
#pragma once

#include <map>
#include <string>

#include "app/cli/settings.h"
#include "base/inheritance.h"
#include "base/result.h"
#include "base/secret.h"
#include "environment/manager.h"
#include "pg/connection_info.h"

namespace cli {

// The advertised address, and nothing of how we came here. Fails conflict on a server that may be a
// copy: the address leads to the original.
base::Result<pg::ConnectionInfo> advertised_route(const environment::Description& description);
// The way that `login` takes to the server, with its TLS settings, into the environment's database.
pg::ConnectionInfo own_route(const environment::Description& description,
                             const pg::ConnectionInfo& login);

// DATABASE_URL and libpq's variables.
std::map<std::string, base::Secret> variables_of(const pg::ConnectionInfo& route);

// The variables as lines of the file that $GITHUB_ENV names.
std::string github_lines(const std::map<std::string, base::Secret>& variables);
// Appends the variables to the file that $GITHUB_ENV names. Fails invalid_input without one.
base::Result<void> append_to_github(const pg::ConnectionInfo& route, const Variables& variables);

// In GitHub Actions, tells the runner to mask the password, its percent-encoded form and the URL;
// to standard error, which it reads as well as standard output. Does nothing elsewhere. Must be
// called before any of them is printed.
void mask(const pg::ConnectionInfo& route, const Variables& variables);

// Prints on standard error why a command was not run, and returns the exit code of a shell for it:
// 127 if the program does not exist, 126 if it cannot be run.
int tell_not_run(const std::string& program, const base::Error& error);

// Becomes `command` with the route's variables beside those that it inherits; returns only when
// that failed.
base::Error become(std::vector<std::string> command, const pg::ConnectionInfo& route,
                   base::Environment inherits);

}  // namespace cli
