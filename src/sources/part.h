// SPDX-License-Identifier: Apache-2.0
//
// The parts of a source, found out and ready to be used.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "pg/connection_info.h"
#include "sources/choice.h"
#include "sources/compression.h"
#include "sources/dump.h"
#include "sources/input.h"
#include "sources/recognise.h"
#include "sources/runner.h"
#include "sources/tools.h"

namespace sources {

// A plain SQL file, which can be read as often as one likes.
struct SqlFile {
    std::string path;
    Compression compression = Compression::none;
};

// A dump that pg_restore turns into SQL.
struct Archive {
    std::string path;
    Format format;
    ClientTool tool;
    Compression compression = Compression::none;
    Taken taken = {};
};

// Standard input, or what is no regular file: it can be read once.
struct Stream {
    std::string name;
    std::unique_ptr<OpenedInput> input;  // nothing once it was read
    Format format;
    ClientTool tool = {};  // for an archive
    Taken taken = {};
};

// Another database.
struct Database {
    pg::ConnectionInfo source;
    ClientTool tool;
    std::vector<std::string> options = {};  // more of pg_dump's
};

struct ShellCommand {
    std::string text;
};

using Part = std::variant<SqlFile, Archive, Stream, Database, ShellCommand>;

// As Source::description() has it.
std::string description_of(const Part& part);

// An SQL file that is one, for a scrub.
base::Result<SqlFile> sql_file(const std::string& path, base::Deadline deadline);

// What one `from` stands for.
struct Parts {
    std::vector<Part> parts = {};
    std::vector<std::string> notes = {};  // files of a folder that are not taken
};

// The parts that `from` stands for: a folder may hold several files. Fails as Source::prepare;
// scripts are not looked through yet.
base::Result<Parts> parts_of(const std::string& from, const Choice& choice, const ToolPlaces& tools,
                             base::Deadline deadline);

// Looks a plain file through for what `rules` refuse; answers how many of its statements leave
// something behind.
base::Result<std::uint64_t> look_through(const SqlFile& file, const Rules& rules,
                                         base::Deadline deadline);

}  // namespace sources
