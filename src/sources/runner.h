// SPDX-License-Identifier: Apache-2.0
//
// Runs a script, statement by statement, in one session, as psql does with ON_ERROR_STOP; or only
// reads it, to tell before anything is done what would be refused.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.h"
#include "sources/script.h"

namespace sources {

enum class Foreign { refuse, skip };
// A scrub runs in one transaction of the caller's, and no row may be hidden from it.
enum class Purpose { fill, scrub };

struct Rules {
    Foreign foreign = Foreign::refuse;
    Purpose purpose = Purpose::fill;
};

// What was done, for the caller.
class Account {
   public:
    void count_statement() { ++statements_; }
    // A statement that leaves something behind.
    void count_deed() { ++deeds_; }
    void skip(std::string where_and_what);
    // One of a kind of which only the number is told.
    void pass_over(std::string kind);

    std::uint64_t statements() const { return statements_; }
    std::uint64_t deeds() const { return deeds_; }
    // Of a part that is a dump.
    void note_dump() { brings_a_dump_ = true; }
    bool brings_a_dump() const { return brings_a_dump_; }
    std::vector<std::string> notes() const;

   private:
    std::uint64_t statements_ = 0;
    std::uint64_t deeds_ = 0;
    bool brings_a_dump_ = false;
    std::vector<std::string> skipped_;
    std::uint64_t skipped_more_ = 0;
    std::map<std::string, std::uint64_t> passed_over_;
};

// Reads the whole script, and answers how many of its statements leave something behind. Fails
// invalid_input with the line of what would be refused, and as Script::next.
base::Result<std::uint64_t> check(Script& script, const Rules& rules, base::Deadline deadline);

// Called after each statement that succeeded, with what Postgres calls what it did: "UPDATE 3".
using OnDone = std::function<base::Result<void>(const Piece&, const std::string&)>;

// Runs the whole script in `session`, which is not closed. The failure of a statement says where it
// stands, how it begins and what Postgres said, and is invalid_input unless the server was busy or
// away.
base::Result<void> run(Script& script, const Rules& rules, pg::Connection& session,
                       Account& account, base::Deadline deadline, const OnDone& on_done = {});

}  // namespace sources
