// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/interrupt.h"
#include "base/text.h"
#include "pg/connection.h"
#include "pg/password_guard.h"
#include "pg/resolve.h"
#include "pg/sql_state.h"

namespace pg {

namespace {

using base::Deadline;
using base::ErrorKind;

struct Parameters {
    std::vector<const char*> keywords;
    std::vector<const char*> values;

    explicit Parameters(const ConnectionInfo& info) {
        for (const auto& [keyword, value] : info.values()) add(keyword.c_str(), value.c_str());
        if (!info.password().empty()) add("password", info.password().reveal().c_str());
        // Looking for Kerberos credentials costs milliseconds and would prove no password.
        if (info.get("gssencmode").empty()) add("gssencmode", "disable");
        constexpr int k_knows_methods = 160000;
        if (PQlibVersion() >= k_knows_methods && info.get("require_auth").empty()) {
            add("require_auth", "!password,!md5");
        }
        add(nullptr, nullptr);
    }
    void add(const char* keyword, const char* value) {
        keywords.push_back(keyword);
        values.push_back(value);
    }
};

// A message comes in one piece, or the rest of it soon.
constexpr std::chrono::milliseconds k_rest_of_message(1);

void ignore_notice(void* /*context*/, const PGresult* /*notice*/) {}

// With PQERRORS_SQLSTATE the report of a refusal ends in the code: "… FATAL:  28P01".
std::string sqlstate_in(std::string_view report) {
    constexpr std::size_t k_code_size = 5;
    const auto end = report.find_last_not_of(" \n");
    if (end == std::string_view::npos || end < k_code_size + 2) return {};
    const auto code = report.substr(end + 1 - k_code_size, k_code_size);
    const bool is_code =
        std::ranges::all_of(code, [](char c) { return base::is_digit(c) || base::is_upper(c); });
    const bool stands_alone = report.substr(0, end + 1 - k_code_size).ends_with(":  ");
    return is_code && stands_alone ? std::string(code) : std::string();
}

// Where the attempt stood when it failed. A certificate that does not fit will not fit a second
// later; everything else may.
enum class Phase { network, tls };

tl::unexpected<base::Error> refused(const ConnectionInfo& info, const std::string& report,
                                    Phase phase) {
    base::Error error;
    error.sqlstate = sqlstate_in(report);
    if (!error.sqlstate.empty()) {
        error.kind = kind_of(error.sqlstate);
        // Of a login it is the server that fails, and may do better later.
        if (error.kind == ErrorKind::internal) error.kind = ErrorKind::overloaded;
        const auto sentence = refusal_of(error.sqlstate);
        error.message =
            fmt::format("cannot connect to {}: {} (SQLSTATE {})", info.describe(),
                        sentence.empty() ? "the server refused it" : sentence, error.sqlstate);
        return base::fail(std::move(error));
    }
    error.kind = phase == Phase::tls ? ErrorKind::denied : ErrorKind::unavailable;
    auto text = report;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    error.message = fmt::format("cannot connect to {}: {}", info.describe(), text);
    return base::fail(std::move(error));
}

// What the caller allows by libpq's own words, also where this libpq does not know them.
AllowedMethods allowed_methods(const ConnectionInfo& info) {
    const char* variable = getenv("PGREQUIREAUTH");  // NOLINT(concurrency-mt-unsafe): only read
    const auto given = info.get("require_auth");
    return AllowedMethods::parse(!given.empty()        ? given
                                 : variable != nullptr ? std::string_view(variable)
                                                       : std::string_view());
}

tl::unexpected<base::Error> no_answer(const ConnectionInfo& info) {
    return base::fail(ErrorKind::deadline,
                      base::interrupted() ? std::string("interrupted")
                                          : fmt::format("cannot connect to {}: no answer in time",
                                                        info.describe()));
}

tl::unexpected<base::Error> withheld(const ConnectionInfo& info, const std::string& reason) {
    return base::fail(
        ErrorKind::denied,
        fmt::format("cannot connect to {}: the server {}, and does not get it", info.describe(),
                    reason),
        "let pg_hba.conf ask for scram-sha-256, and set the password again with "
        "password_encryption = 'scram-sha-256'; or allow it, over TLS: PGREQUIREAUTH=password");
}

// Whether the server has said something that was not read yet, as opposed to having gone.
bool has_something_to_say(PGconn* connection) {
    int bytes = 0;
    return ioctl(PQsocket(connection), FIONREAD, &bytes) == 0 && bytes > 0;
}

bool wait_to_continue(PGconn* connection, PostgresPollingStatusType state, Deadline deadline) {
    while (!base::interrupted()) {
        pollfd fd{PQsocket(connection),
                  static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
        const int ready = poll(&fd, 1, base::wait_slice(deadline));
        if (ready > 0) return true;
        if (ready == 0 && deadline.passed()) return false;
        if (ready < 0 && errno != EINTR) return false;
    }
    return false;
}

}  // namespace

base::Result<Connection> Connection::open(const ConnectionInfo& info, Deadline deadline) {
    return attempt(info, deadline).first;
}

base::Result<std::optional<Connection>> Connection::prove_login(const ConnectionInfo& info,
                                                                Deadline deadline) {
    auto [connection, used_password] = attempt(info, deadline);
    if (!connection) {
        const bool at_own_limit =
            connection.error().sqlstate == sql_state::k_too_many_connections && used_password;
        if (at_own_limit) return std::optional<Connection>();
        return base::fail(std::move(connection).error());
    }
    if (used_password) return std::optional<Connection>(*std::move(connection));
    return base::fail(
        ErrorKind::denied,
        fmt::format("the server lets {} in without asking for the password", info.describe()),
        "pg_hba.conf must ask for scram-sha-256, not trust or peer, or every "
        "environment can enter every other");
}

std::pair<base::Result<Connection>, bool> Connection::attempt(const ConnectionInfo& info,
                                                              Deadline deadline) {
    auto resolved = resolve(info, deadline);
    if (!resolved) return {base::fail(std::move(resolved).error()), false};
    const Parameters parameters(*resolved);
    Handle handle(PQconnectStartParams(parameters.keywords.data(), parameters.values.data(), 0));
    if (!handle) throw std::bad_alloc();
    PQsetErrorVerbosity(handle.get(), PQERRORS_SQLSTATE);
    PQsetNoticeReceiver(handle.get(), ignore_notice, nullptr);
    PasswordGuard guard(allowed_methods(info));
    auto phase = Phase::network;
    auto state = PGRES_POLLING_WRITING;
    while (PQstatus(handle.get()) != CONNECTION_BAD && state != PGRES_POLLING_OK &&
           state != PGRES_POLLING_FAILED) {
        if (!wait_to_continue(handle.get(), state, deadline)) {
            return {no_answer(info), false};
        }
        const bool told = has_something_to_say(handle.get());
        const auto verdict = guard.look(handle.get());
        if (verdict == PasswordGuard::Verdict::refuse) {
            return {withheld(info, guard.reason()), false};
        }
        if (verdict == PasswordGuard::Verdict::wait) {
            // What was looked at stays readable, so the wait above does not end by itself.
            if (deadline.passed() || base::interrupted()) return {no_answer(info), false};
            base::pause(k_rest_of_message);
            continue;
        }
        state = PQconnectPoll(handle.get());
        const auto status = PQstatus(handle.get());
        if (status != CONNECTION_BAD) {
            phase = status == CONNECTION_SSL_STARTUP ? Phase::tls : Phase::network;
        } else if (!told) {
            // It went while TLS was being spoken of, which says nothing about certificates.
            phase = Phase::network;
        }
    }
    const bool used_password = PQconnectionUsedPassword(handle.get()) != 0;
    if (PQstatus(handle.get()) != CONNECTION_OK) {
        return {refused(info, PQerrorMessage(handle.get()), phase), used_password};
    }
    PQsetErrorVerbosity(handle.get(), PQERRORS_DEFAULT);
    PQsetnonblocking(handle.get(), 1);
    return {Connection(std::move(handle)), used_password};
}

}  // namespace pg
