// SPDX-License-Identifier: Apache-2.0
//
// Clauses of a statement that name what exists only at the source: AUTHORIZATION, TABLESPACE, and
// OWNER TO among other actions. Pure. Safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/token.h"

namespace sources {

struct Lean {
    std::string sql;  // as long as the statement was, with blanks for what was left out; or empty
    std::vector<std::string_view> left_out;  // "TABLESPACE"
};

// The statement without such clauses; empty when nothing of it is left to be done. Nothing when it
// has none.
std::optional<Lean> without_source_clauses(std::string_view statement, Backslash backslash);

}  // namespace sources
