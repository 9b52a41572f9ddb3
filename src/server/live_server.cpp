// SPDX-License-Identifier: Apache-2.0
#include "server/live_server.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "pg/quoting.h"
#include "pg/sql_state.h"
#include "server/session.h"

namespace server {

using base::Deadline;
using base::Result;

Result<std::string> LiveServer::perform(const environment::Step& step,
                                        const environment::Plan& plan,
                                        const environment::Credentials& credentials,
                                        const environment::Actor& actor, Deadline deadline) {
    if (!session_ || !session_->alive()) {
        return base::fail(base::ErrorKind::in_doubt, "the session of the lock has ended");
    }
    auto done = carry_out({step, plan, plan.target, credentials, actor, deadline});
    // A writer that has become a reader: the next look goes to whoever is the writer now.
    const bool reads_only =
        !done && done.error().sqlstate == pg::sql_state::k_read_only_transaction;
    if (reads_only) session_.reset();
    return done;
}

Result<std::string> LiveServer::carry_out(const Work& work) {
    switch (work.step.kind) {
        using environment::StepKind;
        case StepKind::record_intent:
            return record_intent(work);
        case StepKind::create_role:
            return create_role(work);
        case StepKind::create_database:
            return create_database(work);
        case StepKind::secure_database:
            return secure_database(work);
        case StepKind::hand_over:
            return give_all(work);
        case StepKind::set_password:
            return set_password(work);
        case StepKind::repair_role:
            return repair_role(work);
        case StepKind::adopt:
            return adopt(work);
        case StepKind::record_reset:
            return record_reset(work);
        case StepKind::swap:
            return swap(work);
        case StepKind::drop_next:
            return drop_next(work);
        case StepKind::rotate_password:
            return rotate_password(work);
        case StepKind::mark_protection:
            return mark_protection(work);
        case StepKind::record_closure:
            return record_closure(work);
        case StepKind::record_warm:
            return record_warm(work);
        case StepKind::take_warm:
            return take_warm(work);
        case StepKind::dismiss_owner:
            return dismiss_owner(work);
        case StepKind::shelve:
            return shelve(work);
        case StepKind::discard:
            return discard(work);
        case StepKind::record_template:
            return record_template(work);
        case StepKind::freeze:
            return freeze(work);
        case StepKind::publish:
            return publish(work);
        case StepKind::forget_template:
            return forget_template(work);
        case StepKind::claim:
            return claim(work);
        case StepKind::mark_ready:
            return mark_ready(work);
        case StepKind::renew:
            return renew(work);
        case StepKind::record_absence:
            return record_absence(work);
        case StepKind::record_retirement:
            return record_retirement(work);
        case StepKind::close_database:
            return close_database(work);
        case StepKind::end_sessions:
            return end_sessions(work);
        case StepKind::restore:
            return restore(work);
        case StepKind::trash:
            return put_into_trash(work);
        case StepKind::bury:
            return bury(work);
        case StepKind::drop_database:
            return drop_database(work);
        case StepKind::drop_role:
            return drop_role(work);
        case StepKind::forget:
            return forget(work);
        case StepKind::release:
            return hand_back(work);
        case StepKind::prove_login:
        case StepKind::fill:
        case StepKind::write_secret:
        case StepKind::delete_secret:
            break;
    }
    throw std::logic_error("a step that is not the server's to perform: " +
                           std::string(to_text(work.step.kind)));
}

LiveServer::Statements LiveServer::as_member_of(const std::string& role, Statements inner) const {
    const auto who = pg::identifier(role);
    const auto manager = pg::identifier(k_manager);
    // From 16 on a plain GRANT of one's own making neither inherits nor may be SET.
    const auto* options =
        session_->server_version() >= 160000 ? " WITH INHERIT TRUE, SET TRUE" : "";
    inner.insert(inner.begin(), {fmt::format("GRANT {} TO {}{}", who, manager, options)});
    inner.push_back({fmt::format("REVOKE {} FROM {}", who, manager)});
    return inner;
}

std::string LiveServer::as_role_options() const {
    auto options = lease_options() + " -c statement_timeout=0 -c lock_timeout=0";
    if (session_->server_version() >= 170000) options += " -c transaction_timeout=0";
    return options;
}

Result<void> LiveServer::run(const Statements& statements, Deadline deadline) {
    BASE_TRY(session_->run_all(statements, deadline));
    return {};
}

pg::Statement LiveServer::Work::history(std::string_view event) const {
    const auto& environment = target.environment;
    const auto told = event.empty() ? to_text(plan.outcome) : event;
    if (environment::tells_of_removal(told)) return history_of_removal(target, step, actor, told);
    return {
        "INSERT INTO registry.history (project, name, environment, event, reason, actor, door, "
        "program) SELECT $1, $2, $3::uuid, $4, $5, $6, $7, $8",
        {environment.project, environment.name, environment.id.to_string(), std::string(told),
         step.reason, actor.name, actor.door, actor.program},
        true};
}

// The only use of the session meanwhile, so the thread may have it to itself.
Result<void> LiveServer::while_leased(const std::function<Result<void>()>& deed) {
    constexpr std::chrono::seconds k_beat(5);
    std::mutex mutex;
    std::condition_variable woken;
    bool done = false;
    bool lost = false;
    std::thread heart([&] {
        std::unique_lock lock(mutex);
        while (!woken.wait_for(lock, k_beat, [&] { return done; })) {
            lock.unlock();
            lost = !session_->run({"SELECT 1"}, Deadline::after(k_beat));
            lock.lock();
            if (lost) return;
        }
    });
    const auto stop = [&] {
        {
            const std::lock_guard lock(mutex);
            done = true;
        }
        woken.notify_one();
        heart.join();
    };
    Result<void> outcome;
    try {
        outcome = deed();
    } catch (...) {
        stop();
        throw;
    }
    stop();
    if (outcome && lost) {
        return base::fail(base::ErrorKind::in_doubt, "the lock was lost with its session");
    }
    return outcome;
}

}  // namespace server
