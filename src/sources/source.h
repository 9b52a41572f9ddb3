// SPDX-License-Identifier: Apache-2.0
//
// What a template is made from: somebody's scripts, dumps, another database, commands of an
// application. Found out and checked first, then poured into a new, empty database.
//
// All of it is foreign. It runs as the login that fill() is given, which owns that database's
// schema public and nothing else, and what it may do is what that login may do. Knows nothing of
// templates, the registry, or the manager.
//
// Not safe from two threads at once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "pg/connection_info.h"
#include "sources/choice.h"
#include "sources/tools.h"

namespace sources {

// What the caller asked for, as given. What is in `from` comes first, then `run`, each in order.
struct Request {
    std::vector<std::string> run = {};    // commands for a shell
    std::vector<std::string> from = {};   // files and folders, "-", postgresql:// URLs
    std::vector<std::string> scrub = {};  // SQL files
    bool skip_foreign = false;
    bool begins_with_data = false;  // so that there need be nothing else
    bool allow_empty = false;       // take input that brings nothing
    Choice choice = {};             // what of archives and databases
};

struct Progress {
    std::string what;                      // a part of the source, as in description()
    std::uint64_t done = 0;                // bytes
    std::optional<std::uint64_t> of = {};  // nothing where nobody knows
};

struct Surroundings {
    base::Log& log;  // borrowed for the Source's life
    ToolPlaces tools = {};
    // Called a few times for each MB, and at the beginning of each part.
    std::function<void(const Progress&)> on_progress = {};
};

struct Report {
    std::vector<std::string> notes = {};  // what was skipped and passed over, a line each
    std::uint64_t statements = 0;         // run, of SQL that was run by us
    bool brings_a_dump = false;           // an archive, a database, or what pg_dump wrote
};

class Source {
   public:
    // Finds out what each part is, and checks all that can be before anything is made: files can be
    // read and are SQL or dumps, no folder is a migration tool's, plain files hold nothing foreign,
    // client tools are there and new enough. Connects to the databases of the URLs alone. Reads the
    // beginning of standard input. Fails invalid_input with file and line, not_found for a tool
    // that is missing, denied, and as a connection does. Plain files and scrubs without a statement
    // are invalid_input, and so is a choice from something that is no archive or database.
    static base::Result<Source> prepare(const Request& request, const Surroundings& surroundings,
                                        base::Deadline deadline);

    Source(Source&&) noexcept;
    Source& operator=(Source&&) noexcept;
    ~Source();

    // For people and the registry, without passwords: "dump.sql", "postgresql://host/shop",
    // "run: npx prisma migrate deploy", several with commas between.
    std::string description() const;
    bool scrubs() const;

    // Fills the database that `login` leads to, with `variables` set for commands (DATABASE_URL and
    // PG*; those of ours that would compete with them are unset). Stops at the first failure, which
    // is invalid_input if the source is to blame, with file and line, or brings nothing, and
    // `deadline` also after
    // an interrupt; the database is then to be thrown away. Standard input can be read but once:
    // the second time it fails conflict. Waits until its own sessions have gone.
    base::Result<Report> fill(const pg::ConnectionInfo& login,
                              const std::map<std::string, std::string>& variables,
                              base::Deadline deadline) const;

    // Runs the scrub files in one transaction: all of them or, after any failure, nothing. No row
    // is hidden from them, and statements that changed none are noted. Fails as fill(), and
    // conflict when triggers copied rows into tables that the files do not name. Does nothing
    // without files.
    base::Result<Report> scrub(const pg::ConnectionInfo& login, base::Deadline deadline) const;

   private:
    struct State;
    explicit Source(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

// False for standard input, which is read but once, and for a URL, which may hold a password.
bool can_be_kept(const std::string& from);

}  // namespace sources
