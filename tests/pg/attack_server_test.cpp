// SPDX-License-Identifier: Apache-2.0
//
// Attacks on the server and the machine that it runs on: files, programs, code, extensions,
// administration, catalogs.
#include <fmt/format.h>

#include "attack_test.h"
#include "support/sql.h"

namespace {

using support::ask;
using support::refusal;

using AttackOnServer = AttackTest;

TEST_F(AttackOnServer, attacks_26_and_27_reach_no_file_and_run_no_program) {
    expect_refused({
        {26, "SELECT pg_read_file('PG_VERSION')"},
        {26, "SELECT pg_read_file('PG_VERSION', 0, 10, true)"},
        {26, "SELECT pg_read_binary_file('PG_VERSION')"},
        {26, "SELECT pg_ls_dir('.')"},
        {26, "SELECT pg_ls_logdir()"},
        {26, "SELECT pg_ls_waldir()"},
        {26, "SELECT pg_ls_tmpdir()"},
        {26, "SELECT pg_ls_archive_statusdir()"},
        {26, "SELECT pg_stat_file('PG_VERSION')"},
        {26, "SELECT pg_current_logfile()"},
        {26, "SELECT lo_import('/etc/passwd')"},
        {26, "SELECT lo_export(lo_create(0), '/tmp/exported')"},
        {27, "COPY loot FROM '/etc/passwd'"},
        {27, "COPY loot TO '/tmp/exported'"},
        {27, "COPY (SELECT 1) TO '/tmp/exported'"},
        {27, "COPY loot FROM PROGRAM 'id'"},
        {27, "COPY (SELECT 1) TO PROGRAM 'cat'"},
    });
}

TEST_F(AttackOnServer, attack_28_loads_no_code) {
    expect_refused({
        {28, "CREATE FUNCTION f() RETURNS integer LANGUAGE c AS 'libc.so.6', 'getpid'"},
        {28, "CREATE FUNCTION f() RETURNS integer LANGUAGE internal AS 'pg_backend_pid'"},
        {28, "LOAD 'auto_explain'"},
        {28, "LOAD '/tmp/evil.so'"},
        {28, "CREATE LANGUAGE evil HANDLER plpgsql_call_handler"},
        {28, "CREATE TRUSTED LANGUAGE evil HANDLER plpgsql_call_handler"},
        {28, "CREATE ACCESS METHOD evil TYPE INDEX HANDLER bthandler"},
        {28, "CREATE EXTENSION plperlu", "42501", "plperlu"},
        {28, "CREATE EXTENSION plpython3u", "42501", "plpython3u"},
        {28, "CREATE EXTENSION pltclu", "42501", "pltclu"},
    });
}

TEST_F(AttackOnServer, attack_29_makes_no_untrusted_extension) {
    std::vector<Attack> attacks;
    for (const auto* extension :
         {"dblink", "postgres_fdw", "file_fdw", "pageinspect", "pg_stat_statements", "adminpack",
          "pg_buffercache", "pgrowlocks", "pg_visibility", "amcheck"}) {
        attacks.push_back({29, fmt::format("CREATE EXTENSION {}", extension), "42501", extension});
    }
    expect_refused(attacks);
}

TEST_F(AttackOnServer,
       attack_30_logs_in_nowhere_without_a_password_through_a_dblink_that_is_there) {
    if (!support::refusal(root(my_database_), "CREATE EXTENSION dblink").empty()) {
        GTEST_SKIP() << "the server has no dblink, or cannot load it";
    }
    const auto port = support::shared_cluster().port();
    for (const auto* user : {"test_superuser", "reviewdb_operator", "postgres"}) {
        EXPECT_EQ(refusal(mine_, fmt::format("SELECT dblink_connect('host=127.0.0.1 port={} "
                                             "dbname=postgres user={}')",
                                             port, user)),
                  "2F003")
            << user;
    }
    EXPECT_EQ(refusal(mine_, "SELECT dblink_connect_u('dbname=postgres')"), "42501");
}

TEST_F(AttackOnServer, attack_32_makes_nothing_that_reaches_beyond_its_database) {
    expect_refused({
        {32, "CREATE FUNCTION on_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
         ""},
        {32, "CREATE EVENT TRIGGER evil ON ddl_command_start EXECUTE FUNCTION on_event()"},
        {32,
         "CREATE SUBSCRIPTION evil CONNECTION 'dbname=reviewdb' PUBLICATION p WITH "
         "(connect = false)"},
        {32, "SELECT pg_create_physical_replication_slot('evil')"},
        {32, "SELECT pg_create_logical_replication_slot('evil', 'pgoutput')"},
        {32, "CREATE PUBLICATION evil FOR ALL TABLES"},
        {32, "CREATE PUBLICATION evil FOR TABLES IN SCHEMA public"},
        {32, "CREATE FOREIGN DATA WRAPPER evil"},
        {32, "CREATE OPERATOR FAMILY evil USING btree"},
        {32, "CREATE OPERATOR CLASS evil FOR TYPE integer USING btree AS STORAGE integer"},
        {32, "CREATE CAST (text AS integer) WITH INOUT AS IMPLICIT"},
    });
}

TEST_F(AttackOnServer, attack_33_administers_nothing) {
    expect_refused({
        {33, "ALTER SYSTEM SET work_mem = '1GB'"},
        {33, "ALTER SYSTEM RESET ALL"},
        {33, "SELECT pg_reload_conf()"},
        {33, "SELECT pg_rotate_logfile()"},
        {33, "CHECKPOINT"},
        {33, "SELECT pg_switch_wal()"},
        {33, "SELECT pg_create_restore_point('evil')"},
        {33, "SELECT pg_promote()"},
        {33, "SELECT pg_backup_start('evil')"},
        {33, "SELECT pg_stat_reset()"},
        {33, "SELECT pg_stat_reset_shared('bgwriter')"},
        {33, "SELECT pg_log_backend_memory_contexts(pg_backend_pid())"},
    });
}

TEST_F(AttackOnServer, attack_35_neither_changes_nor_locks_a_shared_catalog) {
    std::vector<Attack> attacks{
        {35, "UPDATE pg_authid SET rolsuper = true"},
        {35, "UPDATE pg_database SET datallowconn = false"},
        {35, "DELETE FROM pg_db_role_setting"},
        {35, "DELETE FROM pg_shdepend"},
        {35, "INSERT INTO pg_auth_members SELECT * FROM pg_auth_members"},
        {35, "UPDATE pg_class SET relowner = 10"},
        {35, "ALTER TABLE pg_authid ADD COLUMN evil integer"},
        {35, "CREATE INDEX evil ON pg_database (datname)"},
    };
    for (const auto* table : {"pg_authid", "pg_database", "pg_shdepend", "pg_auth_members"}) {
        for (const auto* mode : {"ACCESS EXCLUSIVE", "EXCLUSIVE", "SHARE", "ROW EXCLUSIVE"}) {
            attacks.push_back(
                {35, fmt::format("DO 'BEGIN LOCK TABLE {} IN {} MODE; END'", table, mode)});
        }
        attacks.push_back({35, fmt::format("REINDEX TABLE {}", table)});
    }
    expect_refused(attacks);
}

// Postgres skips, with a warning, what the role does not own: the file stays the same one.
TEST_F(AttackOnServer, attack_35_rewrites_no_shared_catalog) {
    const std::string files =
        "SELECT string_agg(pg_relation_filepath(oid), ' ' ORDER BY oid) AS value FROM pg_class "
        "WHERE relisshared";
    const auto before = ask(root(), files);
    expect_refused({{35, "VACUUM FULL pg_authid", ""}, {35, "VACUUM FULL pg_database", ""}});
    EXPECT_EQ(ask(root(), files), before);
}

TEST_F(AttackOnServer, attack_36_changes_no_setting_of_a_superuser) {
    std::vector<Attack> attacks;
    for (const auto* setting :
         {"session_replication_role = 'replica'", "log_statement = 'none'",
          "log_min_duration_statement = -1", "log_min_messages = 'panic'",
          "log_min_error_statement = 'panic'", "track_activities = off", "deadlock_timeout = '1h'",
          "session_preload_libraries = 'auto_explain'", "zero_damaged_pages = on",
          "allow_system_table_mods = on", "dynamic_library_path = '/tmp'",
          "max_stack_depth = '7MB'"}) {
        attacks.push_back({36, fmt::format("SET {}", setting)});
        attacks.push_back({36, fmt::format("ALTER ROLE {{my_role}} SET {}", setting)});
    }
    expect_refused(attacks);
}

}  // namespace
