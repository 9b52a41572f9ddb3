// SPDX-License-Identifier: Apache-2.0
#include "support/sql.h"
#include "support/soon.h"

#include <chrono>
#include <stdexcept>

namespace support {

namespace {

[[noreturn]] void give_up(const base::Error& error) {
    throw std::runtime_error(error.message + " (" + error.sqlstate + ")");
}

std::string name_of(const base::Error& error) {
    return error.sqlstate.empty() ? std::string(base::facts_of(error.kind).name) : error.sqlstate;
}

}  // namespace

pg::Connection connect(const pg::ConnectionInfo& login) {
    auto connection = pg::Connection::open(login, soon());
    if (!connection) give_up(connection.error());
    return std::move(*connection);
}

void execute(const pg::ConnectionInfo& login, const std::string& sql) {
    auto connection = connect(login);
    const auto rows = connection.run({sql}, soon());
    if (!rows) give_up(rows.error());
}

std::string ask(pg::Connection& connection, const std::string& sql) {
    const auto rows = connection.run({sql}, soon());
    if (!rows) give_up(rows.error());
    if (rows->size() != 1) throw std::runtime_error("not exactly one row: " + sql);
    return (*rows)[0].text("value");
}

std::string ask(const pg::ConnectionInfo& login, const std::string& sql) {
    auto connection = connect(login);
    return ask(connection, sql);
}

std::string refusal(const pg::ConnectionInfo& login, const std::string& sql) {
    auto connection = pg::Connection::open(login, soon());
    if (!connection) return name_of(connection.error());
    const auto rows = connection->run({sql}, soon());
    return rows ? "" : name_of(rows.error());
}

}  // namespace support
