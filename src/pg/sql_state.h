// SPDX-License-Identifier: Apache-2.0
//
// What a SQLSTATE asks the caller to do. Codes decide, never message text, which is translated and
// changes between versions (https://www.postgresql.org/docs/current/errcodes-appendix.html).
#pragma once

#include <string_view>

#include "base/error_kind.h"

namespace pg {

namespace sql_state {
inline constexpr std::string_view k_connection_failure = "08006";
inline constexpr std::string_view k_protocol_violation = "08P01";
inline constexpr std::string_view k_invalid_parameter_value = "22023";
inline constexpr std::string_view k_unique_violation = "23505";
inline constexpr std::string_view k_read_only_transaction = "25006";
inline constexpr std::string_view k_invalid_authorization = "28000";
inline constexpr std::string_view k_invalid_password = "28P01";
inline constexpr std::string_view k_deadlock = "40P01";
inline constexpr std::string_view k_dependent_objects = "2BP01";
inline constexpr std::string_view k_no_such_database = "3D000";
inline constexpr std::string_view k_insufficient_privilege = "42501";
inline constexpr std::string_view k_undefined_object = "42704";
inline constexpr std::string_view k_undefined_table = "42P01";
inline constexpr std::string_view k_duplicate_object = "42710";
inline constexpr std::string_view k_duplicate_database = "42P04";
inline constexpr std::string_view k_disk_full = "53100";
inline constexpr std::string_view k_out_of_memory = "53200";
inline constexpr std::string_view k_too_many_connections = "53300";
inline constexpr std::string_view k_invalid_text = "22P02";
inline constexpr std::string_view k_not_in_prerequisite_state = "55000";
inline constexpr std::string_view k_object_in_use = "55006";
inline constexpr std::string_view k_lock_not_available = "55P03";
inline constexpr std::string_view k_cannot_connect_now = "57P03";
inline constexpr std::string_view k_concurrently_updated = "XX000";
}  // namespace sql_state

// The kind of a failed statement or connection attempt that came back with `code`.
base::ErrorKind kind_of(std::string_view code);

// One sentence for a refused connection: libpq hides the server's own words when it is asked for
// the code. Empty for a code that has no sentence of its own.
std::string_view refusal_of(std::string_view code);

}  // namespace pg
