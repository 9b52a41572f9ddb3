// SPDX-License-Identifier: Apache-2.0
//
// Attacks with roles: making them, becoming them, changing oneself and others.
#include <fmt/format.h>

#include "attack_test.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using environment::Outcome;
using support::execute;
using support::must;
using support::refusal;

using AttackWithRoles = AttackTest;

TEST_F(AttackWithRoles, attack_8_makes_no_role_database_or_tablespace) {
    expect_refused({
        {8, "CREATE ROLE accomplice"},
        {8, "CREATE USER accomplice IN ROLE reviewdb_manager"},
        {8, "CREATE DATABASE spare"},
        {8, "CREATE DATABASE spare TEMPLATE {their_database}"},
        {8, "CREATE DATABASE spare TEMPLATE reviewdb_template_0"},
        {8, "CREATE TABLESPACE spare LOCATION '/tmp'"},
    });
}

TEST_F(AttackWithRoles, attack_9_gives_itself_no_right_and_no_limit) {
    std::vector<Attack> attacks;
    for (const auto* change :
         {"CREATEDB", "CREATEROLE", "CONNECTION LIMIT 1000", "VALID UNTIL 'infinity'", "NOLOGIN",
          "SUPERUSER", "REPLICATION", "BYPASSRLS", "INHERIT"}) {
        attacks.push_back({9, fmt::format("ALTER ROLE {{my_role}} {}", change)});
    }
    attacks.push_back({9, "ALTER ROLE {my_role} RENAME TO another", "0A000"});
    attacks.push_back({9, "COMMENT ON ROLE {my_role} IS 'reviewdb/1 mine'"});
    attacks.push_back({9, "DROP ROLE {my_role}"});
    expect_refused(attacks);
}

TEST_F(AttackWithRoles, attack_10_changes_its_password_until_the_next_create) {
    for (const auto* change : {"PASSWORD 'another'", "PASSWORD NULL"}) {
        SCOPED_TRACE(change);
        execute(mine_, fmt::format("ALTER ROLE {} {}", my_role_, change));
        EXPECT_EQ(refusal(mine_, "SELECT 1"), "28P01");
        EXPECT_EQ(must(create(name_)).outcome, Outcome::repaired);
        EXPECT_EQ(refusal(mine_, "SELECT 1"), "");
        EXPECT_EQ(refusal(theirs_, "SELECT 1"), "");
    }
}

// A setting of its own can keep it from logging in at all; only somebody else can take it back.
TEST_F(AttackWithRoles, attack_11_locks_itself_out_until_the_next_create) {
    for (const auto* where : {"", "IN DATABASE {my_database}"}) {
        const auto setting =
            fmt::format("ALTER ROLE {{my_role}} {} SET local_preload_libraries = 'nowhere'", where);
        SCOPED_TRACE(setting);
        execute(mine_, fill(setting));
        EXPECT_EQ(refusal(mine_, "SELECT 1"), "58P01");
        const auto again = create(name_);
        ASSERT_TRUE(again) << again.error().message << ' ' << again.error().sqlstate;
        EXPECT_EQ(again->outcome, Outcome::repaired);
        EXPECT_EQ(refusal(mine_, "SELECT 1"), "");
    }
}

TEST_F(AttackWithRoles, attack_11_hinders_neither_create_nor_delete_with_defaults_of_its_own) {
    auto attacker = support::connect(mine_);
    const bool transactions_end = support::shared_cluster().major() >= 17;
    for (const auto* setting :
         {transactions_end ? "transaction_timeout = 1" : "lock_timeout = 2",
          "statement_timeout = 1", "default_transaction_read_only = on", "search_path = public",
          "idle_session_timeout = 1", "lock_timeout = 1", "client_connection_check_interval = 0",
          "work_mem = '100GB'", "row_security = off", "role = 'none'"}) {
        for (const auto* where : {"", "IN DATABASE {my_database}"}) {
            const auto sql = fmt::format("ALTER ROLE {{my_role}} {} SET {}", where, setting);
            must(attacker.run({fill(sql)}, support::soon()));
        }
    }
    EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    execute(root(), fill("REVOKE CONNECT ON DATABASE {my_database} FROM {my_role}"));
    EXPECT_EQ(must(create(name_)).outcome, Outcome::repaired);
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
}

TEST_F(AttackWithRoles, attack_12_does_not_lift_a_limit_that_a_superuser_set) {
    execute(root(), fill("ALTER ROLE {my_role} SET temp_file_limit = '1MB'"));
    expect_refused({
        {12, "SET temp_file_limit = -1"},
        {12, "ALTER ROLE {my_role} SET temp_file_limit = -1"},
        {12, "ALTER ROLE {my_role} RESET temp_file_limit"},
        {12, "ALTER ROLE {my_role} RESET ALL", ""},
    });
    auto session = support::connect(mine_);
    must(session.run({"SET work_mem = '64kB'"}, support::soon()));
    const auto spilt = session.run(
        {"SELECT count(*) FROM (SELECT repeat('x', 100) || i FROM generate_series(1, 100000) i "
         "ORDER BY 1 DESC) s"},
        support::soon());
    ASSERT_FALSE(spilt);
    EXPECT_EQ(spilt.error().sqlstate, "53400");
}

TEST_F(AttackWithRoles, attack_13_changes_no_other_role) {
    std::vector<Attack> attacks;
    for (const auto* role :
         {"{their_role}", "reviewdb_manager", "reviewdb_operator", "test_superuser"}) {
        for (const auto* change : {"PASSWORD 'stolen'", "SET work_mem = '1GB'", "NOLOGIN",
                                   "RENAME TO stolen", "CONNECTION LIMIT 0"}) {
            attacks.push_back({13, fmt::format("ALTER ROLE {} {}", role, change)});
        }
        attacks.push_back({13, fmt::format("DROP ROLE {}", role)});
        attacks.push_back({13, fmt::format("COMMENT ON ROLE {} IS 'stolen'", role)});
    }
    attacks.push_back({13, "ALTER ROLE ALL SET work_mem = '1GB'"});
    expect_refused(attacks);
}

TEST_F(AttackWithRoles, attack_14_becomes_nobody_else) {
    std::vector<Attack> attacks;
    for (const auto* role : {"{their_role}", "reviewdb_manager", "reviewdb_operator",
                             "test_superuser", "pg_database_owner"}) {
        attacks.push_back({14, fmt::format("SET ROLE {}", role)});
        attacks.push_back({14, fmt::format("SET SESSION AUTHORIZATION {}", role)});
    }
    expect_refused(attacks);
    EXPECT_EQ(refusal(mine_.with("options", "-c role=reviewdb_manager"), "SELECT 1"), "42501");
}

TEST_F(AttackWithRoles, attacks_15_to_17_change_no_membership) {
    std::vector<Attack> attacks;
    for (const auto* other : {"{their_role}", "reviewdb_manager", "reviewdb_operator"}) {
        attacks.push_back({15, fmt::format("GRANT {{my_role}} TO {}", other)});
        attacks.push_back({16, fmt::format("REVOKE {{my_role}} FROM {}", other)});
        attacks.push_back({17, fmt::format("GRANT {} TO {{my_role}}", other)});
    }
    for (const auto* role :
         {"pg_signal_backend", "pg_read_all_data", "pg_execute_server_program", "pg_monitor"}) {
        attacks.push_back({17, fmt::format("GRANT {} TO {{my_role}}", role)});
    }
    expect_refused(attacks);
}

TEST_F(AttackWithRoles, attack_18_gives_nothing_to_another_environment) {
    expect_refused({
        {18, "ALTER TABLE loot OWNER TO {their_role}"},
        {18, "ALTER TABLE loot OWNER TO reviewdb_manager"},
        {18, "ALTER SCHEMA public OWNER TO {their_role}"},
        {18, "REASSIGN OWNED BY {my_role} TO {their_role}"},
        {18, "REASSIGN OWNED BY {their_role} TO {my_role}"},
        {18, "DROP OWNED BY {their_role}"},
        {18, "CREATE SCHEMA AUTHORIZATION {their_role}"},
        {18, "ALTER DEFAULT PRIVILEGES FOR ROLE {their_role} GRANT ALL ON TABLES TO {my_role}"},
    });
}

}  // namespace
