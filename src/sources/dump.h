// SPDX-License-Identifier: Apache-2.0
//
// What pg_dump and pg_restore print, as an Input: they run while it is read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pg/connection_info.h"
#include "sources/input.h"
#include "sources/recognise.h"
#include "sources/tools.h"

namespace sources {

// What of an archive is taken.
struct Taken {
    bool schema_only = false;
    std::string list = {};  // as choose() has it; empty: all
};

// The script that is in the archive at `path`. Fails as base::Child::start does, and internal when
// the list cannot be handed to pg_restore.
base::Result<std::unique_ptr<Input>> restore(const ClientTool& tool, Format format,
                                             const std::string& path, const Taken& taken);
// The same of an archive that comes by `archive`, which is borrowed for the answer's life, and is
// read to its end: what is wrong with it there is found, too.
base::Result<std::unique_ptr<Input>> restore(const ClientTool& tool, Format format,
                                             OpenedInput& archive, const Taken& taken);
// The archive's table of contents.
base::Result<std::unique_ptr<Input>> list_contents(const ClientTool& tool, Format format,
                                                   const std::string& path);
base::Result<std::unique_ptr<Input>> list_contents(const ClientTool& tool, Format format,
                                                   OpenedInput& archive);
// The script of the database that `source` connects to; `options` are more of pg_dump's.
base::Result<std::unique_ptr<Input>> dump(const ClientTool& tool, const pg::ConnectionInfo& source,
                                          const std::vector<std::string>& options);

}  // namespace sources
