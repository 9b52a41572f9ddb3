// SPDX-License-Identifier: Apache-2.0
//
// Environments on a real server, from create to delete: interrupted after every step, drifted,
// tampered with, and by many at once. An administrator who is no superuser prepared the server, and
// the operator's login does all the work.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>

#include "environment/manager.h"
#include "server/live_server.h"
#include "server/prepare.h"
#include "support/must.h"
#include "support/pg_test.h"
#include "support/sql.h"
#include "support/stop_after.h"

namespace {

using environment::Answer;
using environment::Outcome;
using support::ask;
using support::execute;
using support::must;
using support::refusal;

base::Deadline soon() { return base::Deadline::after(std::chrono::seconds(60)); }

const environment::Actor k_actor{"tester@here", "cli", "0"};
constexpr auto* k_project = "life";

pg::ConnectionInfo prepared_operator() {
    static const auto login = [] {
        base::Log log{base::LogLevel::warning, base::LogFormat::text};
        server::Preparation wish;
        wish.loopback_allowed = true;
        wish.actor = k_actor;
        return *must(server::prepare(support::shared_cluster().make_administrator(), wish, soon(),
                                     log))
                    .operator_login;
    }();
    return login;
}

class LifecycleTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (!IsSkipped() && !HasFailure()) prepared_operator();
    }

    pg::ConnectionInfo root(const std::string& database = "postgres") const {
        return support::shared_cluster().superuser(database);
    }

    // As a process of its own would: nothing is kept from one call to the next.
    template <typename Deed>
    base::Result<Answer> in_a_process(std::optional<int> steps, const Deed& deed) const {
        base::Log log{base::LogLevel::warning, base::LogFormat::text};
        server::LiveServer live(prepared_operator(), "reviewdb/test", log);
        support::StopAfter dying(live, steps.value_or(0));
        environment::Server& server = steps ? static_cast<environment::Server&>(dying) : live;
        environment::Manager manager(
            server,
            {k_actor,
             {},
             std::nullopt,
             [](const std::string&) -> base::Result<std::unique_ptr<environment::SecretStore>> {
                 return std::unique_ptr<environment::SecretStore>();
             }},
            log);
        return deed(manager);
    }
    base::Result<Answer> create(const std::string& name,
                                std::optional<int> steps = std::nullopt) const {
        const environment::CreateWish wish{must(environment::Project::parse(k_project)),
                                           must(environment::Name::parse(name)),
                                           {},
                                           {},
                                           std::nullopt};
        return in_a_process(steps, [&](auto& manager) {
            return manager.create(wish, environment::Execution::carry_out, soon());
        });
    }
    base::Result<Answer> remove(const std::string& name,
                                std::optional<int> steps = std::nullopt) const {
        const environment::DeleteWish wish{must(environment::Project::parse(k_project)),
                                           must(environment::Name::parse(name)),
                                           {},
                                           "test"};
        return in_a_process(steps, [&](auto& manager) {
            return manager.remove(wish, environment::Execution::carry_out, soon());
        });
    }

    static pg::ConnectionInfo login(const Answer& answer) {
        return support::shared_cluster().login(
            answer.description->role, answer.description->password, answer.description->database);
    }
    // The server ends the session of a process that died a moment after it.
    void wait_for_the_dead() const {
        for (int i = 0; i < 500; ++i) {
            if (ask(root(),
                    "SELECT count(*)::text AS value FROM pg_stat_activity WHERE usename = "
                    "'reviewdb_operator'") == "0") {
                return;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        FAIL() << "a session of the operator stays";
    }
    void expect_nothing_left() const {
        EXPECT_EQ(ask(root(),
                      "SELECT count(*)::text AS value FROM pg_database WHERE datname LIKE "
                      "'reviewdb\\_b\\_%' OR datname LIKE 'reviewdb\\_x\\_%' OR datname "
                      "LIKE 'life\\_%'"),
                  "0");
        EXPECT_EQ(ask(root(),
                      "SELECT count(*)::text AS value FROM pg_roles WHERE rolname LIKE "
                      "'life\\_%'"),
                  "0");
        for (const auto* table : {"environment", "instance", "role"}) {
            EXPECT_EQ(ask(root("reviewdb"),
                          fmt::format("SELECT count(*)::text AS value FROM registry.{} WHERE "
                                      "state <> 'gone'",
                                      table)),
                      "0")
                << table;
        }
    }
    void remove_all(const std::string& name) const {
        must(remove(name));
        expect_nothing_left();
    }
    std::string name_ = support::unique_name();
};

TEST_F(LifecycleTest, makes_an_environment_that_works_and_removes_all_of_it) {
    const auto made = must(create(name_));
    EXPECT_EQ(made.outcome, Outcome::created);
    const auto url = login(made);
    EXPECT_EQ(ask(url,
                  "SELECT (pg_get_userbyid(nspowner) = current_user)::text AS value FROM "
                  "pg_namespace WHERE nspname = 'public'"),
              "true");
    EXPECT_EQ(refusal(url, "CREATE TABLE t (id integer)"), "");
    EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    EXPECT_EQ(refusal(url, "SELECT * FROM t"), "");
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
    expect_nothing_left();
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::absent);
}

TEST_F(LifecycleTest, finishes_a_create_that_died_after_any_step) {
    int steps = 0;
    for (;; ++steps) {
        SCOPED_TRACE(steps);
        const bool finished = create(name_, steps).has_value();
        wait_for_the_dead();
        const auto made = must(create(name_));
        EXPECT_EQ(refusal(login(made), "CREATE TABLE t (id integer)"), "");
        remove_all(name_);
        if (finished || HasFailure()) break;
    }
    EXPECT_GE(steps, 7);
}

TEST_F(LifecycleTest, removes_what_a_create_that_died_after_any_step_left) {
    for (int steps = 0;; ++steps) {
        SCOPED_TRACE(steps);
        const bool finished = create(name_, steps).has_value();
        wait_for_the_dead();
        remove_all(name_);
        if (finished || HasFailure()) break;
    }
}

TEST_F(LifecycleTest, finishes_a_delete_that_died_after_any_step) {
    int steps = 0;
    for (;; ++steps) {
        SCOPED_TRACE(steps);
        must(create(name_));
        const bool finished = remove(name_, steps).has_value();
        wait_for_the_dead();
        remove_all(name_);
        if (finished || HasFailure()) break;
    }
    EXPECT_GE(steps, 6);
}

TEST_F(LifecycleTest, keeps_an_environment_to_itself) {
    const auto other_name = support::unique_name();
    const auto made = must(create(name_));
    const auto other = must(create(other_name));
    const auto url = login(made);
    EXPECT_EQ(refusal(url.with("dbname", other.description->database), "SELECT 1"), "42501");
    EXPECT_EQ(refusal(url.with("dbname", "reviewdb"), "SELECT 1"), "42501");
    EXPECT_NE(refusal(url.with("dbname", "reviewdb_template_0"), "SELECT 1"), "");
    const auto& role = made.description->role;
    for (const auto& sql :
         {fmt::format("ALTER DATABASE {} CONNECTION LIMIT 1", made.description->database),
          std::string("CREATE ROLE life_more"), std::string("SET ROLE reviewdb_manager"),
          fmt::format("GRANT reviewdb_manager TO {}", role),
          fmt::format("GRANT {} TO {}", other.description->role, role)}) {
        EXPECT_EQ(refusal(url, sql), "42501") << sql;
    }
    // Before 16, Postgres lets every role give membership in itself.
    const bool options = support::shared_cluster().major() >= 16;
    if (options) {
        EXPECT_EQ(refusal(url, fmt::format("GRANT {} TO reviewdb_manager", role)), "42501");
    }
    EXPECT_EQ(ask(root(), fmt::format("SELECT count(*)::text AS value FROM pg_auth_members m JOIN "
                                      "pg_roles r ON r.oid = m.roleid WHERE r.rolname = '{}' {}",
                                      role, options ? "AND (inherit_option OR set_option)" : "")),
              "0");
    must(remove(other_name));
    remove_all(name_);
}

TEST_F(LifecycleTest, repairs_what_somebody_changed_by_hand) {
    const auto first = must(create(name_));
    const auto& role = first.description->role;
    const auto& database = first.description->database;
    for (const auto& drift : {fmt::format("ALTER ROLE {} PASSWORD 'another'", role),
                              fmt::format("ALTER ROLE {} NOLOGIN", role),
                              fmt::format("REVOKE ALL ON DATABASE {} FROM {}", database, role),
                              fmt::format("GRANT CONNECT ON DATABASE {} TO PUBLIC", database),
                              fmt::format("ALTER ROLE {} CONNECTION LIMIT 1", role),
                              fmt::format("DROP DATABASE {}", database)}) {
        SCOPED_TRACE(drift);
        execute(root(), drift);
        const auto again = must(create(name_));
        EXPECT_EQ(again.outcome, Outcome::repaired);
        EXPECT_EQ(refusal(login(again), "SELECT 1"), "");
        EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    }
    remove_all(name_);
}

TEST_F(LifecycleTest, leaves_a_foreign_database_alone_that_the_registry_was_made_to_name) {
    const auto made = must(create(name_));
    const auto foreign = support::unique_name("foreign");
    execute(root(), "CREATE DATABASE " + foreign);
    const auto point_at = [&](const std::string& from, const std::string& to) {
        execute(root("reviewdb"),
                fmt::format("UPDATE registry.instance SET database = '{0}', oid = (SELECT oid FROM "
                            "pg_database WHERE datname = '{0}') WHERE database = '{1}'",
                            to, from));
    };
    point_at(made.description->database, foreign);
    const auto removed = remove(name_);
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().kind, base::ErrorKind::denied);
    EXPECT_EQ(removed.error().sqlstate, "42501");
    EXPECT_EQ(refusal(root(foreign), "SELECT 1"), "");
    point_at(foreign, made.description->database);
    remove_all(name_);
    execute(root(), "DROP DATABASE " + foreign);
}

TEST_F(LifecycleTest, refuses_a_name_that_a_foreign_database_has) {
    execute(root(), fmt::format("CREATE DATABASE life_{}", name_));
    const auto made = create(name_);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, base::ErrorKind::conflict);
    EXPECT_EQ(refusal(root("life_" + name_), "SELECT 1"), "");
    execute(root(), fmt::format("DROP DATABASE life_{}", name_));
    expect_nothing_left();
}

TEST_F(LifecycleTest, makes_one_database_when_twenty_create_at_once) {
    std::vector<std::optional<base::Result<Answer>>> answers(20);
    std::vector<std::thread> threads;
    threads.reserve(answers.size());
    for (auto& answer : answers) threads.emplace_back([&] { answer = create(name_); });
    for (auto& thread : threads) thread.join();
    int made = 0;
    for (const auto& answer : answers) {
        ASSERT_TRUE(*answer) << answer->error().message;
        made += (*answer)->outcome == Outcome::created ? 1 : 0;
        EXPECT_EQ(refusal(login(**answer), "SELECT 1"), "");
    }
    EXPECT_EQ(made, 1);
    EXPECT_EQ(ask(root(),
                  "SELECT count(*)::text AS value FROM pg_database WHERE datname LIKE "
                  "'life\\_%'"),
              "1");
    remove_all(name_);
}

TEST_F(LifecycleTest, ends_whole_or_gone_when_a_create_meets_a_delete) {
    for (int round = 0; round < 5; ++round) {
        if (round % 2 == 0) must(create(name_));
        std::optional<base::Result<Answer>> created;
        std::optional<base::Result<Answer>> removed;
        std::thread creating([&] { created = create(name_); });
        std::thread removing([&] { removed = remove(name_); });
        creating.join();
        removing.join();
        ASSERT_TRUE(*created) << created->error().message;
        ASSERT_TRUE(*removed) << removed->error().message;
        EXPECT_EQ(refusal(login(must(create(name_))), "SELECT 1"), "");
        remove_all(name_);
    }
}

}  // namespace
