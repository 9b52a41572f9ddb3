// SPDX-License-Identifier: Apache-2.0
#include "durable_insert.h"

#include <libpq-fe.h>

#include <stdexcept>
#include <string>

#include "support/sql.h"

namespace bench {

namespace {

void require(PGresult* answer, PGconn* session) {
    const bool worked = PQresultStatus(answer) == PGRES_COMMAND_OK;
    PQclear(answer);
    if (!worked) throw std::runtime_error(std::string("INSERT: ") + PQerrorMessage(session));
}

}  // namespace

void DurableInsert::Deleter::operator()(pg_conn* session) const { PQfinish(session); }

DurableInsert::DurableInsert(const Stand& stand) {
    const auto root = stand.superuser("postgres");
    support::execute(root, "CREATE TABLE one_row (id integer, word text)");
    session_.reset(PQconnectdb(root.to_uri().reveal().c_str()));
    require(PQprepare(session_.get(), "one", "INSERT INTO one_row VALUES (1, 'x')", 0, nullptr),
            session_.get());
}

void DurableInsert::insert() {
    require(PQexecPrepared(session_.get(), "one", 0, nullptr, nullptr, nullptr, 0), session_.get());
}

}  // namespace bench
