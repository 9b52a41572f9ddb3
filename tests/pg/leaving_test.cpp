// SPDX-License-Identifier: Apache-2.0
//
// What is told of environments that go, before and after, and what stays of one that is handed
// over.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "environment/name.h"
#include "support/environment_test.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using environment::Answer;
using environment::Execution;
using environment::Obstacle;
using environment::Outcome;
using environment::Wish;
using support::ask;
using support::execute;
using support::must;
using support::soon;
using testing::Contains;
using testing::HasSubstr;

class LeavingTest : public support::EnvironmentTest {
   protected:
    LeavingTest() { project_name_ = "leaving"; }

    Wish wish() const {
        return {.project = project(),
                .name = must(environment::Name::parse(name_)),
                .reason = "leaving"};
    }
    template <typename Deed>
    auto on_the_server(const Deed& deed) const {
        base::Log log{base::LogLevel::error, base::LogFormat::text};
        server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
        return deed(live);
    }
    std::vector<environment::HistoryEntry> history() const {
        return on_the_server([&](auto& live) {
            return must(live.history(project(), must(environment::Name::parse(name_)), 10, soon()));
        });
    }
    base::Result<Answer> release(std::optional<int> steps = std::nullopt) const {
        return in_a_process(steps, [&](auto& manager) {
            return manager.release(wish(), Execution::carry_out, soon());
        });
    }
    std::vector<std::string> remarks_of_dry_run() const {
        return must(in_a_process(std::nullopt,
                                 [&](auto& manager) {
                                     return manager.remove(wish(), Execution::dry_run, soon());
                                 }))
            .remarks;
    }
    static void forget_by_hand(const Answer& answer) {
        execute(root(), fmt::format("DROP DATABASE {}", answer.description->database));
        execute(root(), fmt::format("DROP ROLE {}", answer.description->role));
    }
};

TEST_F(LeavingTest, history_tells_how_large_and_how_old_what_was_deleted_had_been) {
    const auto made = must(create(name_));
    execute(login(made), "CREATE TABLE t AS SELECT * FROM generate_series(1, 50000)");
    execute(root("reviewdb"),
            fmt::format("UPDATE registry.environment SET created_at = now() - interval '2 hours' "
                        "WHERE name = '{}'",
                        name_));
    const auto size = std::stoll(ask(root(), fmt::format("SELECT pg_database_size('{}')::text AS "
                                                         "value",
                                                         made.description->database)));
    must(remove(name_));
    const auto told = history();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_FALSE(told[0].size_bytes);
    EXPECT_EQ(told[1].event, "deleted");
    EXPECT_EQ(told[1].database, made.description->database);
    EXPECT_NEAR(static_cast<double>(told[1].size_bytes.value_or(0)), static_cast<double>(size),
                1e6);
    EXPECT_GE(told[1].age.value_or(std::chrono::seconds()), std::chrono::hours(2));
    EXPECT_LT(told[1].age.value_or(std::chrono::hours(9)), std::chrono::hours(3));
}

TEST_F(LeavingTest, history_tells_of_a_database_that_somebody_dropped_by_hand) {
    const auto made = must(create(name_));
    execute(root(), fmt::format("DROP DATABASE {}", made.description->database));
    must(remove(name_));
    const auto told = history();
    EXPECT_EQ(told.back().event, "deleted");
    EXPECT_FALSE(told.back().size_bytes);
    EXPECT_TRUE(told.back().age);
    expect_nothing_left();
}

TEST_F(LeavingTest, a_dry_run_says_who_is_in_the_way_and_changes_nothing) {
    const auto made = must(create(name_));
    EXPECT_THAT(remarks_of_dry_run(), testing::IsEmpty());
    auto own = support::connect(login(made).with("application_name", "their app"));
    auto foreign =
        support::connect(root(made.description->database).with("application_name", "monitoring"));
    const auto remarks = remarks_of_dry_run();
    EXPECT_THAT(remarks,
                Contains(HasSubstr(fmt::format("would go along: session {} of {} (their app)",
                                               own.backend_pid(), made.description->role))));
    EXPECT_THAT(
        remarks,
        Contains(HasSubstr(fmt::format("would hold the database: session {} of {} (monitoring)",
                                       foreign.backend_pid(), root().get("user")))));
    EXPECT_THAT(
        remarks,
        Contains(HasSubstr(fmt::format("SELECT pg_terminate_backend({})", foreign.backend_pid()))));
    EXPECT_EQ(ask(own, "SELECT 'there' AS value"), "there");
    std::move(own).close_and_wait(soon());
    std::move(foreign).close_and_wait(soon());
    remove_all(name_);
}

TEST_F(LeavingTest, a_dry_run_says_what_pins_the_role) {
    const auto made = must(create(name_));
    const auto& role = made.description->role;
    const auto other = must(create(name_ + "_other"));
    execute(login(other), "CREATE TABLE mine ()");
    execute(login(other), fmt::format("GRANT SELECT ON mine TO {}", role));
    execute(root(), "CREATE TABLE of_theirs ()");
    execute(root(), fmt::format("ALTER TABLE of_theirs OWNER TO {}", role));
    const auto remarks = remarks_of_dry_run();
    EXPECT_THAT(remarks, Contains(HasSubstr(fmt::format(
                             "would keep the role, without login, until it is gone: in the "
                             "database {}, 0 objects of the role {} and 1 grants",
                             other.description->database, role))));
    EXPECT_THAT(remarks,
                Contains(HasSubstr(fmt::format(
                    "would go along: in the database postgres, 1 objects of the role {}", role))));
    must(remove(name_ + "_other"));
    remove_all(name_);
}

TEST_F(LeavingTest, usage_counts_what_there_is_and_what_went) {
    const auto before =
        on_the_server([&](auto& live) { return must(live.usage(project(), soon())); });
    const auto made = must(create(name_));
    must(create(name_ + "_2"));
    must(remove(name_ + "_2"));
    const auto inside = support::connect(login(made));
    const auto usage =
        on_the_server([&](auto& live) { return must(live.usage(project(), soon())); });
    EXPECT_EQ(all_environments(usage).count, 1);
    EXPECT_EQ(usage.environments.at(environment::EnvironmentState::ready).count, 1);
    EXPECT_GT(all_environments(usage).bytes, 5'000'000);
    EXPECT_EQ(usage.connections, 1);
    EXPECT_GE(usage.server_connections, 2);
    EXPECT_GT(usage.connection_limit, 10);
    ASSERT_TRUE(usage.oldest);
    EXPECT_EQ(usage.oldest->name, name_);
    const auto deleted = [](const environment::Usage& one) {
        const auto found = one.removed.find("deleted");
        return found == one.removed.end() ? environment::Share() : found->second;
    };
    EXPECT_EQ(deleted(usage).count - deleted(before).count, 1);
    EXPECT_GT(deleted(usage).bytes - deleted(before).bytes, 5'000'000);
    const auto everywhere =
        on_the_server([&](auto& live) { return must(live.usage(std::nullopt, soon())); });
    EXPECT_GE(all_environments(everywhere).count, 1);
    execute(root("reviewdb"), "UPDATE registry.history SET at = at - interval '32 days'");
    EXPECT_EQ(deleted(on_the_server([&](auto& live) {
                  return must(live.usage(project(), soon()));
              })).count,
              0);
    must(remove(name_));
}

TEST_F(LeavingTest, what_is_released_lives_on_and_nothing_of_ours_touches_it) {
    const auto made = must(create(name_));
    const auto& database = made.description->database;
    const auto& role = made.description->role;
    execute(login(made), "CREATE TABLE kept AS SELECT 7 AS value");
    auto inside = support::connect(login(made));
    const auto released = must(release());
    EXPECT_EQ(released.outcome, Outcome::released);
    EXPECT_FALSE(released.remarks.empty());
    EXPECT_EQ(released.description->password, made.description->password);
    EXPECT_EQ(ask(root(), fmt::format("SELECT pg_get_userbyid(datdba) || ' ' || "
                                      "coalesce(shobj_description(oid, 'pg_database'), 'bare') "
                                      "AS value FROM pg_database WHERE datname = '{}'",
                                      database)),
              role + " bare");
    EXPECT_EQ(ask(root(), fmt::format("SELECT coalesce(shobj_description(oid, 'pg_authid'), "
                                      "'bare') AS value FROM pg_roles WHERE rolname = '{}'",
                                      role)),
              "bare");
    EXPECT_EQ(ask(login(made), "SELECT value::text AS value FROM kept"), "7");
    EXPECT_EQ(support::refusal(login(made),
                               fmt::format("ALTER DATABASE {} CONNECTION LIMIT 3", database)),
              "");

    EXPECT_EQ(ask(inside, "SELECT 'stays in' AS value"), "stays in");
    std::move(inside).close_and_wait(soon());
    EXPECT_THAT(on_the_server([&](auto& live) {
                    return must(live.gone_among({released.description->environment.id}, soon()));
                }),
                testing::IsEmpty());
    const auto again = release();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, base::ErrorKind::not_found);
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::absent);
    const auto taken = create(name_);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind, base::ErrorKind::conflict);
    EXPECT_EQ(history().back().event, "released");
    EXPECT_TRUE(history().back().size_bytes);
    EXPECT_EQ(ask(login(made), "SELECT value::text AS value FROM kept"), "7");
    forget_by_hand(made);
    expect_nothing_left();
}

TEST_F(LeavingTest, a_release_is_all_or_nothing_wherever_it_dies) {
    for (int steps = 1; steps <= 2; ++steps) {
        const auto made = must(create(name_));
        const auto died = release(steps);
        wait_for_the_dead();
        const auto owner = ask(root(), fmt::format("SELECT pg_get_userbyid(datdba)::text AS value "
                                                   "FROM pg_database WHERE datname = '{}'",
                                                   made.description->database));
        const bool gone = owner == made.description->role;
        EXPECT_EQ(ask(root("reviewdb"), fmt::format("SELECT count(*)::text AS value FROM "
                                                    "registry.environment WHERE name = '{}' AND "
                                                    "state <> 'gone'",
                                                    name_)),
                  gone ? "0" : "1");
        if (!gone) {
            EXPECT_EQ(must(release()).outcome, Outcome::released);
        }
        EXPECT_EQ(ask(login(made), "SELECT 'in' AS value"), "in");
        forget_by_hand(made);
    }
    expect_nothing_left();
}

TEST_F(LeavingTest, what_a_reset_left_in_the_trash_goes_though_its_role_stays) {
    const auto made = must(create(name_));
    must(in_a_process(std::nullopt, [&](auto& manager) {
        return manager.reset(wish(), Execution::carry_out, soon());
    }));
    must(release());
    must(remove("nobody"));
    EXPECT_EQ(ask(root("reviewdb"),
                  "SELECT count(*)::text AS value FROM registry.instance WHERE state <> 'gone' "
                  "AND project = 'leaving'"),
              "0");
    EXPECT_EQ(ask(login(made), "SELECT 'in' AS value"), "in");
    forget_by_hand(made);
    expect_nothing_left();
}

}  // namespace
