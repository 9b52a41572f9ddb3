// SPDX-License-Identifier: Apache-2.0
//
// What an environment's role learns of others, and what it does to their sessions and tables from
// its own.
#include <fmt/format.h>

#include "attack_test.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using support::ask;
using support::execute;
using support::must;
using support::refusal;

using AttackFromAfar = AttackTest;

TEST_F(AttackFromAfar, attack_20_sees_of_other_sessions_neither_query_nor_state_nor_address) {
    auto victim = support::connect(theirs_);
    must(victim.run({"SELECT 'a secret'"}, support::soon()));
    auto superuser = support::connect(root());
    const auto sessions = fmt::format("FROM pg_stat_activity WHERE pid IN ({}, {})",
                                      victim.backend_pid(), superuser.backend_pid());
    EXPECT_EQ(ask(mine_, "SELECT count(*)::text AS value " + sessions), "2");
    EXPECT_EQ(ask(mine_, "SELECT count(*)::text AS value " + sessions +
                             " AND (query <> '<insufficient privilege>' OR state IS NOT NULL "
                             "OR client_addr IS NOT NULL OR query_start IS NOT NULL)"),
              "0");
}

TEST_F(AttackFromAfar, attacks_23_to_25_read_no_password_no_path_and_no_size) {
    expect_refused({
        {23, "SELECT rolpassword FROM pg_authid"},
        {23, "SELECT * FROM pg_shadow"},
        {23, "SELECT subconninfo FROM pg_subscription"},
        {23, "SELECT umoptions FROM pg_user_mapping"},
        {24, "SHOW data_directory"},
        {24, "SHOW config_file"},
        {24, "SHOW hba_file"},
        {24, "SHOW ident_file"},
        {24, "SELECT current_setting('data_directory')"},
        {24, "SELECT * FROM pg_hba_file_rules"},
        {24, "SELECT * FROM pg_file_settings"},
        {25, "SELECT pg_database_size('{their_database}')"},
        {25, "SELECT pg_database_size('reviewdb')"},
    });
    EXPECT_EQ(ask(mine_,
                  "SELECT count(*)::text AS value FROM pg_settings WHERE name IN "
                  "('data_directory', 'config_file', 'hba_file', 'ident_file', "
                  "'session_preload_libraries', 'shared_preload_libraries')"),
              "0");
    EXPECT_EQ(ask(mine_, "SELECT string_agg(DISTINCT passwd, '') AS value FROM pg_user"),
              "********");
}

TEST_F(AttackFromAfar, attack_34_ends_no_session_of_others) {
    auto victim = support::connect(theirs_);
    auto superuser = support::connect(root());
    auto worker = support::connect(support::prepared_operator());
    for (auto* session : {&victim, &superuser, &worker}) {
        for (const auto* function : {"pg_terminate_backend", "pg_cancel_backend"}) {
            EXPECT_EQ(
                refusal(mine_, fmt::format("SELECT {}({})", function, session->backend_pid())),
                "42501");
        }
        EXPECT_EQ(ask(*session, "SELECT 'alive' AS value"), "alive");
    }
}

TEST_F(AttackFromAfar, attack_46_takes_no_advisory_lock_of_another_environment) {
    auto attacker = support::connect(mine_);
    must(attacker.run({"SELECT pg_advisory_lock(72707369)"}, support::soon()));
    EXPECT_EQ(ask(theirs_, "SELECT pg_try_advisory_lock(72707369)::text AS value"), "true");
}

// Postgres looks at the snapshots of the same database only.
TEST_F(AttackFromAfar, attack_51_does_not_hold_back_vacuum_elsewhere) {
    auto attacker = support::connect(mine_);
    must(attacker.run({"BEGIN ISOLATION LEVEL REPEATABLE READ"}, support::soon()));
    must(attacker.run({"SELECT count(*) FROM loot"}, support::soon()));
    must(attacker.run({"INSERT INTO loot VALUES ('mine')"}, support::soon()));
    execute(theirs_, "CREATE TABLE t AS SELECT generate_series(1, 1000) AS id");
    execute(theirs_, "DELETE FROM t");
    execute(theirs_, "VACUUM t");
    EXPECT_EQ(ask(theirs_, "SELECT pg_relation_size('t')::text AS value"), "0");
    // The same in its own database: what is tried here does hold something back.
    execute(mine_, "CREATE TABLE t AS SELECT generate_series(1, 1000) AS id");
    execute(mine_, "DELETE FROM t");
    execute(mine_, "VACUUM t");
    EXPECT_NE(ask(mine_, "SELECT pg_relation_size('t')::text AS value"), "0");
}

}  // namespace
