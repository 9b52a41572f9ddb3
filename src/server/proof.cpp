// SPDX-License-Identifier: Apache-2.0
#include "server/proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "base/bytes.h"
#include "base/words.h"
#include "environment/policy.h"
#include "environment/standing.h"
#include "server/session.h"

namespace server {

using base::Deadline;
using base::ErrorKind;
using base::Result;

// Through to_jsonb, since a registry that nobody upgraded lacks the columns.
const std::string_view k_is_proven = R"(coalesce(
    (to_jsonb(x) ->> 'started_at')::timestamptz = pg_postmaster_start_time()
        AND (to_jsonb(x) ->> 'system_identifier')::bigint
            = (pg_control_system()).system_identifier,
    x.schema_version < 3))";

const std::string_view k_record_identity = R"(
UPDATE registry.installation SET started_at = pg_catalog.pg_postmaster_start_time(),
    system_identifier = (SELECT system_identifier FROM pg_catalog.pg_control_system()),
    place = coalesce($1, place))";

const std::string_view k_record_own_identity = R"(
UPDATE registry.installation SET started_at = pg_catalog.pg_postmaster_start_time(),
    system_identifier = (SELECT system_identifier FROM pg_catalog.pg_control_system()))";

std::string Address::to_text() const { return fmt::format("{}:{}", host, port); }

namespace {

// Long enough for a handshake over a slow line, and short enough to be waited for in vain.
constexpr std::chrono::seconds k_patience(3);

constexpr std::string_view k_take = R"(
SELECT pg_try_advisory_lock($1::bigint) AS taken, d.oid,
    (SELECT system_identifier FROM pg_control_system()) AS system,
    (SELECT r.rolsuper OR r.rolcreaterole OR r.rolcreatedb FROM pg_roles r
        WHERE r.rolname = session_user) AS is_administrator
FROM pg_database d WHERE d.datname = current_database())";

// Complete names: the session is one of whatever server is there.
constexpr std::string_view k_look = R"(
SELECT EXISTS (SELECT FROM pg_catalog.pg_locks k WHERE k.locktype = 'advisory' AND k.granted
        AND k.objsubid = 1 AND k.database = $2::pg_catalog.oid
        AND ((k.classid::bigint << 32) | k.objid::bigint) = $1::bigint) AS seen,
    (SELECT c.system_identifier FROM pg_catalog.pg_control_system() c) AS system)";

std::string random_lock() {
    std::uint64_t number = 0;
    const auto bytes = base::random_bytes(sizeof number);
    std::memcpy(&number, bytes.data(), sizeof number);
    return std::to_string(number >> 2U);
}

// The better protected of the two ways to connect.
std::string stronger(std::string_view one, std::string_view other) {
    constexpr std::array<std::string_view, 6> k_modes{"disable", "allow",     "prefer",
                                                      "require", "verify-ca", "verify-full"};
    const auto rank = [&](std::string_view mode) { return std::ranges::find(k_modes, mode); };
    const auto known = [&](std::string_view mode) {
        return rank(mode) == k_modes.end() ? std::string_view("prefer") : mode;
    };
    return std::string(*std::max(rank(known(one)), rank(known(other))));
}

pg::ConnectionInfo login_at(const pg::ConnectionInfo& login, const Address& address) {
    return login.with("hostaddr", "")
        .with("host", address.host)
        .with("port", std::to_string(address.port))
        .with("sslmode", stronger(login.get("sslmode"), address.sslmode))
        .with("dbname", std::string(k_control_database))
        .with("application_name", "reviewdb/proof");
}

// Whether `login` is at that very address already, so that its password is no news there.
bool is_there(const pg::ConnectionInfo& login, const Address& address) {
    return login.get("host") == address.host && login.port() == address.port;
}

Result<Trial> look_there(const pg::ConnectionInfo& login, const Address& address,
                         const std::string& lock, const pg::Row& here, Deadline deadline) {
    const auto limit = deadline.at_most(k_patience);
    const auto unreachable = [&](const base::Error& error) {
        return Trial{Leads::nowhere,
                     fmt::format("{} cannot be reached from here ({})", address.to_text(),
                                 base::presentable(error.message)),
                     false};
    };
    auto there = pg::Connection::open(login_at(login, address), limit);
    if (!there) return unreachable(there.error());
    const auto rows = there->run({std::string(k_look), {lock, here.text("oid")}}, limit);
    if (!rows) return unreachable(rows.error());
    const auto row = (*rows)[0];
    if (row.boolean("seen")) return Trial{Leads::here, {}, false};
    return Trial{Leads::elsewhere, fmt::format("{} leads to another server", address.to_text()),
                 row.text("system") == here.text("system")};
}

}  // namespace

Result<Trial> try_address(pg::Connection& session, const pg::ConnectionInfo& login,
                          const Address& address, Deadline deadline) {
    const auto lock = random_lock();
    BASE_TRY_ASSIGN(const auto rows, session.run({std::string(k_take), {lock}}, deadline));
    const auto here = rows[0];
    if (!here.boolean("taken")) {
        return base::fail(ErrorKind::overloaded, "the lock for a proof is another session's");
    }
    Result<Trial> trial =
        Trial{Leads::untried,
              fmt::format("{} was not tried, since {} is an administrator's login",
                          address.to_text(), login.get("user")),
              false};
    if (!here.boolean("is_administrator") || is_there(login, address)) {
        trial = look_there(login, address, lock, here, deadline);
    }
    BASE_TRY(session.run({"SELECT pg_advisory_unlock($1::bigint)", {lock}}, deadline));
    return trial;
}

environment::Doubt doubt_of(const Trial& trial, const Address& address) {
    switch (trial.leads) {
        case Leads::elsewhere:
            return {trial.why,
                    "work on that one; to keep this copy apart from it: reviewdb config set "
                    "--all-projects secrets=none; to let this one take its place: reviewdb init "
                    "--confirm-server --advertise HOST:PORT"};
        case Leads::untried:
            return {trial.why, "log in as an operator"};
        case Leads::here:
        case Leads::nowhere:
            break;
    }
    return {trial.why,
            fmt::format("if {} is the address of this server, confirm it: reviewdb init "
                        "--confirm-server; any call from where that address can be reached proves "
                        "it by itself",
                        address.to_text())};
}

environment::Doubt doubt_of_place(std::string_view recorded, std::string_view here) {
    if (here.empty()) {
        return {fmt::format("it is the local server of {}, and was reached otherwise", recorded),
                "reach it as the local server: --server local"};
    }
    return {fmt::format("its folder was copied or moved: it is {}, and was {}", here, recorded),
            "if it was moved, or the other one is gone, confirm it: reviewdb init "
            "--confirm-server"};
}

}  // namespace server
