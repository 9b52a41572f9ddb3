// SPDX-License-Identifier: Apache-2.0
#include "support/sql.h"

#include <map>
#include <optional>
#include <stdexcept>

#include "support/pristine.h"
#include "support/soon.h"

namespace support {

namespace {

[[noreturn]] void give_up(const base::Error& error) {
    throw std::runtime_error(error.message + " (" + error.sqlstate + ")");
}

std::string name_of(const base::Error& error) {
    return error.sqlstate.empty() ? std::string(base::facts_of(error.kind).name) : error.sqlstate;
}

// Of the superuser only, in the two databases that no verb renames or drops.
bool may_be_kept(const pg::ConnectionInfo& login) {
    const auto database = login.get("dbname");
    return login.get("user") == k_superuser && (database == "postgres" || database == "reviewdb");
}

using Sessions = std::map<std::string, pg::Connection>;
std::optional<Sessions>& kept_sessions() {
    thread_local std::optional<Sessions> kept;
    return kept;
}

// Runs one statement in a session of `kept`, in which nothing is left for the next: neither
// settings nor locks.
pg::Rows run_kept(Sessions& kept, const pg::ConnectionInfo& login, const std::string& sql) {
    const auto whose = login.describe();
    auto found = kept.find(whose);
    if (found != kept.end() && !found->second.undisturbed()) {
        kept.erase(found);
        found = kept.end();
    }
    if (found == kept.end()) found = kept.emplace(whose, connect(login)).first;
    auto rows = found->second.run({sql}, soon());
    if (!found->second.alive() || !found->second.run({"DISCARD ALL"}, soon())) kept.erase(found);
    if (!rows) give_up(rows.error());
    return std::move(*rows);
}

pg::Rows run_once(const pg::ConnectionInfo& login, const std::string& sql) {
    auto& kept = kept_sessions();
    if (kept && may_be_kept(login)) return run_kept(*kept, login, sql);
    auto rows = connect(login).run({sql}, soon());
    if (!rows) give_up(rows.error());
    return std::move(*rows);
}

std::string value_of(const pg::Rows& rows, const std::string& sql) {
    if (rows.size() != 1) throw std::runtime_error("not exactly one row: " + sql);
    return rows[0].text("value");
}

}  // namespace

KeptSessions::KeptSessions() { kept_sessions().emplace(); }
KeptSessions::~KeptSessions() { kept_sessions().reset(); }

pg::Connection connect(const pg::ConnectionInfo& login) {
    auto connection = pg::Connection::open(login, soon());
    if (!connection) give_up(connection.error());
    return std::move(*connection);
}

void execute(const pg::ConnectionInfo& login, const std::string& sql) { run_once(login, sql); }

std::string ask(pg::Connection& connection, const std::string& sql) {
    const auto rows = connection.run({sql}, soon());
    if (!rows) give_up(rows.error());
    return value_of(*rows, sql);
}

std::string ask(const pg::ConnectionInfo& login, const std::string& sql) {
    return value_of(run_once(login, sql), sql);
}

std::string refusal(const pg::ConnectionInfo& login, const std::string& sql) {
    auto connection = pg::Connection::open(login, soon());
    if (!connection) return name_of(connection.error());
    const auto rows = connection->run({sql}, soon());
    return rows ? "" : name_of(rows.error());
}

}  // namespace support
