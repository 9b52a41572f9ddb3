// SPDX-License-Identifier: Apache-2.0
//
// Postgres' own client programs on this machine.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"

namespace sources {

struct ClientTool {
    std::filesystem::path path;
    int major = 0;
    int minor = 0;
};

// Where to look: PATH, and the folder that holds a folder bin/ for each major.
struct ToolPlaces {
    std::string path;
    std::filesystem::path majors = "/usr/lib/postgresql";
};

// The newest program of that name ("pg_dump"), at least of `major`. Debian's wrappers in PATH are
// passed over: which program they start is another question each time. Fails not_found, with what
// to install.
base::Result<ClientTool> find_tool(const std::string& name, int major, const ToolPlaces& places,
                                   base::Deadline deadline);

}  // namespace sources
