// SPDX-License-Identifier: Apache-2.0
//
// A Postgres server process and the data folder that it serves: found, started, stopped. What is
// true is read from /proc and from the postmaster.pid that Postgres keeps, never from memory, so it
// holds across programs. Functions on one data folder are not to run at once; the caller locks.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "base/subprocess.h"
#include "local/installation.h"
#include "local/unix_user.h"

namespace local {

struct Postmaster {
    pid_t pid;
    int port;
    bool ready;  // takes connections
};

// The server that serves `data` at this moment; nothing when there is none, whatever a stale
// postmaster.pid says. A few system calls, no subprocess. Fails denied when it may not look.
base::Result<std::optional<Postmaster>> find_postmaster(const std::filesystem::path& data);

// Every process of a server on `data`: the postmaster and its children, or the children that a
// killed postmaster left behind.
std::vector<pid_t> processes_of(const std::filesystem::path& data);

struct Launch {
    std::filesystem::path data;
    std::optional<ServerUser> user;
    std::filesystem::path log;  // appended to; made when missing
    base::Lifetime lifetime = base::Lifetime::its_own;
};

// Starts a server on a data folder that has none, and waits until it takes connections, crash
// recovery included. Clears away what a dead server left: its orphans, a postmaster.pid that names
// somebody else's process. Fails unavailable, with the log's name and its last complaint, when the
// server ends instead; deadline when it is not ready in time (it goes on starting).
base::Result<Postmaster> start_postmaster(const Installation& installation, const Launch& launch,
                                          base::Deadline deadline);

// Waits until the running server on `data` takes connections. Fails unavailable when it ends,
// deadline.
base::Result<Postmaster> wait_until_ready(const std::filesystem::path& data,
                                          base::Deadline deadline);

enum class Shutdown { fast, immediate };

// Stops the server on `data` and waits for its end; false when there was none. Clients are
// disconnected. Fails denied, deadline.
base::Result<bool> stop_postmaster(const std::filesystem::path& data, Shutdown how,
                                   base::Deadline deadline);

}  // namespace local
