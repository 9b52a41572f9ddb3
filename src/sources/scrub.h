// SPDX-License-Identifier: Apache-2.0
//
// A scrub: SQL files that take personal data out of a filled database. It runs so that Postgres
// refuses a statement rather than hide rows from it, and tells which statements changed nothing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "pg/connection_info.h"
#include "sources/part.h"

namespace sources {

// Runs `files` as `login` in one transaction of a session of its own: all of them or, after any
// failure, nothing. Calls `on_file` before each. Answers notes: statements that changed no row,
// ONLY that leaves tables out. Refreshes the populated materialized views before it commits.
//
// Fails invalid_input with file and line for a statement that Postgres refuses, also because row
// security would hide rows from it; conflict when triggers wrote rows into a table that the files
// do not name from there on, and when row security was switched on on the way; and as a session
// does. Waits until the session has gone.
base::Result<std::vector<std::string>> run_scrub(const std::vector<SqlFile>& files,
                                                 const pg::ConnectionInfo& login,
                                                 const std::function<void(const SqlFile&)>& on_file,
                                                 base::Deadline deadline);

}  // namespace sources
