// SPDX-License-Identifier: Apache-2.0
//
// The one way to a lock that an environment can hold: what blocks is found over a second session,
// the environments' sessions among it are ended, their prepared transactions are rolled back, and
// the statement is tried again at once, before they can log in again.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "pg/sql_state.h"
#include "server/live_server.h"

namespace server {

namespace {

using base::Deadline;
using base::Error;
using base::ErrorKind;
using base::Result;
using std::chrono::milliseconds;
using std::chrono::seconds;

// How long a statement waits for a lock that an environment can hold, each time.
constexpr milliseconds k_one_wait(150);
// Of environments that come again and again, in all.
constexpr seconds k_longest_struggle(10);
// Of a session that reviewdb may not end.
constexpr seconds k_patience(3);

// Locked; in use; "tuple concurrently updated"; a deadlock.
constexpr std::array<std::string_view, 4> k_blocked{
    pg::sql_state::k_lock_not_available, pg::sql_state::k_object_in_use,
    pg::sql_state::k_concurrently_updated, pg::sql_state::k_deadlock};

// Another worker that ends the same is in the way of this one for a moment.
Result<void> unless_blocked(Result<void> ended) {
    if (!ended && is_blocked(ended.error())) return {};
    return ended;
}

bool has(const std::vector<Blocker>& seen, Blocker::Kind kind) {
    return std::ranges::any_of(seen, [&](const auto& one) { return one.kind == kind; });
}

std::string list_of(const std::vector<Blocker>& seen, Blocker::Kind kind,
                    std::string (Blocker::*text)() const, std::string_view between) {
    std::string list;
    for (const auto& one : seen) {
        if (one.kind == kind) list += (list.empty() ? "" : std::string(between)) + (one.*text)();
    }
    return list;
}

// What stays blocked, by name. A conflict is for a person, and is not tried again.
Error stuck(const Contested& on, Error error, const std::vector<Blocker>& seen) {
    using Kind = Blocker::Kind;
    const bool by_others = has(seen, Kind::other);
    if (!by_others && !has(seen, Kind::environment)) return error;
    const auto kind = by_others ? Kind::other : Kind::environment;
    error.message =
        fmt::format("{} is locked by {} (SQLSTATE {}: {})", on.what(),
                    list_of(seen, kind, &Blocker::describe, ", "), error.sqlstate, error.message);
    error.hint = by_others ? fmt::format(
                                 "a superuser, or the session's owner, can end that: {}; then "
                                 "run the same command again",
                                 list_of(seen, kind, &Blocker::remedy, "; "))
                           : "run the same command again";
    if (by_others) error.kind = ErrorKind::conflict;
    return error;
}

}  // namespace

bool is_blocked(const Error& error) {
    return std::ranges::find(k_blocked, error.sqlstate) != k_blocked.end();
}

std::string Contested::what() const {
    if (database.empty()) return "the role " + role;
    if (role.empty()) return "the database " + database;
    return fmt::format("the database {} or its role {}", database, role);
}

pg::Statement wait_briefly() {
    return {"SELECT set_config('lock_timeout', $1, true)", {std::to_string(k_one_wait.count())}};
}

pg::Statement wait_briefly_from_now_on() {
    return {"SELECT set_config('lock_timeout', $1, false)", {std::to_string(k_one_wait.count())}};
}

Result<void> LiveServer::despite_locks(const Contested& on, Deadline deadline, const Deed& deed) {
    const std::vector<std::string> hostile(hostile_.begin(), hostile_.end());
    for (const auto& role : hostile) BASE_TRY(end_all_of(role, deadline));
    auto done = deed();
    if (done || !is_blocked(done.error())) return done;
    // Postgres has waited for five seconds, and would again for anyone else's session.
    if (done.error().sqlstate == pg::sql_state::k_object_in_use) {
        BASE_TRY_ASSIGN(const auto in_it, session_->run(occupants_of(on.database), deadline));
        if (in_it.empty()) return done;
    }
    const auto& waiting = on.session == nullptr ? *session_ : *on.session;
    BlockWatch watch(login_, waiting.backend_pid(), deadline.at_most(k_longest_struggle), log_);
    return struggle(on, std::move(done).error(), watch, deadline, deed);
}

Result<void> LiveServer::struggle(const Contested& on, Error error, BlockWatch& watch,
                                  Deadline deadline, const Deed& deed) {
    const auto end = deadline.at_most(k_longest_struggle);
    std::optional<Deadline> patience;
    std::vector<Blocker> seen;
    for (int round = 1;; ++round) {
        // These name nobody: a session that comes and goes, or one that is in the database.
        const bool lock = error.sqlstate == pg::sql_state::k_lock_not_available;
        if (!lock && !on.role.empty()) hostile_.insert(on.role);
        BASE_TRY(end_blockers(on, seen, round > 2, deadline));
        // Autovacuum gives way to who waits longer than the server's deadlock_timeout.
        if (on.session != nullptr && round == 2 && !has(seen, Blocker::Kind::environment)) {
            BASE_TRY(on.session->run({"SET lock_timeout = '2s'"}, deadline));
        }
        auto done = deed();
        if (done || !is_blocked(done.error())) return done;
        error = std::move(done).error();
        seen = watch.take();
        const bool by_others = has(seen, Blocker::Kind::other);
        if (by_others && !patience) patience = deadline.at_most(k_patience);
        if (end.passed() || (by_others && patience->passed())) break;
        // A worker finishes by itself, and the whole operation is tried again.
        constexpr int k_rounds_among_workers = 3;
        const bool is_known = by_others || has(seen, Blocker::Kind::environment);
        if (!is_known && round >= k_rounds_among_workers) break;
    }
    return base::fail(stuck(on, std::move(error), seen));
}

// Ends all of a role where `whole`, or where the role is the contested one; else only what blocks.
Result<void> LiveServer::end_blockers(const Contested& on, const std::vector<Blocker>& seen,
                                      bool whole, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows, session_->run(lockers_of(on.database, on.role), deadline));
    auto all = read_blockers(rows);
    all.insert(all.end(), seen.begin(), seen.end());
    for (const auto& one : all) {
        if (one.kind != Blocker::Kind::environment) continue;
        if (whole || one.role == on.role) hostile_.insert(one.role);
        if (hostile_.contains(one.role)) continue;
        if (one.is_prepared()) {
            BASE_TRY(unless_blocked(roll_back_prepared(one.role, one.gid, deadline)));
        } else {
            BASE_TRY(unless_blocked(terminate(one.role, one.pid, deadline)));
        }
        log_.warning("{} held a lock on {} and was ended", one.describe(), on.what());
    }
    const std::vector<std::string> hostile(hostile_.begin(), hostile_.end());
    for (const auto& role : hostile) BASE_TRY(end_all_of(role, deadline));
    return {};
}

// The sessions last: none is to come again before the statement waits in its turn.
Result<void> LiveServer::end_all_of(const std::string& role, Deadline deadline) {
    BASE_TRY(unless_blocked(roll_back_prepared(role, "", deadline)));
    return unless_blocked(terminate(role, std::nullopt, deadline));
}

// What is no member's session stays: Postgres refuses the whole statement over one of them.
Result<void> LiveServer::terminate(const std::string& role, std::optional<int> pid,
                                   Deadline deadline) {
    auto ended = run(
        as_member_of(role,
                     {{"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 "
                       "AND pid <> pg_backend_pid() AND ($2::integer IS NULL OR pid = $2::integer) "
                       "AND (backend_type IS NULL OR backend_type = 'client backend') "
                       "AND pg_has_role(usesysid, 'USAGE')",
                       {role, pid ? std::optional(std::to_string(*pid)) : std::nullopt}}}),
        deadline);
    if (ended || ended.error().sqlstate == pg::sql_state::k_undefined_object) return {};
    return base::fail(std::move(ended).error().during("cannot end the sessions of " + role));
}

}  // namespace server
