// SPDX-License-Identifier: Apache-2.0
//
// What keeps Postgres from renaming or dropping a database or a role of ours, read from its
// catalogs, and what a person can do about it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.h"

namespace server {

struct Holders {
    std::string who;       // "session 12 of ada (psql), prepared transaction 'x' of bob"
    std::string remedies;  // the SQL that ends each, for whoever may run it
    bool any = false;
    bool bar_rename = false;  // not only DROP is refused but RENAME too

    // For the hint of an error.
    std::string next_step() const;
};

// The query whose answer holders_in reads. Either name may be empty. Its columns: who, remedy,
// bars_rename, goes_along (the delete of the role's environment ends it), since.
pg::Statement holders_of(std::string_view database, std::string_view role);
Holders holders_in(const pg::Rows& rows);
// Asks whether anything but locks keeps the database from being renamed and dropped, in its column
// bars_rename: a tenth of what holders_of costs, for when nothing does.
pg::Statement bars_rename(std::string_view database);

}  // namespace server
