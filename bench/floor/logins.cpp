// SPDX-License-Identifier: Apache-2.0
//
// The floor under `create` of what exists already: bare libpq, the operator's login and one query,
// then the environment's login, and nothing else. Connection strings by environment.
#include <libpq-fe.h>

#include <cstdlib>

namespace {
bool log_in(const char* variable, const char* query) {
    const char* text = getenv(variable);
    PGconn* connection = PQconnectdb(text != nullptr ? text : "");
    bool well = PQstatus(connection) == CONNECTION_OK;
    if (well && query != nullptr) {
        PGresult* result = PQexec(connection, query);
        well = PQresultStatus(result) == PGRES_TUPLES_OK;
        PQclear(result);
    }
    PQfinish(connection);
    return well;
}
}  // namespace

int main() {
    const bool well = log_in("FLOOR_OPERATOR", "SELECT 1") && log_in("FLOOR_ENVIRONMENT", nullptr);
    return well ? 0 : 1;
}
