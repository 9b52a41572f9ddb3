// SPDX-License-Identifier: Apache-2.0
//
// Gives a whole database to another role: a clone of a template to the role of its environment, a
// snapshot to a throw-away role. Works inside that database, as the manager, which is a member of
// neither role before or after. Says nothing but utility statements and reads of pg_catalog, since
// a person may have had what was cloned: no trigger, view or function of theirs runs.
#pragma once

#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "pg/connection.h"

namespace server {

// Everything in the database of `inside` that belongs to `from` or names it (in grants, default
// privileges, policies) is `to`'s afterwards, so that `from` can be dropped while the database
// lives; its grants on databases stay. What names a user of a foreign server goes: its password is
// nobody else's. Nothing is done where nothing of `from` is left, or no such role. A repeat goes on
// where a call was cut off.
//
// One transaction, or several where the locks of one would fill too much of the lock table that
// all databases of the server share. Nobody else may be working in the database.
//
// Fails conflict when `from` owns a database or a tablespace, which would move as well, and when
// something is somebody else's that nobody but a superuser can change; overloaded when the server
// has no room for the locks of a single table, or others hold what is to be handed over.
base::Result<void> hand_over(pg::Connection& inside, const std::string& from, const std::string& to,
                             base::Deadline deadline);

// What in the database of `inside` is not `role`'s, described, a hundred at most; in a new database
// that includes the schema public. What a superuser owns because an extension or a range type
// consists of it, extensions of a superuser or of a role that may make roles with all that they
// consist of, and what Postgres brings along, are not counted. Any role may ask.
base::Result<std::vector<std::string>> not_owned_by(pg::Connection& inside, const std::string& role,
                                                    base::Deadline deadline);

// The roles besides `role` that something in the database of `inside` belongs to, or that grants,
// default privileges or policies there name: none of them can be dropped while it lives.
base::Result<std::vector<std::string>> roles_named_besides(pg::Connection& inside,
                                                           const std::string& role,
                                                           base::Deadline deadline);

}  // namespace server
