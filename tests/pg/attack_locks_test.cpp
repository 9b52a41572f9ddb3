// SPDX-License-Identifier: Apache-2.0
//
// Attacks that get in the way of create and delete: locks that are held, roles that are named,
// sessions that stay or come again. Each is overcome, at the latest when the attacker has gone.
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "attack_test.h"
#include "server/locks.h"
#include "server/prepare.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using environment::Outcome;
using support::ask;
using support::must;
using support::refusal;

class AttackInTheWay : public AttackTest {
   protected:
    // A session of the attacker's that has done this and does not end its transaction.
    pg::Connection attacker_holding(const std::string& sql) const {
        auto session = support::connect(mine_);
        must(session.run({"BEGIN"}, support::soon()));
        must(session.run({fill(sql)}, support::soon()));
        return session;
    }
    static void expect_removed(const base::Result<Answer>& removed) {
        ASSERT_TRUE(removed) << removed.error().message << " (" << removed.error().sqlstate << ")";
        EXPECT_EQ(removed->outcome, Outcome::deleted);
    }
    // The attacker may lose its session; its environment is not to be harmed.
    void expect_unharmed() const {
        EXPECT_EQ(refusal(mine_, "SELECT * FROM loot"), "");
        EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    }
    std::string state_of(const std::string& role) const {
        return ask(root("reviewdb"),
                   fmt::format("SELECT state AS value FROM registry.role WHERE name = '{}'", role));
    }
};

TEST_F(AttackInTheWay, attack_38_locks_the_database_of_another_that_is_deleted) {
    auto attacker =
        attacker_holding("ALTER ROLE {my_role} IN DATABASE {their_database} SET work_mem = '1MB'");
    expect_removed(remove(their_name_));
    EXPECT_EQ(refusal(theirs_, "SELECT 1"), "28P01");
    expect_unharmed();
}

TEST_F(AttackInTheWay, attack_38_locks_a_database_that_is_being_built) {
    const auto name = support::unique_name();
    for (int steps = 3; steps < 7; ++steps) {
        SCOPED_TRACE(steps);
        ASSERT_FALSE(create(name, steps));
        wait_for_the_dead();
        const auto built = ask(root(),
                               "SELECT datname AS value FROM pg_database WHERE datname LIKE "
                               "'reviewdb\\_b\\_%'");
        auto attacker = attacker_holding(
            fmt::format("ALTER ROLE {{my_role}} IN DATABASE {} SET work_mem = '1MB'", built));
        const auto made = create(name);
        ASSERT_TRUE(made) << made.error().message << " (" << made.error().sqlstate << ")";
        EXPECT_EQ(refusal(login(*made), "SELECT 1"), "");
        must(remove(name));
    }
    expect_unharmed();
}

TEST_F(AttackInTheWay, attack_38_locks_the_database_of_another_that_is_reset) {
    auto attacker =
        attacker_holding("ALTER ROLE {my_role} IN DATABASE {their_database} SET work_mem = '1MB'");
    const environment::Wish wish{project(), must(environment::Name::parse(their_name_))};
    const auto answer = in_a_process(std::nullopt, [&](auto& manager) {
        return manager.reset(wish, environment::Execution::carry_out, support::soon());
    });
    ASSERT_TRUE(answer) << answer.error().message << " (" << answer.error().sqlstate << ")";
    EXPECT_EQ(answer->outcome, Outcome::reset);
    EXPECT_EQ(refusal(theirs_, "SELECT 1"), "");
    expect_unharmed();
}

TEST_F(AttackInTheWay, attack_38_locks_the_template_and_the_registry_without_effect) {
    for (const auto* database : {"reviewdb_template_0", "reviewdb", "template1", "postgres"}) {
        SCOPED_TRACE(database);
        auto attacker = attacker_holding(
            fmt::format("ALTER ROLE {{my_role}} IN DATABASE {} SET work_mem = '1MB'", database));
        const auto name = support::unique_name();
        EXPECT_EQ(must(create(name)).outcome, Outcome::created);
        EXPECT_EQ(must(remove(name)).outcome, Outcome::deleted);
    }
}

TEST_F(AttackInTheWay, attack_39_locks_the_role_of_another_that_is_deleted) {
    auto attacker = attacker_holding("GRANT SELECT ON loot TO {their_role}");
    expect_removed(remove(their_name_));
    EXPECT_EQ(refusal(theirs_, "SELECT 1"), "28P01");
    expect_unharmed();
}

// A GRANT by somebody who has any right on the database, by PUBLIC's too, warns and updates its
// row.
TEST_F(AttackInTheWay, attack_38_locks_a_foreign_database_that_is_closed_and_opened) {
    const auto theirs = support::unique_name();
    support::execute(root(), fmt::format("CREATE DATABASE {}", theirs));
    const auto own_login = mine_.with("dbname", theirs);
    base::Log log{base::LogLevel::error, base::LogFormat::text};
    const environment::Actor actor{"test", "test", "test"};
    EXPECT_EQ(refusal(own_login, "SELECT 1"), "");
    auto attacker =
        attacker_holding(fmt::format("GRANT CONNECT ON DATABASE {} TO {{my_role}}", theirs));
    const auto closed = server::close_database(root(), theirs, actor, support::soon(), log);
    EXPECT_TRUE(closed) << closed.error().message;
    EXPECT_FALSE(attacker.run({"SELECT 1"}, support::soon()));
    EXPECT_EQ(refusal(own_login, "SELECT 1"), "42501");
    const auto opened = server::reopen_database(root(), theirs, actor, support::soon(), log);
    EXPECT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(refusal(own_login, "SELECT 1"), "");
    EXPECT_EQ(ask(root(),
                  "SELECT count(*)::text AS value FROM pg_roles WHERE rolname = "
                  "'reviewdb_operator_init'"),
              "0");
    support::execute(root(), fmt::format("DROP DATABASE {} WITH (FORCE)", theirs));
}

// It would be named as the worker that everybody waits for.
TEST_F(AttackInTheWay, attack_46_takes_the_number_of_a_lock_in_its_own_database) {
    const environment::Subject subject{project(), must(environment::Name::parse(their_name_))};
    const auto number = server::lock_number(server::environment_lock(subject));
    std::vector<pg::Connection> attackers;
    for (int i = 0; i < 3; ++i) {
        attackers.push_back(support::connect(mine_.with("application_name", "reviewdb/liar")));
        must(attackers.back().run({"SELECT pg_advisory_lock_shared(" + number + ")"},
                                  support::soon()));
    }
    base::Log log{base::LogLevel::error, base::LogFormat::text};
    server::LiveServer worker(support::prepared_operator(), "reviewdb/worker", log);
    must(worker.observe(subject, environment::Purpose::work, support::soon()));
    const environment::Wish wish{project(), subject.name};
    const auto waited = in_a_process(std::nullopt, [&](auto& manager) {
        return manager.repair(wish, environment::Execution::carry_out,
                              base::Deadline::after(std::chrono::seconds(1)));
    });
    ASSERT_FALSE(waited);
    EXPECT_THAT(waited.error().message, testing::AllOf(testing::HasSubstr("reviewdb/worker"),
                                                       testing::Not(testing::HasSubstr("liar"))));
    worker.release(support::soon());
}

TEST_F(AttackInTheWay,
       attack_40_names_the_role_of_another_which_stays_without_login_until_it_may_go) {
    for (const auto* pin : {"GRANT SELECT ON loot TO {their_role}",
                            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {their_role}",
                            "CREATE POLICY pin ON loot TO {their_role}",
                            "GRANT USAGE ON SCHEMA public TO {their_role}",
                            "GRANT SELECT ON loot TO reviewdb_manager",
                            "GRANT SELECT ON loot TO reviewdb_operator"}) {
        support::execute(mine_, fill(pin));
    }
    const auto removed = must(remove(their_name_));
    EXPECT_EQ(removed.outcome, Outcome::deleted);
    ASSERT_EQ(removed.remarks.size(), 1U);
    EXPECT_THAT(removed.remarks[0],
                testing::AllOf(testing::HasSubstr(their_role_), testing::HasSubstr(my_database_)));
    EXPECT_EQ(refusal(theirs_, "SELECT 1"), "28P01");
    EXPECT_EQ(ask(root(), fill("SELECT rolcanlogin::text AS value FROM pg_roles WHERE rolname = "
                               "'{their_role}'")),
              "false");
    EXPECT_EQ(state_of(their_role_), "pinned");
    // Its name is free, and a new role is another one.
    const auto again = must(create(their_name_));
    EXPECT_EQ(again.outcome, Outcome::created);
    EXPECT_NE(again.description->role, their_role_);
    EXPECT_EQ(state_of(their_role_), "pinned");
    EXPECT_EQ(refusal(login(again).with("dbname", my_database_), "SELECT 1"), "42501");
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
    EXPECT_EQ(state_of(their_role_), "gone");
}

TEST_F(AttackInTheWay, attack_52_stays_connected) {
    auto at_home = support::connect(mine_);
    auto elsewhere = support::connect(mine_.with("dbname", "postgres"));
    for (auto* session : {&at_home, &elsewhere}) {
        must(session->run({"BEGIN"}, support::soon()));
        must(session->run({"SELECT lo_create(0)"}, support::soon()));
        must(session->run({fill("ALTER ROLE {my_role} SET work_mem = '1MB'")}, support::soon()));
        must(session->run({"SAVEPOINT s"}, support::soon()));
        if (session == &at_home) must(session->run({"ROLLBACK"}, support::soon()));
    }
    expect_removed(remove(name_));
    for (auto* session : {&at_home, &elsewhere}) {
        EXPECT_FALSE(session->run({"SELECT 1"}, support::soon()));
    }
}

TEST_F(AttackInTheWay, attack_53_connects_again_and_again_while_it_is_deleted) {
    std::atomic<bool> over = false;
    std::atomic<int> logins = 0;
    std::vector<std::thread> storm;
    for (const auto* database : {"", "", "", "postgres"}) {
        const auto info = *database == '\0' ? mine_ : mine_.with("dbname", database);
        storm.emplace_back([&over, &logins, info] {
            std::vector<pg::Connection> kept;
            while (!over) {
                auto session = pg::Connection::open(info, support::soon());
                if (!session) continue;
                ++logins;
                kept.push_back(std::move(*session));
                if (kept.size() == 2) kept.clear();
            }
        });
    }
    while (logins < 20) std::this_thread::yield();
    const auto removed = remove(name_);
    // Without its role, a session that stays has no name any more. Those that come later have none
    // either, until they are refused.
    const auto removed_at = ask(root(), "SELECT clock_timestamp()::text AS value");
    const auto staying = [&] {
        return ask(root(), fmt::format("SELECT count(*)::text AS value FROM pg_stat_activity WHERE "
                                       "usename IS NULL AND backend_type = 'client backend' AND "
                                       "backend_start < '{}'",
                                       removed_at));
    };
    const auto limit = base::Deadline::after(std::chrono::seconds(5));
    while (staying() != "0" && !limit.passed()) std::this_thread::yield();
    const auto stayed = staying();
    over = true;
    for (auto& thread : storm) thread.join();
    expect_removed(removed);
    EXPECT_EQ(stayed, "0");
}

}  // namespace
