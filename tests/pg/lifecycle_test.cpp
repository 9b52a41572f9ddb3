// SPDX-License-Identifier: Apache-2.0
//
// Environments on a real server, from create to delete: interrupted after every step, drifted,
// tampered with, and by many at once. An administrator who is no superuser prepared the server, and
// the operator's login does all the work.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "server/keys.h"
#include "support/environment_test.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/stride.h"

namespace {

using environment::Answer;
using environment::Outcome;
using support::ask;
using support::execute;
using support::must;
using support::refusal;

using LifecycleTest = support::EnvironmentTest;

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
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    for (int steps = 0;; steps += support::every_day(2)) {
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
    EXPECT_EQ(refusal(url, fmt::format("GRANT {} TO reviewdb_manager", role)), "42501");
    const bool options = support::shared_cluster().major() >= 16;
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

TEST_F(LifecycleTest, retires_no_key_that_passwords_are_derived_from) {
    const auto made = must(create(name_));
    base::Log log{base::LogLevel::error, base::LogFormat::text};
    const environment::KeyTexts texts;
    const server::KeyKeeper keeper{support::prepared_operator(), texts, support::k_tester, log};
    const auto keys = must(server::list_keys(keeper, support::soon()));
    const int used = keys.back().number;
    const auto current = server::retire_key(keeper, used, support::soon());
    ASSERT_FALSE(current);
    EXPECT_NE(current.error().message.find("is the current one"), std::string::npos);

    must(server::add_key(keeper, support::soon()));
    const auto refused = server::retire_key(keeper, used, support::soon());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::conflict) << refused.error().message;
    EXPECT_NE(refused.error().message.find(project_name_ + "/" + name_), std::string::npos)
        << refused.error().message;
    EXPECT_EQ(refusal(login(made), "SELECT 1"), "");

    remove_all(name_);
    must(server::retire_key(keeper, used, support::soon()));
    for (const auto& key : must(server::list_keys(keeper, support::soon()))) {
        EXPECT_EQ(key.is_retired, key.number == used) << key.number;
    }
}

TEST_F(LifecycleTest, ends_whole_or_gone_when_a_create_meets_a_delete) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
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
