// SPDX-License-Identifier: Apache-2.0
//
// Verbs that change an environment which is there: reset, rotate, close, open, protect, extend.
// Each interrupted after every step, and at once with others; ./dev chaos does that more often, by
// $REVIEWDB_RESETS and $REVIEWDB_ROUNDS.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "support/environment_test.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/stride.h"

namespace {

using environment::Answer;
using environment::Execution;
using environment::Outcome;
using environment::Wish;
using support::ask;
using support::execute;
using support::must;
using support::refusal;

int times(const char* variable, int otherwise) {
    const char* text = getenv(variable);
    return text != nullptr ? std::stoi(text) : otherwise;
}

class ChangeTest : public support::EnvironmentTest {
   protected:
    ChangeTest() { project_name_ = "change"; }

    template <typename Deed>
    base::Result<Answer> change(std::optional<int> steps, const Deed& deed) const {
        const Wish wish{project(), must(environment::Name::parse(name_))};
        return in_a_process(steps, [&](auto& manager) { return deed(manager, wish); });
    }
    base::Result<Answer> reset(std::optional<int> steps = std::nullopt) const {
        return change(steps, [](auto& manager, const Wish& wish) {
            return manager.reset(wish, Execution::carry_out, support::soon());
        });
    }
    base::Result<Answer> rotate(
        std::optional<int> steps = std::nullopt,
        environment::Sessions sessions = environment::Sessions::leave) const {
        return change(steps, [&](auto& manager, const Wish& wish) {
            return manager.rotate(wish, sessions, Execution::carry_out, support::soon());
        });
    }
    base::Result<Answer> close(std::optional<int> steps = std::nullopt) const {
        return change(steps, [](auto& manager, const Wish& wish) {
            return manager.close(wish, Execution::carry_out, support::soon());
        });
    }
    base::Result<Answer> open() const {
        return change(std::nullopt, [](auto& manager, const Wish& wish) {
            return manager.open(wish, Execution::carry_out, support::soon());
        });
    }
    base::Result<Answer> protect(environment::Protection protection) const {
        return change(std::nullopt, [&](auto& manager, const Wish& wish) {
            return manager.protect(wish, protection, Execution::carry_out, support::soon());
        });
    }
};

TEST_F(ChangeTest, reset_gives_fresh_data_under_the_same_url) {
    const auto made = must(create(name_));
    execute(login(made), "CREATE TABLE t (id integer)");
    const auto fresh = must(reset());
    EXPECT_EQ(fresh.outcome, Outcome::reset);
    EXPECT_EQ(login(fresh).to_uri().reveal(), login(made).to_uri().reveal());
    EXPECT_EQ(refusal(login(made), "SELECT * FROM t"), "42P01");
    EXPECT_EQ(refusal(login(made), "CREATE TABLE t (id integer)"), "");
    EXPECT_EQ(ask(root("reviewdb"),
                  "SELECT count(*)::text AS value FROM registry.instance WHERE state = 'trashed' "
                  "AND keep_until > now() + interval '6 days'"),
              "1");
    EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    remove_all(name_);
}

TEST_F(ChangeTest, reset_that_died_after_any_step_leaves_old_or_fresh_data_in_service) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    int steps = 0;
    for (;; steps += support::every_day(2)) {
        SCOPED_TRACE(steps);
        const auto made = must(create(name_));
        execute(login(made), "CREATE TABLE t (id integer)");
        const bool finished = reset(steps).has_value();
        wait_for_the_dead();
        const auto repaired = must(repair(name_));
        EXPECT_EQ(login(repaired).to_uri().reveal(), login(made).to_uri().reveal());
        EXPECT_EQ(refusal(login(made), "SELECT 1"), "");
        // All of the old data or none.
        const auto seen = refusal(login(made), "SELECT * FROM t");
        EXPECT_EQ(seen, finished ? "42P01" : "") << seen;
        EXPECT_EQ(must(repair(name_)).outcome, Outcome::unchanged);
        remove_all(name_);
        if (finished || HasFailure()) break;
    }
    EXPECT_GE(steps, 8);
}

TEST_F(ChangeTest, reset_goes_on_where_one_that_died_ended) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    for (int steps = 1;; steps += support::every_day(2)) {
        SCOPED_TRACE(steps);
        const auto made = must(create(name_));
        execute(login(made), "CREATE TABLE t (id integer)");
        const bool finished = reset(steps).has_value();
        wait_for_the_dead();
        EXPECT_EQ(must(reset()).outcome, Outcome::reset);
        EXPECT_EQ(refusal(login(made), "SELECT * FROM t"), "42P01");
        remove_all(name_);
        if (finished || HasFailure()) break;
    }
}

TEST_F(ChangeTest, delete_removes_what_a_reset_that_died_left) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    for (int steps = 0;; steps += support::every_day(2)) {
        SCOPED_TRACE(steps);
        must(create(name_));
        const bool finished = reset(steps).has_value();
        wait_for_the_dead();
        remove_all(name_);
        if (finished || HasFailure()) break;
    }
}

TEST_F(ChangeTest, reset_that_somebody_holds_up_puts_the_old_data_back_into_service) {
    const auto made = must(create(name_));
    execute(login(made), "CREATE TABLE t (id integer)");
    auto intruder = support::connect(root(made.description->database));
    const auto refused = reset();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::conflict);
    EXPECT_NE(refused.error().message.find(std::to_string(intruder.backend_pid())),
              std::string::npos)
        << refused.error().message;
    EXPECT_EQ(refusal(login(made), "SELECT * FROM t"), "");
    std::move(intruder).close_and_wait(support::soon());
    EXPECT_EQ(must(reset()).outcome, Outcome::reset);
    remove_all(name_);
}

TEST_F(ChangeTest, an_application_that_reconnects_in_a_loop_outlives_many_resets) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    const auto made = must(create(name_));
    std::atomic<bool> over{false};
    std::atomic<int> queries{0};
    std::thread application([&] {
        while (!over) {
            auto session = pg::Connection::open(login(made), support::soon());
            if (!session) continue;
            // An open transaction, until the session is ended.
            if (!session->run({"BEGIN"}, support::soon())) continue;
            while (!over && session->run({"SELECT 1"}, support::soon())) ++queries;
        }
    });
    const int resets = times("REVIEWDB_RESETS", 10);
    for (int i = 0; i < resets; ++i) {
        const auto fresh = reset();
        EXPECT_TRUE(fresh) << (fresh ? "" : fresh.error().message);
        const int before = queries;
        while (fresh && queries == before) std::this_thread::yield();
    }
    over = true;
    application.join();
    // One call clears up after at most fifty.
    for (int i = 0; i <= resets / 50; ++i) must(remove(name_));
    remove_all(name_);
}

TEST_F(ChangeTest, rotate_changes_the_password_and_nothing_else) {
    const auto made = must(create(name_));
    execute(login(made), "CREATE TABLE t (id integer)");
    auto session = support::connect(login(made));
    const auto rotated = must(rotate());
    EXPECT_EQ(rotated.outcome, Outcome::rotated);
    EXPECT_EQ(refusal(login(made), "SELECT 1"), "28P01");
    EXPECT_EQ(refusal(login(rotated), "SELECT * FROM t"), "");
    EXPECT_TRUE(session.run({"SELECT 1"}, support::soon()));
    EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    const auto again = must(rotate(std::nullopt, environment::Sessions::end));
    EXPECT_FALSE(session.run({"SELECT 1"}, support::soon()));
    EXPECT_EQ(refusal(login(again), "SELECT 1"), "");
    remove_all(name_);
}

TEST_F(ChangeTest, rotate_that_died_after_any_step_leaves_a_password_that_logs_in) {
    for (int steps = 0;; ++steps) {
        SCOPED_TRACE(steps);
        must(create(name_));
        const bool finished = rotate(steps).has_value();
        wait_for_the_dead();
        EXPECT_EQ(refusal(login(must(repair(name_))), "SELECT 1"), "");
        remove_all(name_);
        if (finished || HasFailure()) break;
    }
}

TEST_F(ChangeTest, close_keeps_everybody_out_and_open_lets_them_in_to_their_data) {
    const auto made = must(create(name_));
    execute(login(made), "CREATE TABLE t (id integer)");
    auto session = support::connect(login(made));
    EXPECT_EQ(must(close()).outcome, Outcome::closed);
    EXPECT_FALSE(session.run({"SELECT 1"}, support::soon()));
    EXPECT_EQ(refusal(login(made), "SELECT 1"), "55000");
    EXPECT_EQ(must(close()).outcome, Outcome::unchanged);
    EXPECT_EQ(create(name_).error().kind, base::ErrorKind::conflict);
    EXPECT_EQ(repair(name_).error().kind, base::ErrorKind::conflict);
    EXPECT_EQ(must(open()).outcome, Outcome::opened);
    EXPECT_EQ(refusal(login(made), "SELECT * FROM t"), "");
    EXPECT_EQ(must(open()).outcome, Outcome::unchanged);
    remove_all(name_);
}

TEST_F(ChangeTest, close_that_died_after_any_step_is_finished_or_undone) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    for (int steps = 0;; steps += support::every_day(2)) {
        SCOPED_TRACE(steps);
        const auto made = must(create(name_));
        const bool finished = close(steps).has_value();
        wait_for_the_dead();
        must(close());
        EXPECT_EQ(refusal(login(made), "SELECT 1"), "55000");
        must(open());
        EXPECT_EQ(refusal(login(made), "SELECT 1"), "");
        remove_all(name_);
        if (finished || HasFailure()) break;
    }
}

TEST_F(ChangeTest, what_is_protected_is_neither_deleted_nor_reset) {
    must(create(name_));
    EXPECT_EQ(must(protect(environment::Protection::on)).outcome, Outcome::protected_now);
    EXPECT_EQ(must(protect(environment::Protection::on)).outcome, Outcome::unchanged);
    EXPECT_EQ(remove(name_).error().kind, base::ErrorKind::shielded);
    EXPECT_EQ(reset().error().kind, base::ErrorKind::shielded);
    EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    EXPECT_EQ(must(protect(environment::Protection::off)).outcome, Outcome::unprotected);
    EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    remove_all(name_);
}

TEST_F(ChangeTest, reset_rotate_and_delete_at_once_end_whole_or_gone) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    const int rounds = times("REVIEWDB_ROUNDS", 5);
    for (int round = 0; round < rounds; ++round) {
        must(create(name_));
        std::vector<std::thread> threads;
        std::atomic<int> surprises{0};
        const auto at_once = [&](auto deed) {
            threads.emplace_back([&surprises, deed] {
                const auto done = deed();
                const bool expected = done || done.error().kind == base::ErrorKind::not_found ||
                                      done.error().kind == base::ErrorKind::conflict;
                if (!expected) ++surprises;
            });
        };
        at_once([&] { return reset(); });
        at_once([&] { return rotate(); });
        at_once([&] { return remove(name_); });
        at_once([&] { return reset(); });
        for (auto& thread : threads) thread.join();
        EXPECT_EQ(surprises, 0);
        EXPECT_EQ(refusal(login(must(create(name_))), "SELECT 1"), "");
        remove_all(name_);
    }
}

}  // namespace
