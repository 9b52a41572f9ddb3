// SPDX-License-Identifier: Apache-2.0
#include "pg/answer.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include "pg/sql_state.h"

namespace pg {

std::string field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text == nullptr ? std::string() : std::string(text);
}

base::Error error_of(const PGresult* result) {
    base::Error error;
    error.sqlstate = field(result, PG_DIAG_SQLSTATE);
    error.kind = error.sqlstate.empty() ? base::ErrorKind::unavailable : kind_of(error.sqlstate);
    error.message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    if (const auto detail = field(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty()) {
        error.message += fmt::format(" ({})", detail);
    }
    error.hint = field(result, PG_DIAG_MESSAGE_HINT);
    if (error.message.empty()) error.message = "the connection to the server was lost";
    return error;
}

}  // namespace pg
