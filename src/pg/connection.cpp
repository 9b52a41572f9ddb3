// SPDX-License-Identifier: Apache-2.0
#include "pg/connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/interrupt.h"
#include "pg/answer.h"
#include "pg/verifier.h"

namespace pg {

namespace {

using base::Deadline;
using base::Error;
using base::ErrorKind;
using base::Result;

// Waits until `events` happen on `socket`; false when the deadline or an interrupt came first.
bool wait_for(int socket, short events, Deadline deadline) {
    while (!base::interrupted()) {
        pollfd fd{socket, events, 0};
        const int ready = poll(&fd, 1, base::wait_slice(deadline));
        if (ready > 0) return true;
        if (ready == 0 && deadline.passed()) return false;
        if (ready < 0 && errno != EINTR) return false;
    }
    return false;
}

const Statement k_begin{"BEGIN", {}, false};
const Statement k_commit{"COMMIT", {}, false};
const Statement k_rollback{"ROLLBACK", {}, false};

std::vector<const Statement*> group_of(const std::vector<Statement>& statements,
                                       const Statement* first = nullptr,
                                       const Statement* last = nullptr) {
    std::vector<const Statement*> group;
    group.reserve(statements.size() + 3);
    if (first != nullptr) group.push_back(first);
    for (const auto& statement : statements) group.push_back(&statement);
    if (last != nullptr) group.push_back(last);
    return group;
}

std::string trimmed(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    return std::string(text);
}

}  // namespace

void Connection::Deleter::operator()(pg_conn* connection) const { PQfinish(connection); }

Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

bool Connection::alive() const { return handle_ && PQstatus(handle_.get()) == CONNECTION_OK; }
bool Connection::undisturbed() const {
    if (!alive()) return false;
    pollfd waiting{PQsocket(handle_.get()), POLLIN, 0};
    return poll(&waiting, 1, 0) == 0;
}
int Connection::backend_pid() const { return PQbackendPID(handle_.get()); }
int Connection::server_version() const { return PQserverVersion(handle_.get()); }
bool Connection::used_password() const { return PQconnectionUsedPassword(handle_.get()) != 0; }
bool Connection::uses_tls() const { return PQsslInUse(handle_.get()) != 0; }
std::string_view Connection::told(const char* parameter) const {
    const char* value = PQparameterStatus(handle_.get(), parameter);
    return value == nullptr ? std::string_view() : std::string_view(value);
}
bool Connection::is_reader() const {
    return told("in_hot_standby") == "on" || told("default_transaction_read_only") == "on";
}

tl::unexpected<Error> Connection::lost(Deadline deadline) {
    const bool late = deadline.passed();
    const auto text = trimmed(PQerrorMessage(handle_.get()));
    handle_.reset();
    if (base::interrupted()) return base::fail(ErrorKind::deadline, "interrupted");
    if (late) return base::fail(ErrorKind::deadline, "the server did not answer in time");
    return base::fail(ErrorKind::unavailable,
                      text.empty() ? "the connection to the server was lost" : text);
}

Result<void> Connection::flush(Deadline deadline) {
    for (;;) {
        const int left = PQflush(handle_.get());
        if (left == 0) return {};
        if (left < 0 || !wait_for(PQsocket(handle_.get()), POLLIN | POLLOUT, deadline)) {
            return lost(deadline);
        }
        BASE_TRY(read_arrivals(deadline));
    }
}

Result<void> Connection::wait_for_more(Deadline deadline) {
    if (!wait_for(PQsocket(handle_.get()), POLLIN, deadline)) return lost(deadline);
    return read_arrivals(deadline);
}

Result<void> Connection::wait_for_answer(Deadline deadline) {
    while (PQisBusy(handle_.get()) != 0) BASE_TRY(wait_for_more(deadline));
    return {};
}

Result<std::vector<Rows>> Connection::collect(std::size_t count, Deadline deadline) {
    std::vector<Rows> answers;
    answers.reserve(count);
    std::optional<Error> first_error;
    for (;;) {
        BASE_TRY(wait_for_answer(deadline));
        PGresult* result = PQgetResult(handle_.get());
        if (result == nullptr) {
            // The end of one statement's answer; two in a row mean that the session is gone.
            if (PQstatus(handle_.get()) != CONNECTION_OK) return lost(deadline);
            continue;
        }
        Rows rows(result);
        const auto status = PQresultStatus(result);
        if (status == PGRES_PIPELINE_SYNC) break;
        if (status == PGRES_FATAL_ERROR && !first_error) first_error = error_of(result);
        if (status == PGRES_FATAL_ERROR && PQstatus(handle_.get()) != CONNECTION_OK) {
            handle_.reset();
            return base::fail(*std::move(first_error));
        }
        if (!expected_.empty() && expected_.front()) answers.push_back(std::move(rows));
        if (!expected_.empty()) expected_.pop_front();
    }
    if (first_error) return base::fail(*std::move(first_error));
    return answers;
}

bool Connection::send_one(const Statement& statement) {
    std::vector<const char*> values;
    values.reserve(statement.parameters.size());
    for (const auto& parameter : statement.parameters) {
        values.push_back(parameter ? parameter->c_str() : nullptr);
    }
    if (statement.often) return send_often(statement, values);
    expected_.push_back(true);
    return PQsendQueryParams(handle_.get(), statement.sql.c_str(), static_cast<int>(values.size()),
                             nullptr, values.data(), nullptr, nullptr, 0) != 0;
}

bool Connection::send_often(const Statement& statement, const std::vector<const char*>& values) {
    auto name = names_.find(statement.sql);
    const bool is_new = name == names_.end();
    if (is_new) {
        name = names_.emplace(statement.sql, fmt::format("s{}", names_.size())).first;
    }
    if (name->second.empty()) {
        auto plainly = statement;
        plainly.often = false;
        return send_one(plainly);
    }
    if (is_new) {
        in_doubt_.push_back(statement.sql);
        expected_.push_back(false);
        if (PQsendPrepare(handle_.get(), name->second.c_str(), statement.sql.c_str(), 0, nullptr) ==
            0) {
            return false;
        }
    }
    expected_.push_back(true);
    return PQsendQueryPrepared(handle_.get(), name->second.c_str(), static_cast<int>(values.size()),
                               values.data(), nullptr, nullptr, 0) != 0;
}

Result<void> Connection::send(const Group& group, Deadline deadline) {
    for (const auto* statement : group) {
        if (!send_one(*statement)) return lost(deadline);
    }
    if (PQpipelineSync(handle_.get()) == 0) return lost(deadline);
    return {};
}

Result<std::vector<Rows>> Connection::pipeline(const Groups& groups, Deadline deadline) {
    if (!alive()) return base::fail(ErrorKind::unavailable, "the session has ended");
    BASE_TRY(leave_single_rows(deadline));
    PQenterPipelineMode(handle_.get());
    expected_.clear();
    for (const auto& group : groups) BASE_TRY(send(group, deadline));
    BASE_TRY(flush(deadline));
    std::optional<Error> first_error;
    std::vector<Rows> last;
    for (const auto& group : groups) {
        auto answers = collect(group.size(), deadline);
        if (!handle_) return answers;
        if (answers) {
            last = *std::move(answers);
        } else if (!first_error) {
            first_error = std::move(answers).error();
        }
        // The answer to the Sync ends a group, so this cannot fail.
        if (&group != &groups.back()) continue;
        while (PQgetResult(handle_.get()) != nullptr) {
        }
        PQexitPipelineMode(handle_.get());
    }
    // After a failure nobody knows which of the new names the session has.
    if (first_error) {
        for (const auto& sql : in_doubt_) names_[sql].clear();
    }
    in_doubt_.clear();
    if (first_error) return base::fail(*std::move(first_error));
    return last;
}

bool Connection::in_transaction() const {
    return alive() && PQtransactionStatus(handle_.get()) != PQTRANS_IDLE;
}

void Connection::roll_back(Deadline deadline) {
    if (in_transaction() && !pipeline({{&k_rollback}}, deadline)) handle_.reset();
}

Result<std::vector<Rows>> Connection::apart(Group statements, Deadline deadline) {
    Groups groups;
    if (std::exchange(begun_, false)) groups.push_back({&k_rollback});
    groups.push_back(std::move(statements));
    return pipeline(groups, deadline);
}

Result<Rows> Connection::run(const Statement& statement, Deadline deadline) {
    BASE_TRY_ASSIGN(auto answers, apart({&statement}, deadline));
    return std::move(answers.front());
}

Result<std::vector<Rows>> Connection::run_all(const std::vector<Statement>& statements,
                                              Deadline deadline) {
    return apart(group_of(statements), deadline);
}

Result<void> Connection::run_each(const std::vector<Statement>& statements, Deadline deadline) {
    Groups groups;
    if (std::exchange(begun_, false)) groups.push_back({&k_rollback});
    for (const auto& statement : statements) groups.push_back({&statement});
    BASE_TRY(pipeline(groups, deadline));
    return {};
}

Result<std::vector<Rows>> Connection::transact(const std::vector<Statement>& statements,
                                               Deadline deadline) {
    auto answers = apart(group_of(statements, &k_begin, &k_commit), deadline);
    // COMMIT was skipped with the rest of the aborted group.
    roll_back(deadline);
    if (!answers) return answers;
    answers->pop_back();
    answers->erase(answers->begin());
    return answers;
}

Result<std::vector<Rows>> Connection::begin(const std::vector<Statement>& statements,
                                            Deadline deadline) {
    auto answers = apart(group_of(statements, &k_begin), deadline);
    if (!answers) {
        roll_back(deadline);
        return answers;
    }
    begun_ = true;
    answers->erase(answers->begin());
    return answers;
}

Result<Rows> Connection::go_on(const Statement& statement, Deadline deadline) {
    auto answers = pipeline({{&statement}}, deadline);
    if (answers) return std::move(answers->front());
    if (std::exchange(begun_, false)) roll_back(deadline);
    return base::fail(std::move(answers).error());
}

Result<std::vector<Rows>> Connection::finish(const std::vector<Statement>& statements,
                                             const std::optional<Statement>& afterwards,
                                             Deadline deadline) {
    if (!std::exchange(begun_, false) || !in_transaction()) {
        return base::fail(ErrorKind::in_doubt, "the transaction that was begun has ended");
    }
    auto all = group_of(statements, nullptr, &k_commit);
    // Without a Sync of its own, which would be one more answer to wait for: a failure skips it.
    if (afterwards) all.push_back(&*afterwards);
    auto answers = pipeline({all}, deadline);
    roll_back(deadline);
    return answers;
}

Result<std::string> Connection::make_verifier(const base::Secret& password) {
    char* made =
        PQencryptPasswordConn(handle_.get(), password.reveal().c_str(), "", "scram-sha-256");
    const std::string verifier = made == nullptr ? "" : made;
    if (made != nullptr) PQfreemem(made);
    if (!is_scram_verifier(verifier)) {
        return base::fail(ErrorKind::internal, "no SCRAM verifier could be made of a password");
    }
    return verifier;
}

void Connection::close_and_wait(Deadline deadline) && {
    if (!handle_) return;
    const int watched = dup(PQsocket(handle_.get()));
    handle_.reset();
    if (watched < 0) return;
    // The kernel closes the server's end when its process is gone, and not before: the server does
    // not close it itself (socket_close in pqcomm.c). So the end of the stream is the news.
    std::array<char, 256> rest{};
    while (wait_for(watched, POLLIN, deadline)) {
        const auto count = recv(watched, rest.data(), rest.size(), 0);
        if (count == 0 || (count < 0 && errno != EINTR)) break;
    }
    ::close(watched);
}

}  // namespace pg
