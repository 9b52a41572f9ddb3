// SPDX-License-Identifier: Apache-2.0
#include <libpq-fe.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <memory>
#include <utility>

#include "pg/answer.h"
#include "pg/connection.h"

namespace pg {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

struct ResultDeleter {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, ResultDeleter>;

// All that has come by this connection. libpq does not say how much of a message it holds.
std::uint64_t bytes_received(int socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    const bool known = getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
    return known ? info.tcpi_bytes_received : 0;
}

struct Freed {
    void operator()(char* memory) const { PQfreemem(memory); }
};

Refusal refusal_of(const PGresult* answer) {
    Refusal refusal{error_of(answer), 0, field(answer, PG_DIAG_CONTEXT)};
    const auto position = field(answer, PG_DIAG_STATEMENT_POSITION);
    std::from_chars(position.data(), position.data() + position.size(), refusal.position);
    return refusal;
}

}  // namespace

TransactionState Connection::transaction() const {
    switch (PQtransactionStatus(handle_.get())) {
        case PQTRANS_INTRANS:
            return TransactionState::open;
        case PQTRANS_INERROR:
            return TransactionState::failed;
        default:
            return TransactionState::none;
    }
}

Result<Executed> Connection::execute(const std::string& sql, Deadline deadline) {
    if (!alive()) return base::fail(ErrorKind::unavailable, "the session has ended");
    if (!arrivals_) {
        arrivals_ = std::make_unique<Arrivals>();
        // libpq reads on while there is anything, and only between its reads can we look.
        constexpr int k_little = 1 << 17;
        setsockopt(PQsocket(handle_.get()), SOL_SOCKET, SO_RCVBUF, &k_little, sizeof k_little);
    }
    const auto note_notice = [](void* arrivals, const PGresult* /*notice*/) {
        static_cast<Arrivals*>(arrivals)->message_read = true;
    };
    PQsetNoticeReceiver(handle_.get(), note_notice, arrivals_.get());
    // The extended protocol: there a string that turns out to be two statements is refused.
    if (PQsendQueryParams(handle_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) ==
        0) {
        return lost(deadline);
    }
    PQsetSingleRowMode(handle_.get());
    single_rows_ = true;
    BASE_TRY(flush(deadline));
    return outcome(deadline);
}

// libpq forgets the single-row mode of one statement when it sends the next one by itself, but not
// when that is the first of a pipeline, of which all rows but one would be lost.
Result<void> Connection::leave_single_rows(Deadline deadline) {
    if (!std::exchange(single_rows_, false)) return {};
    if (PQsendQuery(handle_.get(), "") == 0) return lost(deadline);
    BASE_TRY(flush(deadline));
    BASE_TRY(outcome(deadline));
    return {};
}

// Takes what has come; while a script is being run, not too much of one message.
Result<void> Connection::read_arrivals(Deadline deadline) {
    constexpr std::uint64_t k_most = 128U << 20U;
    const int socket = PQsocket(handle_.get());
    if (arrivals_ && std::exchange(arrivals_->message_read, false)) {
        arrivals_->at_last_message = bytes_received(socket);
    }
    if (PQconsumeInput(handle_.get()) == 0) return lost(deadline);
    if (!arrivals_ || bytes_received(socket) - arrivals_->at_last_message <= k_most) return {};
    handle_.reset();
    return base::fail(ErrorKind::invalid_input,
                      "it answers a row or a notice of more than 128 MB, which nobody reads");
}

Result<void> Connection::send_data(std::string_view data, Deadline deadline) {
    constexpr std::size_t k_part = 1U << 16U;
    while (!data.empty()) {
        const auto part = data.substr(0, k_part);
        if (PQputCopyData(handle_.get(), part.data(), static_cast<int>(part.size())) != 1) {
            return lost(deadline);
        }
        // All of it, each time: what libpq keeps back grows without limit.
        BASE_TRY(flush(deadline));
        data.remove_prefix(part.size());
    }
    return {};
}

Result<Executed> Connection::end_data(Deadline deadline) {
    if (PQputCopyEnd(handle_.get(), nullptr) != 1) return lost(deadline);
    BASE_TRY(flush(deadline));
    return outcome(deadline);
}

// Reads answers until the statement is over, or until it wants data.
Result<Executed> Connection::outcome(Deadline deadline) {
    Executed executed;
    for (;;) {
        BASE_TRY(wait_for_answer(deadline));
        const Answer answer(PQgetResult(handle_.get()));
        arrivals_->message_read = true;
        if (!answer) return executed;
        switch (PQresultStatus(answer.get())) {
            case PGRES_COPY_IN:
                executed.next = Executed::Next::data;
                return executed;
            case PGRES_COPY_OUT:
                BASE_TRY(pass_over_rows(deadline));
                break;
            case PGRES_FATAL_ERROR:
                if (PQstatus(handle_.get()) != CONNECTION_OK) return lost(deadline);
                if (!executed.refusal) executed.refusal = refusal_of(answer.get());
                break;
            default:
                if (PQresultStatus(answer.get()) != PGRES_SINGLE_TUPLE) {
                    executed.command = PQcmdStatus(answer.get());
                }
        }
    }
}

// Until the end of what COPY TO STDOUT sends.
Result<void> Connection::pass_over_rows(Deadline deadline) {
    for (;;) {
        char* row = nullptr;
        const int size = PQgetCopyData(handle_.get(), &row, 1);
        const std::unique_ptr<char, Freed> freed(row);
        if (size != 0) arrivals_->message_read = true;
        if (size == -1) return {};
        if (size == -2) return lost(deadline);
        if (size == 0) {
            // Nothing is there yet; wait_for_answer() is content with part of a row.
            BASE_TRY(wait_for_more(deadline));
        }
    }
}

}  // namespace pg
