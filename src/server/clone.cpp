// SPDX-License-Identifier: Apache-2.0
#include "server/clone.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "pg/quoting.h"
#include "pg/sql_state.h"

namespace server {

namespace {

using base::Deadline;
using base::Error;
using base::ErrorKind;
using base::Result;
using environment::CloneStrategy;
using environment::FileCloning;

// Alone in its group, as CREATE DATABASE has to be.
Result<void> create(pg::Connection& session, const CloneOrder& order, CloneStrategy strategy,
                    Deadline deadline) {
    const auto* how = strategy == CloneStrategy::wal_log ? "wal_log" : "file_copy";
    BASE_TRY(session.run(
        {fmt::format("CREATE DATABASE {} TEMPLATE {} STRATEGY {} "
                     "ALLOW_CONNECTIONS false",
                     pg::identifier(order.database), pg::identifier(order.database_template), how)},
        deadline));
    return {};
}

// Before 18 there is no such setting; later it may lack the value, or the file system the means.
bool refuses_file_clone(const Error& error) {
    constexpr std::array<std::string_view, 5> k_codes{"0A000", "22023", "42704", "58", "XX000"};
    return std::ranges::any_of(k_codes,
                               [&](auto code) { return error.sqlstate.starts_with(code); });
}

Result<void> create_by_file_clone(pg::Connection& session, const CloneOrder& order,
                                  Deadline deadline) {
    BASE_TRY(session.run({"SET file_copy_method = clone"}, deadline));
    auto made = create(session, order, CloneStrategy::file_clone, deadline);
    if (session.alive()) {
        const auto reset = session.run({"RESET file_copy_method"}, deadline);
        // The session is dead, which whoever uses it next finds out.
        static_cast<void>(reset);
    }
    return made;
}

// What is not known to have happened: the answer is missing.
tl::unexpected<Error> failure(Error error, const CloneOrder& order) {
    const bool unanswered =
        error.kind == ErrorKind::unavailable || error.kind == ErrorKind::deadline;
    if (unanswered) error.kind = ErrorKind::in_doubt;
    if (error.sqlstate == pg::sql_state::k_disk_full) {
        error.hint = "the server's disk is full: delete what nobody needs, or make room";
    }
    return base::fail(
        std::move(error).during(fmt::format("cannot create the database {}", order.database)));
}

}  // namespace

Result<Cloned> clone_database(pg::Connection& session, const CloneOrder& order, Deadline deadline) {
    Cloned cloned{order.strategy};
    if (order.strategy == CloneStrategy::file_clone) {
        auto made = create_by_file_clone(session, order, deadline);
        if (made) {
            cloned.file_cloning = FileCloning::works;
            return cloned;
        }
        if (!session.alive() || !refuses_file_clone(made.error())) {
            return failure(std::move(made).error(), order);
        }
        cloned = {CloneStrategy::file_copy, FileCloning::fails, made.error().message};
    }
    auto made = create(session, order, cloned.strategy, deadline);
    if (!made) return failure(std::move(made).error(), order);
    return cloned;
}

}  // namespace server
