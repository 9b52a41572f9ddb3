// SPDX-License-Identifier: Apache-2.0
//
// The table of contents of an archive, as `pg_restore --list --verbose` prints it, and what a
// choice takes of it. Pure. Safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sources/choice.h"

namespace sources {

struct Entry {
    int id = 0;
    std::string kind;  // "TABLE DATA"
    std::string rest;  // "public film owner", of which nothing is quoted
    std::string line;
    std::vector<int> needs = {};  // ids
};

std::vector<Entry> parse_contents(std::string_view list);

// The list for `pg_restore --use-list`. Chosen tables come with their rows, indexes, constraints,
// triggers, policies, sequences, and with the types, functions and schemas that they need; a
// foreign key to a table that is not chosen is left out. Fails invalid_input for a pattern to which
// nothing fits, and for names with blanks of which the list does not tell whether they fit; `where`
// is the archive.
base::Result<std::string> choose(const std::vector<Entry>& entries, const Patterns& patterns,
                                 const std::string& where);

}  // namespace sources
