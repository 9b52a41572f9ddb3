// SPDX-License-Identifier: Apache-2.0
//
// Scripts and commands of others, poured into a database as a role that is no superuser.
#include <sys/stat.h>

#include <cstdlib>
#include <thread>

#include "pg/sources_fixture.h"

namespace {

using base::ErrorKind;
using support::must;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST_F(SourcesTest, runs_a_script_as_its_role) {
    const auto report = must(fill_with(R"(
CREATE TABLE t (id int PRIMARY KEY, name text);
BEGIN; INSERT INTO t VALUES (1, 'a;b'); COMMIT;
COPY t (id, name) FROM stdin;
2	c\\d
3	\N
\.
CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN count(*) FROM t; END $$;
VACUUM t;
SELECT generate_series(1, 100000);
COPY t TO STDOUT;
PREPARE p (int) AS SELECT $1;
EXECUTE p (1);
CREATE FUNCTION g(int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT $1; SELECT $1 + 1; END;
INSERT INTO t VALUES (4, 'the last one has no semicolon'))"));
    EXPECT_EQ(report.statements, 13U);
    EXPECT_THAT(report.notes, IsEmpty());
    EXPECT_EQ(ask("SELECT f()"), "4");
    EXPECT_EQ(ask("SELECT g(1)"), "2");
    EXPECT_EQ(ask("SELECT string_agg(coalesce(name, '-'), ',' ORDER BY id) FROM t WHERE id < 4"),
              "a;b,c\\d,-");
    EXPECT_EQ(foreign_objects(), "0");
}

TEST_F(SourcesTest, leaves_no_session_behind) {
    must(fill_with("SELECT 1;"));
    ASSERT_FALSE(fill_with("SELECT 1/0;").has_value());
    EXPECT_EQ(support::ask(support::shared_cluster().superuser(),
                           fmt::format("SELECT count(*)::text AS value FROM pg_stat_activity "
                                       "WHERE datname = '{}'",
                                       name_)),
              "0");
}

// `text` with each `from` in it as `to`.
std::string with(std::string text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

// A trusted extension that every server has stands for one that few have, and what 15 has for
// what 18 has.
TEST_F(SourcesTest, takes_a_dump_that_names_owners) {
    std::ifstream original(dump("pagila-schema.dump"));
    std::string script(std::istreambuf_iterator<char>(original), {});
    script = with(script, "public.vector(20)", "public.citext");
    script = with(script, "EXTENSION vector", "EXTENSION citext");
    script = with(script, "EXTENSION IF NOT EXISTS vector", "EXTENSION IF NOT EXISTS citext");
    script = with(script, "USING hnsw (embedding public.vector_cosine_ops)", "(embedding)");
    script = with(script, "uuidv7()", "gen_random_uuid()");
    script = with(script, ") VIRTUAL", ") STORED");
    const auto report = must(fill_with(script));
    EXPECT_THAT(report.notes, Contains(StartsWith("passed over: ALTER … OWNER TO, ")));
    EXPECT_THAT(report.notes, Contains("passed over: COMMENT ON EXTENSION"));
    EXPECT_EQ(ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "71");
    EXPECT_EQ(ask("SELECT count(*) FROM pg_views WHERE schemaname = 'public'"), "7");
    EXPECT_EQ(ask("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0"),
              "16");
    EXPECT_EQ(foreign_objects(), "0");
}

TEST_F(SourcesTest, refuses_a_script_for_a_database_of_its_own_before_anything_is_done) {
    const auto script = dump("chinook-beginning.dump");
    const auto refused = prepare({.from = {script}});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(refused.error().message, script +
                                           ":19: DROP DATABASE IF EXISTS chinook: it is about "
                                           "a database as a whole");
    EXPECT_THAT(refused.error().hint, AllOf(HasSubstr("--create"), HasSubstr("--skip-foreign")));
    const auto report = must(fill({.from = {script}, .skip_foreign = true}));
    EXPECT_THAT(report.notes,
                testing::ElementsAre(script + ":19: skipped: DROP DATABASE IF EXISTS chinook",
                                     script + ":25: skipped: CREATE DATABASE chinook",
                                     script + ":28: skipped: \\c chinook;"));
    EXPECT_EQ(ask("SELECT count(*) FROM genre"), "25");
    EXPECT_EQ(ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "11");
}

TEST_F(SourcesTest, says_which_line_of_which_statement_postgres_refuses) {
    const auto refused =
        fill_with("CREATE TABLE t (a int);\n\nSELECT a,\n  'secret',\n  b\nFROM t;");
    EXPECT_EQ(message_of(refused),
              "a.sql:5: SELECT a, '…', b FROM t: column \"b\" does not exist (SQLSTATE 42703)");
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(refused.error().sqlstate, "42703");
    EXPECT_EQ(message_of(fill_with("SELECT 1;\n\n-- é\nSELECT 'é',\n1/0;")),
              "a.sql:4: SELECT '…', 1/0: division by zero (SQLSTATE 22012)");
}

TEST_F(SourcesTest, says_what_is_wrong_with_data) {
    EXPECT_EQ(message_of(fill_with("CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\nx\n\\.\n")),
              "a.sql:2: COPY t FROM stdin: invalid input syntax for type integer: \"x\" [COPY t, "
              "line 2, column a: \"x\"] (SQLSTATE 22P02)");
    EXPECT_THAT(message_of(fill_with("CREATE TABLE u (a int);\nCOPY u FROM stdin;\n1\n")),
                HasSubstr("a.sql:2: the script ends in the data of the COPY that begins here"));
    // It was seen before anything was done.
    EXPECT_EQ(ask("SELECT to_regclass('u') IS NULL"), "true");
    EXPECT_THAT(message_of(fill_with("COPY nothing FROM stdin;\n1\n\\.\n")),
                HasSubstr("a.sql:1: COPY nothing FROM stdin: relation"));
}

TEST_F(SourcesTest, stops_at_the_first_failure) {
    ASSERT_FALSE(fill_with("CREATE TABLE a (); SELECT 1/0; CREATE TABLE b ();").has_value());
    EXPECT_EQ(ask("SELECT to_regclass('a') IS NULL"), "false");
    EXPECT_EQ(ask("SELECT to_regclass('b') IS NULL"), "true");
}

TEST_F(SourcesTest, does_not_take_a_transaction_that_is_left_open) {
    EXPECT_EQ(message_of(fill_with("SELECT 1;\nBEGIN;\nCREATE TABLE a ();")),
              "a.sql:2: the script ends in the transaction that begins here");
    EXPECT_EQ(ask("SELECT to_regclass('a') IS NULL"), "true");
}

TEST_F(SourcesTest, passes_over_what_the_server_does_not_know_or_has) {
    const auto report = must(fill_with(
        "SET no_such_parameter = 1;\nCREATE SCHEMA public;\nCREATE SCHEMA public AUTHORIZATION x;\n"
        "CREATE TABLE t ();\nGRANT ALL ON t TO nobody_here;\nALTER TABLE t OWNER TO nobody_here;"));
    EXPECT_THAT(
        report.notes,
        testing::UnorderedElementsAre(
            "passed over: SET no_such_parameter = 1, which this server does not know",
            "passed over: GRANT and REVOKE that name roles", "passed over: ALTER … OWNER TO"));
    must(fill_with("DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE t ();"));
    EXPECT_EQ(ask("SELECT to_regclass('t')"), "t");
    // Only of a SET.
    EXPECT_THAT(message_of(fill_with("SELECT 'x'::no_such_type;")), HasSubstr("42704"));
}

TEST_F(SourcesTest, says_why_an_extension_cannot_be_made) {
    const auto refused = fill_with("CREATE EXTENSION pageinspect;");
    EXPECT_EQ(refused.error().sqlstate, "42501");
    EXPECT_THAT(refused.error().hint, HasSubstr("reviewdb init --extension"));
    const auto missing = fill_with("CREATE EXTENSION no_such_extension;");
    EXPECT_THAT(missing.error().hint, HasSubstr("pg_available_extensions"));
    must(fill_with("CREATE EXTENSION citext;"));
}

TEST_F(SourcesTest, copies_more_than_a_connection_holds) {
    std::string script = "CREATE TABLE t (id int, filling text);\nCOPY t FROM stdin;\n";
    constexpr int k_rows = 40000;
    for (int i = 0; i < k_rows; ++i) {
        script += fmt::format("{}\t{}\n", i, std::string(200, static_cast<char>('a' + i % 26)));
    }
    script += "\\.\n";
    EXPECT_EQ(must(fill_with(script)).statements, 2U);
    EXPECT_EQ(ask("SELECT count(*) || ' ' || sum(id) || ' ' || sum(length(filling)) FROM t"),
              fmt::format("{} {} {}", k_rows, 1LL * k_rows * (k_rows - 1) / 2, k_rows * 200));
}

TEST_F(SourcesTest, reads_strings_as_the_server_does) {
    must(
        fill_with("CREATE TABLE t (a text);\nSET standard_conforming_strings = off;\n"
                  "SET escape_string_warning = off;\nINSERT INTO t VALUES ('it\\'s; one');\n"
                  "SET standard_conforming_strings = on;\nINSERT INTO t VALUES ('\\');"));
    EXPECT_EQ(ask("SELECT string_agg(a, '|' ORDER BY a DESC) FROM t"), "it's; one|\\");
}

TEST_F(SourcesTest, survives_a_script_that_floods) {
    must(
        fill_with("DO $$ BEGIN FOR i IN 1..50000 LOOP RAISE NOTICE '%', repeat('x', 100); END "
                  "LOOP; END $$;"));
    const auto refused =
        fill_with("DO $$ BEGIN RAISE EXCEPTION '%', repeat(E'\\x1b[2J', 100000); END $$;");
    EXPECT_LT(refused.error().message.size(), 2000U);
    EXPECT_THAT(refused.error().message, Not(HasSubstr("\x1b")));
}

TEST_F(SourcesTest, reads_no_row_that_would_fill_its_memory) {
    constexpr std::string_view k_much = "SELECT repeat('x', 200000000)";
    EXPECT_THAT(message_of(fill_with(fmt::format("{};", k_much))),
                HasSubstr("a row or a notice of more than 128 MB"));
    EXPECT_THAT(message_of(fill_with(fmt::format("COPY ({}) TO STDOUT;", k_much))),
                HasSubstr("a row or a notice of more than 128 MB"));
    // Many of them are no one row.
    must(fill_with("SELECT repeat('x', 1000000) FROM generate_series(1, 150);"));
    must(fill_with("COPY (SELECT repeat('x', 1000000) FROM generate_series(1, 150)) TO STDOUT;"));
    must(
        fill_with("DO $$ BEGIN FOR i IN 1..150 LOOP RAISE NOTICE '%', repeat('x', 1000000); END "
                  "LOOP; END $$;"));
}

TEST_F(SourcesTest, takes_what_comes_by_a_pipe) {
    const auto pipe = (folder_ / "pipe").string();
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    std::thread writer([&] { std::ofstream(pipe) << "CREATE TABLE t (); \\! id\n"; });
    const auto source = prepare({.from = {pipe}});
    writer.join();
    ASSERT_TRUE(source.has_value()) << message_of(source);
    // Nobody looked through it before.
    EXPECT_THAT(message_of(source->fill(login_, {}, soon())),
                StartsWith("pipe:1: \\! id: commands of psql"));
    EXPECT_EQ(ask("SELECT to_regclass('t')"), "t");
    EXPECT_EQ(source->fill(login_, {}, soon()).error().kind, ErrorKind::conflict);
}

TEST_F(SourcesTest, gives_up_at_the_deadline) {
    const auto source = must(prepare({.from = {file("a.sql", "SELECT pg_sleep(600);")}}));
    const auto late =
        source.fill(login_, {}, base::Deadline::after(std::chrono::milliseconds(300)));
    ASSERT_FALSE(late.has_value());
    EXPECT_EQ(late.error().kind, ErrorKind::deadline);
    EXPECT_THAT(late.error().message, HasSubstr("a.sql:1: SELECT pg_sleep(600)"));
}

TEST_F(SourcesTest, takes_the_files_of_a_folder_in_the_order_of_their_names) {
    file("sql/02.sql", "INSERT INTO t VALUES (1);");
    file("sql/01.sql", "\xef\xbb\xbf\r\nCREATE TABLE t (a int);\r\n");
    file("sql/README.md", "not SQL");
    const auto source = must(prepare({.from = {folder_ / "sql"}}));
    EXPECT_THAT(must(source.fill(login_, {}, soon())).notes,
                testing::ElementsAre("not taken: " + (folder_ / "sql/README.md").string()));
    EXPECT_EQ(ask("SELECT count(*) FROM t"), "1");
    EXPECT_EQ(source.description(),
              fmt::format("{0}/sql/01.sql, {0}/sql/02.sql", folder_.path().string()));
}

TEST_F(SourcesTest, refuses_before_anything_is_done_what_it_cannot_take) {
    file("prisma/migrations/migration_lock.toml", "");
    file("prisma/migrations/1_init/migration.sql", "SELECT 1;");
    file("dbmate/1_init.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n");
    file("empty/README.md", "");
    const std::vector<std::pair<std::string, std::string>> cases{
        {"prisma/migrations", "--run 'npx prisma migrate deploy'"},
        {"prisma", "--run 'npx prisma migrate deploy'"},
        {"dbmate", "--run 'dbmate"},
        {"dbmate/1_init.sql", "--run 'dbmate"},
        {"empty", "--from FILE"},
    };
    for (const auto& [path, hint] : cases) {
        const auto refused = prepare({.from = {folder_ / path}});
        ASSERT_FALSE(refused.has_value()) << path;
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input) << path;
        EXPECT_THAT(refused.error().hint, HasSubstr(hint)) << path;
    }
    EXPECT_EQ(prepare({.from = {folder_ / "nothing.sql"}}).error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(prepare({}).error().kind, ErrorKind::invalid_input);
}

TEST_F(SourcesTest, does_nothing_for_a_hostile_script) {
    for (const auto* script :
         {"\\! touch /tmp/x", "\\connect postgres", "\\i /etc/passwd", "\\o |id",
          "CREATE ROLE evil SUPERUSER", "ALTER SYSTEM SET fsync = off", "DROP DATABASE postgres",
          "COPY t FROM PROGRAM 'id'", "COPY t FROM '/etc/passwd'", "SET ROLE postgres",
          "GRANT pg_read_all_data TO PUBLIC", "SELECT 'DROP TABLE t' \\gexec"}) {
        const auto refused = prepare({.from = {file("a.sql", script)}});
        ASSERT_FALSE(refused.has_value()) << script;
        EXPECT_THAT(message_of(refused), StartsWith("a.sql:1: ")) << script;
    }
    // What hides from us does not hide from Postgres.
    for (const auto* script :
         {"DO $$ BEGIN EXECUTE 'CREATE ROLE evil'; END $$",
          "DO $$ BEGIN EXECUTE 'COPY pg_class TO PROGRAM ''id'''; END $$",
          "SELECT set_config('role', 'postgres', false)", "SELECT pg_read_file('/etc/passwd')"}) {
        const auto refused = fill_with(script);
        ASSERT_FALSE(refused.has_value()) << script;
        EXPECT_THAT(refused.error().sqlstate, testing::AnyOf("42501", "22023")) << script;
    }
}

TEST_F(SourcesTest, runs_commands_with_the_variables_of_the_database) {
    variables_ = {{"DATABASE_URL", "postgresql://here"}, {"PGUSER", name_}};
    setenv("PGOPTIONS", "-c work_mem=1", 1);  // NOLINT(concurrency-mt-unsafe)
    const auto out = folder_ / "out";
    must(fill({.run = {fmt::format("echo $DATABASE_URL $PGUSER > {}", out.string()),
                       fmt::format("echo ${{PGOPTIONS-none}} >> {}", out.string())},
               .allow_empty = true}));
    unsetenv("PGOPTIONS");  // NOLINT(concurrency-mt-unsafe)
    std::ifstream file(out);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}),
              fmt::format("postgresql://here {}\nnone\n", name_));
}

TEST_F(SourcesTest, says_which_command_failed_and_how) {
    const auto failed = fill({.run = {"true", "exit 3", "touch never"}});
    EXPECT_EQ(message_of(failed), "--run 'exit 3' ended with 3");
    EXPECT_EQ(failed.error().kind, ErrorKind::command_failed);
    EXPECT_EQ(message_of(fill({.run = {"kill -9 $$"}})),
              "--run 'kill -9 $$' was ended by signal 9");
    EXPECT_EQ(message_of(fill({.run = {"false postgres://u:secret@h/d"}})),
              "--run 'false postgres://u:…@h/d' ended with 1");
    const auto source = must(prepare({.run = {"sleep 600"}}));
    const auto late =
        source.fill(login_, {}, base::Deadline::after(std::chrono::milliseconds(100)));
    EXPECT_EQ(late.error().kind, ErrorKind::deadline);
    EXPECT_EQ(source.description(), "run: sleep 600");
}

}  // namespace
