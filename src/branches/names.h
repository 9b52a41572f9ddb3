// SPDX-License-Identifier: Apache-2.0
//
// Lists of branches as text: what git and people write, and what a branch may be called. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "branches/branches.h"

namespace branches {

// Whether git would let a branch be called so, and it is UTF-8 (git check-ref-format).
bool is_branch_name(std::string_view name);

// Branches as `git ls-remote --heads` prints them.
struct Heads {
    std::vector<std::string> names;  // sorted, each once
    std::size_t not_text = 0;        // left out: no environment can be called so
};

// Fails unavailable, with the number of the line, for anything that is not a whole answer of git.
base::Result<Heads> parse_heads(std::string_view answer);

// Names one to a line: CR before the line's end, blank lines and a leading refs/heads/ are
// tolerated; so are lines as git ls-remote and git for-each-ref print them. Fails invalid_input,
// naming the line, for one that is no branch, and for text whose last line does not end: it was cut
// off.
base::Result<std::vector<std::string>> parse_names(std::string_view text);

// Names as values, from whoever sends them in an event: a leading refs/heads/ is tolerated. Fails
// invalid_input, naming the first one that is no branch.
base::Result<std::vector<std::string>> check_names(const std::vector<std::string>& refs);

// Sorted, each once.
void normalise(std::vector<std::string>& names);
void normalise(std::vector<PullRequest>& pull_requests);

}  // namespace branches
