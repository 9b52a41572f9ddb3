// SPDX-License-Identifier: Apache-2.0
//
// What was taken away from a server behind its back: files of its data folder (a cleaner of old
// files, a `rm`), or its shared memory (systemd removes a user's when the user logs out). A server
// goes on running without them, and then refuses logins with SQLSTATE 58P01.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

#include "base/deadline.h"
#include "base/result.h"

namespace local {

// Returns the first of the parts without which no server works that is missing from the data
// folder; nothing if all are there. A few system calls.
std::optional<std::filesystem::path> missing_part_of(const std::filesystem::path& data);

// Fails unavailable if a part is missing, and names it.
base::Result<void> check_complete(const std::filesystem::path& data);

// Returns whether the POSIX shared memory of the server process was removed; false if the caller
// may not look. Reads /proc.
bool lost_shared_memory(pid_t postmaster);

// Ends the servers that still run in a folder that was at `data` and was removed: they keep its
// port. Waits until they are gone, or for the deadline.
void end_servers_of_removed(const std::filesystem::path& data, base::Deadline deadline);

}  // namespace local
