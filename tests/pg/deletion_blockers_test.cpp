// SPDX-License-Identifier: Apache-2.0
//
// Deleting an environment whose database something holds: what reviewdb can end is ended, what it
// cannot is named with the next step, and at the end nothing is left.
#include <fmt/format.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "base/subprocess.h"
#include "deletion_test.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/temp_folder.h"

namespace {

using environment::Outcome;
using support::ask;
using support::execute;
using support::must;
using support::refusal;

class HeldDatabase : public DeletionTest {
   protected:
    // Until `query` says true, as the superuser sees it.
    static void wait_until(const std::string& query) {
        const auto deadline = support::soon();
        while (ask(root(), "SELECT (" + query + ")::text AS value") != "true") {
            if (deadline.passed()) throw std::runtime_error("never came true: " + query);
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
};

TEST_F(HeldDatabase, ends_the_sessions_of_its_own_role_whatever_they_do) {
    make();
    auto idle = support::connect(mine_);
    auto waiting = support::connect(mine_);
    must(waiting.run({"BEGIN"}, support::soon()));
    must(waiting.run({"CREATE TABLE t (id integer)"}, support::soon()));
    std::thread busy([info = mine_] { EXPECT_NE(refusal(info, "SELECT pg_sleep(300)"), ""); });
    wait_until("EXISTS (SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(300)')");
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
    busy.join();
    EXPECT_FALSE(idle.run({"SELECT 1"}, support::soon()));
    expect_nothing_left();
}

TEST_F(HeldDatabase, says_which_session_of_a_superuser_holds_it) {
    make();
    auto monitoring = support::connect(root(database_).with("application_name", "watcher"));
    expect_held(fmt::format("session {} of test_superuser (watcher)", monitoring.backend_pid()),
                fmt::format("SELECT pg_terminate_backend({})", monitoring.backend_pid()));
    expect_cut_off();
    EXPECT_EQ(ask(monitoring, "SELECT 'undisturbed' AS value"), "undisturbed");
    std::move(monitoring).close_and_wait(support::soon());
    must(remove(name_));
    expect_nothing_left();
}

TEST_F(HeldDatabase, is_told_of_in_a_dry_run_with_what_ends_it) {
    make();
    auto prepared = support::connect(root(database_));
    for (const auto* statement : {"BEGIN", "CREATE TABLE t ()", "PREPARE TRANSACTION 'theirs'"}) {
        must(prepared.run({statement}, support::soon()));
    }
    std::move(prepared).close_and_wait(support::soon());
    const environment::Wish wish{project(), must(environment::Name::parse(name_))};
    const auto answer = must(in_a_process(std::nullopt, [&](auto& manager) {
        return manager.remove(wish, environment::Execution::dry_run, support::soon());
    }));
    EXPECT_THAT(answer.remarks,
                testing::ElementsAre(testing::AllOf(
                    testing::HasSubstr("would hold the database: prepared "
                                       "transaction 'theirs' of test_superuser, since 20"),
                    testing::HasSubstr("ROLLBACK PREPARED 'theirs'"))));
    execute(root(database_), "ROLLBACK PREPARED 'theirs'");
    remove_all(name_);
}

TEST_F(HeldDatabase, is_dropped_by_the_next_create_as_well) {
    make();
    auto monitoring = support::connect(root(database_));
    ASSERT_FALSE(remove(name_));
    std::move(monitoring).close_and_wait(support::soon());
    must(create(name_));
    EXPECT_EQ(ask(root(),
                  "SELECT count(*)::text AS value FROM pg_database WHERE datname ~ "
                  "'^(reviewdb_[bx]|life)_'"),
              "1");
    remove_all(name_);
}

TEST_F(HeldDatabase, is_dropped_while_autovacuum_works_in_it) {
    make();
    execute(mine_,
            "CREATE TABLE t WITH (autovacuum_vacuum_threshold = 0, "
            "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100, "
            "autovacuum_vacuum_cost_limit = 1) AS SELECT generate_series(1, 100000) AS id");
    execute(mine_, "DELETE FROM t");
    wait_until(
        fmt::format("EXISTS (SELECT FROM pg_stat_activity WHERE datname = '{}' AND "
                    "backend_type = 'autovacuum worker' AND query LIKE '%public.t%')",
                    database_));
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
    expect_nothing_left();
}

TEST_F(HeldDatabase, rolls_back_what_its_role_had_prepared) {
    make();
    execute(mine_, "CREATE TABLE t (id integer)");
    auto session = support::connect(mine_);
    for (const auto* sql :
         {"BEGIN", "INSERT INTO t VALUES (1)", "PREPARE TRANSACTION 'half; done'"})
        must(session.run({sql}, support::soon()));
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
    expect_nothing_left();
}

TEST_F(HeldDatabase, rolls_back_what_its_role_had_prepared_before_it_locked_itself_out) {
    make();
    auto session = support::connect(mine_);
    for (const auto* sql : {"ALTER ROLE CURRENT_USER SET local_preload_libraries = 'nowhere'",
                            "ALTER ROLE CURRENT_USER PASSWORD NULL", "BEGIN",
                            "CREATE TABLE t (id integer)", "PREPARE TRANSACTION 'half done'"})
        must(session.run({sql}, support::soon()));
    const auto removed = remove(name_);
    ASSERT_TRUE(removed) << removed.error().message;
    expect_nothing_left();
}

TEST_F(HeldDatabase, says_which_prepared_transaction_of_somebody_else_holds_it) {
    make();
    auto session = support::connect(root(database_));
    for (const auto* sql : {"BEGIN", "CREATE TABLE t (id integer)", "PREPARE TRANSACTION 'theirs'"})
        must(session.run({sql}, support::soon()));
    std::move(session).close_and_wait(support::soon());
    expect_held("prepared transaction 'theirs' of test_superuser", "ROLLBACK PREPARED 'theirs'");
    expect_cut_off();
    execute(root(open_remains()), "ROLLBACK PREPARED 'theirs'");
    must(remove(name_));
    expect_nothing_left();
}

TEST_F(HeldDatabase, drops_a_slot_that_nobody_reads) {
    make();
    execute(root(database_), "SELECT pg_create_logical_replication_slot('idle', 'pgoutput')");
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
    expect_nothing_left();
    EXPECT_EQ(ask(root(), "SELECT count(*)::text AS value FROM pg_replication_slots"), "0");
}

TEST_F(HeldDatabase, says_which_slot_is_being_read) {
    const std::string reader = "/usr/lib/postgresql/15/bin/pg_recvlogical";
    if (!base::find_program(reader)) GTEST_SKIP() << "there is no " << reader;
    make();
    execute(root(database_), "SELECT pg_create_logical_replication_slot('busy', 'pgoutput')");
    const support::TempFolder folder("reviewdb-test-", 0755);
    std::ofstream(folder / "out").flush();
    const auto who = root(database_);
    const auto pid =
        must(base::spawn({.arguments = {reader, "--start", "--slot=busy", "--file=/dev/null",
                                        "--dbname=" + database_, "--option=proto_version=1",
                                        "--option=publication_names=none"},
                          .environment = {{"PGHOST", std::string(who.get("host"))},
                                          {"PGPORT", std::string(who.get("port"))},
                                          {"PGUSER", std::string(who.get("user"))},
                                          {"PGPASSWORD", who.password().reveal()}}},
                         folder / "out", base::Lifetime::ours));
    wait_until("EXISTS (SELECT FROM pg_replication_slots WHERE active)");
    const auto walsender =
        ask(root(), "SELECT active_pid::text AS value FROM pg_replication_slots");
    expect_held("active replication slot busy", fmt::format("pg_terminate_backend({})", walsender));
    expect_cut_off();
    kill(pid, SIGTERM);
    waitpid(pid, nullptr, 0);
    wait_until("NOT EXISTS (SELECT FROM pg_replication_slots WHERE active)");
    must(remove(name_));
    expect_nothing_left();
}

TEST_F(HeldDatabase, says_which_subscription_holds_it) {
    make();
    execute(root(database_),
            "CREATE SUBSCRIPTION feed CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = "
            "false)");
    expect_held("subscription feed", "DROP SUBSCRIPTION feed");
    expect_cut_off();
    const auto remains = open_remains();
    execute(root(remains), "ALTER SUBSCRIPTION feed SET (slot_name = NONE)");
    execute(root(remains), "DROP SUBSCRIPTION feed");
    must(remove(name_));
    expect_nothing_left();
}

TEST_F(HeldDatabase, is_dropped_although_somebody_made_it_a_template) {
    make();
    execute(root(), fmt::format("ALTER DATABASE {} IS_TEMPLATE true", database_));
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
    expect_nothing_left();
}

// What an interrupted DROP leaves: nobody can connect, and only DROP helps.
TEST_F(HeldDatabase, finishes_an_interrupted_drop) {
    make();
    const auto interrupt = [&] {
        execute(root(), fmt::format("UPDATE pg_database SET datconnlimit = -2 WHERE datname = '{}'",
                                    database_));
    };
    interrupt();
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
    expect_nothing_left();
    make();
    interrupt();
    const auto again = must(create(name_));
    EXPECT_EQ(again.outcome, Outcome::repaired);
    EXPECT_EQ(refusal(login(again), "CREATE TABLE t (id integer)"), "");
    remove_all(name_);
}

TEST_F(HeldDatabase, is_left_alone_when_somebody_else_has_come_to_own_it) {
    make();
    execute(root(), fmt::format("ALTER DATABASE {} OWNER TO test_superuser", database_));
    const auto removed = remove(name_);
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().kind, base::ErrorKind::denied);
    EXPECT_EQ(refusal(root(database_), "SELECT 1"), "");
    execute(root(), fmt::format("ALTER DATABASE {} OWNER TO reviewdb_manager", database_));
    remove_all(name_);
}

}  // namespace
