// SPDX-License-Identifier: Apache-2.0
//
// Statements about what exists only at the source of a dump, or in every database already: one rule
// for plain SQL, archives and URLs. Pure. Safe from any thread.
#pragma once

#include <optional>

#include "sources/judgement.h"
#include "sources/words_of.h"

namespace sources {

// Nothing for a statement that is about neither.
std::optional<Judgement> judge_source_only(const Words& words);

// Whether any role is named from `at` on but PUBLIC and the one that is logged in.
bool names_roles(const Words& words, std::size_t at);

}  // namespace sources
