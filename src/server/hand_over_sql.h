// SPDX-License-Identifier: Apache-2.0
//
// The questions of handing over a database, each one query of pg_catalog.
#pragma once

#include <string_view>

namespace server {

// $1 from, $2 to: one row with what decides how it is done; none when there is no role `from`.
extern const std::string_view k_hand_over_state;

// $1 from, $2 to: rows of `sql`, in order: what REASSIGN OWNED leaves behind.
extern const std::string_view k_hand_over_rest;

// $1 from, $2 to: rows of `sql`, each one relation's, and how many `locks` it takes.
extern const std::string_view k_hand_over_relations;

// $1 from: what still is or names `from`, as rows of `what`; five at most.
extern const std::string_view k_hand_over_remains;

extern const std::string_view k_not_owned_by;
extern const std::string_view k_roles_named_besides;

}  // namespace server
