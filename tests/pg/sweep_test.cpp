// SPDX-License-Identifier: Apache-2.0
//
// The sweep on a real server: what has no branch goes to the trash, what is foreign stays, two at
// once and one that dies do no harm, and histories of branches by chance end as on the fake server.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "support/environment_test.h"
#include "support/must.h"
#include "support/schedule.h"
#include "support/sql.h"
#include "support/stride.h"

namespace {

using base::Result;
using environment::Execution;
using environment::Name;
using environment::SweepReport;
using environment::Truth;
using support::ask;
using support::Delivery;
using support::execute;
using support::must;
using support::Schedule;
using support::soon;

class SweepTest : public support::EnvironmentTest {
   protected:
    template <typename Deed>
    auto with_server(const Deed& deed) const {
        base::Log log{base::LogLevel::error, base::LogFormat::text};
        server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
        return deed(live);
    }
    void SetUp() override {
        EnvironmentTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        for (const auto& [key, value] :
             std::map<std::string, std::string>{{"trash_window", "7d"},
                                                {"sweep_grace", "none"},
                                                {"sweep_limit", "none"},
                                                {"sweep_share", "none"}}) {
            with_server([&](auto& live) {
                must(live.set_policy(project().text(), key, value, support::k_tester, soon()));
                return 0;
            });
        }
        truth_.source = "the test";
        truth_.repository = support::k_schedule_repository;
        truth_.refs = {"main"};
        truth_.complete = true;
        know(truth_);
    }
    void TearDown() override {
        if (IsSkipped()) return;
        truth_.refs = {"main"};
        execute(root("reviewdb"), "UPDATE registry.environment SET protected = false");
        know(truth_);
        must(sweep());
        in_a_process(std::nullopt, [&](auto& manager) {
            environment::ListFilter filter;
            filter.project = project();
            for (const auto& one : must(manager.list(filter, soon()))) {
                must(remove(one.environment.name));
            }
            return 0;
        });
        empty_trash();
        expect_nothing_left();
    }

    // As if a sweep had been here before.
    void know(const Truth& truth) const {
        with_server([&](auto& live) {
            must(live.record_sweep(project(), truth, soon()));
            return 0;
        });
    }

    void make(const std::string& name, const std::string& branch) const {
        environment::CreateWish wish{project(), must(Name::parse(name)), {}, {}, std::nullopt};
        wish.origin = {support::k_schedule_repository, branch, {}, ""};
        in_a_process(std::nullopt, [&](auto& manager) {
            must(manager.create(wish, Execution::carry_out, soon()));
            return 0;
        });
    }
    Result<SweepReport> sweep(std::optional<int> steps = std::nullopt,
                              Execution execution = Execution::carry_out) const {
        return in_a_process(steps, [&](auto& manager) {
            return manager.sweep({project(), truth_, {}}, execution, soon());
        });
    }
    std::set<std::string> living() const {
        std::set<std::string> names;
        in_a_process(std::nullopt, [&](auto& manager) {
            environment::ListFilter filter;
            filter.project = project();
            for (const auto& one : must(manager.list(filter, soon()))) {
                names.insert(one.environment.name);
            }
            return 0;
        });
        return names;
    }
    using Names = std::set<std::string>;

    Truth truth_;
};

TEST_F(SweepTest, puts_what_has_no_branch_into_the_trash_and_says_why) {
    make("one", "main");
    make("two", "gone");
    const auto would = must(sweep(std::nullopt, Execution::dry_run));
    ASSERT_EQ(would.findings.size(), 1);
    EXPECT_EQ(living(), (Names{"one", "two"}));
    const auto report = must(sweep());
    EXPECT_FALSE(report.has_left());
    EXPECT_EQ(living(), Names{"one"});
    EXPECT_EQ(ask(root("reviewdb"),
                  "SELECT event || ': ' || reason AS value FROM registry.history "
                  "WHERE name = 'two' ORDER BY id DESC LIMIT 1"),
              "swept: the branch gone is gone, says the test");
    in_a_process(std::nullopt, [&](auto& manager) {
        const auto two = must(Name::parse("two"));
        must(manager.restore({project(), two}, {project(), two, {}}, Execution::carry_out, soon()));
        return 0;
    });
    EXPECT_EQ(living(), (Names{"one", "two"}));
}

TEST_F(SweepTest, asks_once_more_and_believes_what_it_hears_then) {
    make("two", "gone");
    const auto report = in_a_process(std::nullopt, [&](auto& manager) {
        return must(
            manager.sweep({project(), truth_, [](const auto&) -> Result<bool> { return false; }},
                          Execution::carry_out, soon()));
    });
    EXPECT_TRUE(report.has_left());
    const auto failing = in_a_process(std::nullopt, [&](auto& manager) {
        return must(manager.sweep({project(), truth_,
                                   [](const auto&) -> Result<bool> {
                                       return base::fail(base::ErrorKind::unavailable, "away");
                                   }},
                                  Execution::carry_out, soon()));
    });
    EXPECT_TRUE(failing.has_left());
    EXPECT_EQ(living(), Names{"two"});
}

TEST_F(SweepTest, never_touches_what_only_carries_names_like_ours) {
    execute(root(), "CREATE DATABASE life_gone");
    execute(root(), "CREATE DATABASE reviewdb_x_theirs");
    execute(root(), "CREATE ROLE life_aaaaaaaaaa LOGIN");
    make("two", "gone");
    must(sweep());
    EXPECT_EQ(living(), Names{});
    EXPECT_EQ(ask(root(),
                  "SELECT string_agg(datname, ' ' ORDER BY datname) AS value FROM "
                  "pg_database WHERE datname IN ('life_gone', 'reviewdb_x_theirs')"),
              "life_gone reviewdb_x_theirs");
    EXPECT_EQ(ask(root(),
                  "SELECT count(*)::text AS value FROM pg_roles WHERE rolname = "
                  "'life_aaaaaaaaaa'"),
              "1");
    execute(root(), "DROP DATABASE life_gone");
    execute(root(), "DROP DATABASE reviewdb_x_theirs");
    execute(root(), "DROP ROLE life_aaaaaaaaaa");
}

TEST_F(SweepTest, removes_what_has_expired_but_not_under_somebody_s_hands) {
    make("used", "main");
    make("idle", "main");
    make("held", "main");
    execute(root("reviewdb"),
            "UPDATE registry.environment SET expires_at = now() - "
            "interval '1 hour', last_create_at = now() - interval '2 days' "
            "WHERE state <> 'gone'");
    execute(root("reviewdb"),
            "UPDATE registry.environment SET protected = true "
            "WHERE name = 'held' AND state <> 'gone'");
    const auto used = in_a_process(std::nullopt, [&](auto& manager) {
        return must(manager.get({project(), must(Name::parse("used"))}, soon()));
    });
    auto session = must(pg::Connection::open(
        support::shared_cluster().login(used.role, used.password, used.database), soon()));
    const auto report = must(sweep());
    EXPECT_EQ(living(), (Names{"held", "used"}));
    EXPECT_TRUE(report.has_left());
    // Everybody who deletes something lends a hand.
    std::move(session).close_and_wait(soon());
    must(remove("nobody"));
    EXPECT_EQ(living(), Names{"held"});
}

TEST_F(SweepTest, adopts_what_the_registry_does_not_know) {
    make("lost", "main");
    execute(root("reviewdb"),
            "UPDATE registry.environment SET instance = NULL, role = NULL, state = 'gone' "
            "WHERE name = 'lost'");
    execute(root("reviewdb"),
            "UPDATE registry.instance SET state = 'gone' WHERE state = 'serving'");
    const auto report = must(sweep());
    EXPECT_FALSE(report.findings.empty());
    EXPECT_EQ(living(), Names{"lost"});
}

TEST_F(SweepTest, goes_on_after_a_death_at_every_step) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    for (int steps = 0; steps < 30; steps += support::every_day(2)) {
        make("one", "main");
        make("two", "gone");
        (void)sweep(steps);
        wait_for_the_dead();
        const auto report = must(sweep());
        EXPECT_FALSE(report.has_left()) << steps;
        EXPECT_EQ(living(), Names{"one"}) << steps;
        if (steps > 8) steps += 4;
    }
}

TEST_F(SweepTest, runs_beside_itself_and_beside_creates) {
    for (int i = 0; i < 6; ++i) make(fmt::format("gone-{}", i), fmt::format("gone-{}", i));
    std::vector<std::thread> threads;
    std::atomic<int> failures = 0;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { failures += sweep() ? 0 : 1; });
    threads.emplace_back([&] {
        for (int i = 0; i < 6; ++i) make("main", "main");
    });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(failures, 0);
    must(sweep());
    EXPECT_EQ(living(), Names{"main"});
}

// The same seeds as on the fake server; more of them with REVIEWDB_TEST_SCHEDULES.
TEST_F(SweepTest, ends_with_what_the_branches_say) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    const auto* many = std::getenv("REVIEWDB_TEST_SCHEDULES");
    const std::uint64_t last = many == nullptr ? 6 : std::stoull(many);
    for (std::uint64_t seed = 1; seed <= last; ++seed) {
        const auto now = std::chrono::system_clock::now();
        const auto schedule = support::make_schedule(seed, now);
        truth_ = support::truth_at_the_end(schedule);
        know(truth_);
        const auto deliver = [&](const Delivery& delivery) {
            in_a_process(delivery.dies_after, [&](auto& manager) {
                if (delivery.creates) {
                    (void)manager.create(support::create_wish(project(), delivery),
                                         Execution::carry_out, soon());
                } else {
                    (void)manager.remove(support::removal_wish(project(), delivery),
                                         Execution::carry_out, soon());
                }
                return 0;
            });
            if (delivery.dies_after) wait_for_the_dead();
        };
        for (const auto& delivery : schedule.deliveries) deliver(delivery);
        // Whoever died is not waited for any more.
        execute(root("reviewdb"),
                "UPDATE registry.environment SET last_create_at = last_create_at "
                "- interval '2 hours' WHERE state <> 'gone'");
        const auto before = living();
        must(sweep());
        EXPECT_EQ(support::wrong_after_sweep(schedule, living()), "") << "seed " << seed;
        for (auto late : schedule.stragglers) {
            late.dies_after.reset();
            if (late.creates) deliver(late);
        }
        EXPECT_EQ(support::wrong_after_stragglers(schedule, before, living()), "")
            << "seed " << seed;
        EXPECT_EQ(ask(root("reviewdb"),
                      "SELECT count(*)::text AS value FROM registry.instance WHERE state NOT IN "
                      "('gone', 'serving', 'trashed')"),
                  "0")
            << "seed " << seed;
        truth_.refs = {"main"};
        know(truth_);
        must(sweep());
        empty_trash();
        // A new history has nothing to do with the old ones.
        execute(root("reviewdb"), "DELETE FROM registry.environment WHERE state = 'gone'");
        if (HasFailure()) return;
    }
}

}  // namespace
