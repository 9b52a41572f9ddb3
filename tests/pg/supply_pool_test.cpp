// SPDX-License-Identifier: Apache-2.0
//
// Filling the pool on a real server: by one, by many, by some that die, and what is replaced.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "supply_fixture.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/stride.h"

namespace {

using environment::StepKind;
using support::ask;
using support::execute;
using support::must;
using support::refusal;

class SupplyPoolTest : public SupplyTest {
   protected:
    void make_data(const std::string& fruit = "apple") const {
        must(
            make_template("data", fmt::format("CREATE TABLE fruit AS SELECT '{}' AS name", fruit)));
    }
    // The database of the oldest that is warm.
    static std::string a_warm_one(const std::string& column = "i.database") {
        return ask(root("reviewdb"),
                   fmt::format("SELECT {} AS value FROM registry.instance i JOIN registry.role r "
                               "ON r.id = i.role WHERE i.state = 'warm' "
                               "ORDER BY i.created_at LIMIT 1",
                               column));
    }
    static std::string fruit_of(const environment::Answer& answer) {
        return ask(login(answer), "SELECT name AS value FROM fruit");
    }
};

// Between two parts of one look a builder finished and left, so that it seemed to be gone.
TEST_F(SupplyPoolTest, keeps_what_was_finished_while_somebody_looked) {
    set_pool("empty", 1);
    must(fill());
    base::Log log{base::LogLevel::error, base::LogFormat::text};
    server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
    const auto facts = must(live.observe_pool(project(), support::soon()));
    ASSERT_EQ(facts.instances.size(), 1U);
    auto seen = facts.instances.front();
    const auto discard = [&] {
        const auto plan = environment::plan_retirement(seen, facts.common, "it seems to be gone");
        must(live.perform(plan.steps.front(), plan, {}, support::k_tester, support::soon()));
    };
    seen.instance.state = environment::InstanceState::building;
    discard();
    EXPECT_EQ(warm("empty"), 1);
    seen.instance.state = environment::InstanceState::warm;
    discard();
    EXPECT_EQ(warm("empty"), 0);
    expect_agreement();
}

TEST_F(SupplyPoolTest, is_filled_up_to_what_is_to_be_and_no_further) {
    make_data();
    set_pool("data", 2);
    set_pool("empty", 1);
    EXPECT_EQ(must(fill()).built, 3);
    EXPECT_EQ(warm("data"), 2);
    EXPECT_EQ(warm("empty"), 1);
    const auto again = must(fill());
    EXPECT_EQ(again.built + again.retired, 0);
    EXPECT_EQ(disagreement(), "");
    set_pool("data", 1);
    EXPECT_EQ(must(fill()).retired, 1);
    EXPECT_EQ(warm("data"), 1);
    EXPECT_EQ(disagreement(), "");
    must(in_a_process(std::nullopt, [&](auto& manager) {
        return manager.drain_pool(project(), {}, support::soon());
    }));
    EXPECT_EQ(pooled(), 0);
    EXPECT_EQ(disagreement(), "");
}

TEST_F(SupplyPoolTest, lets_nobody_into_what_waits) {
    make_data();
    set_pool("data", 1);
    must(fill());
    const auto database = a_warm_one();
    EXPECT_NE(refusal(support::prepared_operator().with("dbname", database), "SELECT 1"), "");
    const auto attacker = must(create(name_));
    EXPECT_NE(refusal(login(attacker).with("dbname", database), "SELECT 1"), "");
    EXPECT_EQ(ask(root(), fmt::format("SELECT rolcanlogin::text AS value FROM pg_roles WHERE "
                                      "rolname = '{}'",
                                      a_warm_one("r.name"))),
              "true");
}

TEST_F(SupplyPoolTest, is_filled_by_many_at_once_never_beyond_what_is_to_be) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    make_data();
    set_pool("data", 5);
    set_pool("empty", 3);
    set_policy("pool_builders", "3");
    std::atomic<bool> over = false;
    int most = 0;
    int most_builds = 0;
    std::thread watcher([&] {
        auto session = support::connect(root("reviewdb"));
        while (!over) {
            most = std::max(most, pooled());
            most_builds =
                std::max(most_builds, std::stoi(ask(session,
                                                    "SELECT count(*)::text AS value FROM "
                                                    "registry.instance WHERE state = 'building' "
                                                    "AND purpose = 'pool'")));
        }
    });
    std::atomic<int> built = 0;
    std::vector<std::thread> fillers;
    for (int i = 0; i < 6; ++i) {
        fillers.emplace_back([&] {
            const auto report = fill();
            EXPECT_TRUE(report) << report.error().message;
            if (report) built += report->built;
        });
    }
    for (auto& filler : fillers) filler.join();
    over = true;
    watcher.join();
    EXPECT_EQ(built, 8);
    EXPECT_EQ(warm("data"), 5);
    EXPECT_EQ(warm("empty"), 3);
    EXPECT_LE(most, 8);
    EXPECT_LE(most_builds, 3);
    EXPECT_GE(most_builds, 1);
    EXPECT_EQ(disagreement(), "");
}

TEST_F(SupplyPoolTest, is_filled_by_the_next_after_a_filler_died_at_any_step) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    make_data();
    int steps = 0;
    for (;; steps += support::every_day(2)) {
        SCOPED_TRACE(steps);
        set_pool("data", 1);
        const bool finished = fill(steps).has_value();
        wait_for_the_dead();
        must(fill());
        EXPECT_EQ(warm("data"), 1);
        expect_agreement();
        EXPECT_EQ(fruit_of(must(create_from(support::unique_name(), "data"))), "apple");
        if (finished || HasFailure()) break;
    }
    EXPECT_GE(steps, 7);
}

TEST_F(SupplyPoolTest, is_filled_in_spite_of_sessions_that_end_at_any_step) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    make_data();
    for (const auto kind : {StepKind::record_warm, StepKind::create_role, StepKind::create_database,
                            StepKind::secure_database, StepKind::hand_over, StepKind::prove_login,
                            StepKind::shelve}) {
        SCOPED_TRACE(to_text(kind));
        set_pool("data", 1);
        int ended = 0;
        must(fill(std::nullopt, [&](const auto& step) {
            if (step.kind == kind && ended++ == 0) end_our_sessions();
        }));
        EXPECT_GE(ended, 1);
        EXPECT_EQ(warm("data"), 1);
        expect_agreement();
        EXPECT_TRUE(must(create_from(support::unique_name(), "data")).warm);
    }
}

TEST_F(SupplyPoolTest, replaces_what_is_not_as_it_was_built) {
    make_data();
    set_pool("data", 2);
    must(fill());
    const auto role = [] { return a_warm_one("r.name"); };
    const auto replaced_after = [&](const std::string& drift) {
        SCOPED_TRACE(drift);
        const auto spoilt = a_warm_one();
        execute(root(), fmt::format(fmt::runtime(drift), spoilt, role()));
        EXPECT_EQ(must(fill()).retired, 1);
        EXPECT_NE(a_warm_one(), spoilt);
        EXPECT_EQ(warm("data"), 2);
        expect_agreement();
    };
    for (const auto* drift : {"ALTER DATABASE {0} ALLOW_CONNECTIONS true", "ALTER ROLE {1} NOLOGIN",
                              "ALTER DATABASE {0} CONNECTION LIMIT 1", "DROP DATABASE {0}"}) {
        replaced_after(drift);
    }
}

TEST_F(SupplyPoolTest, replaces_what_a_refresh_superseded) {
    make_data();
    set_pool("data", 2);
    must(fill());
    const auto old = must(create_from(name_, "data"));
    make_data("pear");
    EXPECT_EQ(warm("data"), 0);
    const auto cold = must(create_from(support::unique_name(), "data"));
    EXPECT_FALSE(cold.warm);
    EXPECT_EQ(fruit_of(cold), "pear");
    const auto report = must(fill());
    EXPECT_EQ(report.retired, 1);
    EXPECT_EQ(report.built, 2);
    EXPECT_EQ(fruit_of(must(create_from(support::unique_name(), "data"))), "pear");
    EXPECT_EQ(fruit_of(old), "apple");
    expect_agreement();
}

TEST_F(SupplyPoolTest, replaces_what_was_made_by_other_limits) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    make_data();
    set_pool("data", 1);
    must(fill());
    set_policy("connection_limit", "7");
    const auto cold = must(create_from(name_, "data"));
    EXPECT_FALSE(cold.warm);
    const auto report = must(fill());
    EXPECT_EQ(report.retired, 1);
    EXPECT_EQ(report.built, 1);
    const auto warm_one = must(create_from(support::unique_name(), "data"));
    EXPECT_TRUE(warm_one.warm);
    EXPECT_EQ(ask(root(), fmt::format("SELECT rolconnlimit::text AS value FROM pg_roles WHERE "
                                      "rolname = '{}'",
                                      warm_one.description->role)),
              "7");
    must(fill());
    set_policy("lock_timeout", "5s");
    EXPECT_FALSE(must(create_from(support::unique_name(), "data")).warm);
    EXPECT_EQ(must(fill()).retired, 1);
    const auto with_setting = must(create_from(support::unique_name(), "data"));
    EXPECT_TRUE(with_setting.warm);
    EXPECT_EQ(ask(login(with_setting), "SELECT current_setting('lock_timeout') AS value"), "5s");
    expect_agreement();
}

TEST_F(SupplyPoolTest, waits_for_a_claimer_that_has_stopped_between_its_two_round_trips) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    set_pool("empty", 1);
    must(fill());
    auto stopped = support::connect(root("reviewdb"));
    must(stopped.run({"BEGIN"}, support::soon()));
    must(stopped.run({"SELECT FROM registry.instance WHERE state = 'warm' FOR UPDATE"},
                     support::soon()));
    set_pool("empty", 0);
    int tries = 0;
    const auto report = must(fill(std::nullopt, [&](const auto& step) {
        if (step.kind == StepKind::discard && ++tries == 2) {
            must(stopped.run({"ROLLBACK"}, support::soon()));
        }
    }));
    EXPECT_EQ(tries, 2);
    EXPECT_EQ(report.retired, 1);
    expect_agreement();
}

TEST_F(SupplyPoolTest, holds_where_there_is_no_room) {
    set_pool("empty", 1);
    set_policy("disk_budget", "1MB");
    // What the registry has measured until now counts.
    must(create(name_));
    execute(root("reviewdb"),
            "UPDATE registry.instance SET size_bytes = 2000000 WHERE state = "
            "'serving'");
    const auto report = must(fill());
    EXPECT_EQ(report.built, 0);
    EXPECT_NE(report.held, "");
    set_policy("disk_budget", "none");
    EXPECT_EQ(must(fill()).built, 1);
}

}  // namespace
