// SPDX-License-Identifier: Apache-2.0
//
// The one statement that reads all there is to know of an environment: its rows, what the catalog
// has of its databases and role. For one, for an instance that nobody has any more, or for a whole
// project, by what stands behind FROM. Runs in the control database, as the manager.
#pragma once

#include <string>
#include <string_view>

namespace server {

// Rows e (environment), i (instance), n (next instance) and r (role), under those names, come from
// `source`; columns as row_reading.h expects them.
std::string observation_sql(std::string_view source, std::string_view more_columns = {});
// The same of one environment ($1 project, $2 name) without its next instance, which few have and
// which costs as much again to plan; next_instance is that one's id.
std::string serving_sql();
// One row, or more that differ only in the key: the installation, the keys of the role and of new
// passwords, and the records of one environment ($1 project, $2 name), empty if there is none.
// Nothing of the catalog.
std::string recall_sql();

// The columns of an environment e, as read_environment expects them beside i_id and r_id.
extern const std::string_view k_environment_columns;

// Where they come from: one environment ($1 project, $2 name), every living one of a project ($1),
// one instance that was let go of ($1).
extern const std::string_view k_one_environment;
extern const std::string_view k_whole_project;
extern const std::string_view k_one_leftover;

// How the last environment called $2 of project $1 went; nothing where none is known to have.
extern const std::string_view k_tombstone;

// The installation: identity, schema, whether the registry is behind, whether the server is proven,
// and what a pooler would change. `has_pinned` says that k_freed_role has to be asked, too.
const std::string& installation_sql();

// Of a row l of pg_roles: `found`, the databases that are none of reviewdb's in which something
// names it, with how many objects; null for none.
extern const std::string_view k_named_elsewhere;

// Whether a pinned role can be dropped now, because nothing names it any more.
extern const std::string_view k_freed_role;

// Whether project $1 has an environment called $2, and anything warm.
extern const std::string_view k_first_look;

// Who has the database name $1: an instance of ours, by name and, where it is known, by oid.
extern const std::string_view k_name_holder;

}  // namespace server
