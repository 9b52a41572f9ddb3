// SPDX-License-Identifier: Apache-2.0
//
// Names of files and comments by which migration tools mark what undoes a migration: run as plain
// SQL it would take back what was just made. Pure. Safe from any thread.
#pragma once

#include <string_view>

namespace sources {

// Whether a path is called so in any tool's convention: 001.undo.sql, a-down.sql, U2__a.sql,
// rollback/001.sql.
bool is_undo_name(std::string_view path);

// Whether a comment marks that what follows undoes: "-- migrate:down", "-- +goose Down".
bool is_undo_mark(std::string_view comment);

}  // namespace sources
