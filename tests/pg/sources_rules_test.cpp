// SPDX-License-Identifier: Apache-2.0
//
// What a source may hold, bring and be: what exists only elsewhere, input that brings nothing,
// what undoes, and whether a message names the cause.
#include "pg/sources_fixture.h"

namespace {

using base::ErrorKind;
using support::must;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class SourcesRulesTest : public SourcesTest {
   protected:
    base::Result<sources::Report> skip_in(std::string_view script) {
        return fill({.from = {file("a.sql", script)}, .skip_foreign = true});
    }
    template <typename T>
    static std::string hint_of(const base::Result<T>& result) {
        return result ? "it worked" : result.error().hint;
    }
};

TEST_F(SourcesRulesTest, passes_over_what_exists_only_at_the_source) {
    const auto report = must(fill_with(R"(
CREATE SCHEMA s AUTHORIZATION nobody_here;
CREATE SCHEMA AUTHORIZATION nobody_here;
SET default_tablespace = fast_ssd;
CREATE TABLE s.t (a int PRIMARY KEY USING INDEX TABLESPACE fast_ssd) TABLESPACE fast_ssd;
ALTER TABLE s.t OWNER TO nobody_here, ADD COLUMN b int;
ALTER TABLE s.t SET TABLESPACE fast_ssd;
CREATE POLICY p ON s.t TO nobody_here USING (true);
COMMENT ON POLICY p ON s.t IS 'x';
CREATE PUBLICATION dbz FOR ALL TABLES;
CREATE PUBLICATION one FOR TABLE s.t;
CREATE SUBSCRIPTION u CONNECTION 'host=nowhere' PUBLICATION p;
SECURITY LABEL FOR anon ON COLUMN s.t.a IS 'MASKED';
)"));
    EXPECT_THAT(report.notes, UnorderedElementsAre(
                                  "passed over: AUTHORIZATION of CREATE SCHEMA, 2 times",
                                  "passed over: tablespaces", "passed over: TABLESPACE, 3 times",
                                  "passed over: OWNER TO",
                                  "passed over: policies for roles, none of which an environment "
                                  "has",
                                  "passed over: COMMENT ON POLICY",
                                  "passed over: publications of all tables, which only a "
                                  "superuser can make",
                                  "passed over: subscriptions", "passed over: SECURITY LABEL"));
    EXPECT_EQ(ask("SELECT count(*) FROM pg_attribute WHERE attrelid = 's.t'::regclass AND attname "
                  "IN ('a', 'b')"),
              "2");
    EXPECT_EQ(ask("SELECT count(*) FROM pg_namespace WHERE nspname = 'nobody_here'"), "1");
    EXPECT_EQ(ask("SELECT string_agg(pubname, ' ') FROM pg_publication"), "one");
}

TEST_F(SourcesRulesTest, passes_over_what_every_database_has) {
    const auto report = must(fill_with(R"(
CREATE PROCEDURAL LANGUAGE plpgsql;
ALTER PROCEDURAL LANGUAGE plpgsql OWNER TO postgres;
DROP EXTENSION IF EXISTS plpgsql;
DROP SCHEMA IF EXISTS public;
CREATE SCHEMA public;
ALTER SCHEMA public OWNER TO postgres;
CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
COMMENT ON EXTENSION plpgsql IS 'x';
CREATE TABLE public.t (a int);
BEGIN;
CREATE EXTENSION citext;
CREATE EXTENSION citext;
SET no_such_parameter = 1;
COMMIT;
)"));
    EXPECT_THAT(report.notes, Contains("passed over: extensions that the database has already"));
    EXPECT_THAT(report.notes,
                Contains("passed over: what every database has already: plpgsql, 5 times"));
    EXPECT_EQ(ask("SELECT to_regclass('t')"), "t");
}

TEST_F(SourcesRulesTest, skips_and_names_what_needs_a_superuser_when_asked_to) {
    constexpr std::string_view k_script = R"(
SET session_replication_role = replica;
CREATE TABLE t (a int PRIMARY KEY);
CREATE TABLE u (a int REFERENCES t);
CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();
CREATE EXTENSION IF NOT EXISTS pageinspect WITH SCHEMA public;
CREATE EXTENSION no_such_extension;
ALTER TABLE u DISABLE TRIGGER ALL;
BEGIN;
SET LOCAL session_replication_role = replica;
CREATE EXTENSION pg_buffercache;
INSERT INTO t VALUES (1);
COMMIT;
CREATE FUNCTION g() RETURNS int LANGUAGE c AS 'nothing';
)";
    const auto refused = fill_with(k_script);
    EXPECT_THAT(message_of(refused), StartsWith("a.sql:6: CREATE EVENT TRIGGER"));
    EXPECT_THAT(hint_of(refused), HasSubstr("--skip-foreign"));
    EXPECT_EQ(ask("SELECT to_regclass('t') IS NULL"), "true");
    const auto report = must(skip_in(k_script));
    EXPECT_THAT(
        report.notes,
        ElementsAre(HasSubstr("a.sql:2: skipped: SET session_replication_role"),
                    HasSubstr("a.sql:6: skipped: CREATE EVENT TRIGGER"),
                    HasSubstr("a.sql:7: skipped: CREATE EXTENSION IF NOT EXISTS pageinspect"),
                    HasSubstr("a.sql:8: skipped: CREATE EXTENSION no_such_extension"),
                    HasSubstr("a.sql:9: skipped: ALTER TABLE u DISABLE TRIGGER ALL"),
                    HasSubstr("a.sql:11: skipped: SET LOCAL session_replication_role"),
                    HasSubstr("a.sql:12: skipped: CREATE EXTENSION pg_buffercache"),
                    HasSubstr("a.sql:15: skipped: CREATE FUNCTION g()")));
    EXPECT_EQ(ask("SELECT count(*) FROM t"), "1");
    EXPECT_THAT(hint_of(fill_with("SET session_replication_role = replica; SELECT 1;")),
                AllOf(HasSubstr("GRANT SET ON PARAMETER"), HasSubstr("--skip-foreign")));
}

TEST_F(SourcesRulesTest, refuses_input_that_brings_nothing) {
    for (const auto* script :
         {"", "-- nothing here\n",
          "SET a.b = 1;\nSELECT pg_catalog.set_config('search_path', '', false);\n",
          "BEGIN; COMMIT;", "ALTER SCHEMA public OWNER TO x;",
          "--\n-- PostgreSQL database dump\n--\nSET a.b = 1;\n-- PostgreSQL "
          "database dump complete\n"}) {
        const auto refused = fill_with(script);
        ASSERT_FALSE(refused.has_value()) << script;
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
        EXPECT_THAT(message_of(refused), HasSubstr("holds no statement")) << script;
        EXPECT_THAT(refused.error().hint, HasSubstr("--allow-empty")) << script;
        must(fill({.from = {file("a.sql", script)}, .allow_empty = true}));
    }
    EXPECT_EQ(message_of(fill({.run = {"true"}})), "--run changed nothing in the new database");
    must(fill({.run = {"true"}, .allow_empty = true}));
    EXPECT_THAT(must(fill({.run = {"true"}, .from = {file("a.sql", "CREATE TABLE t ();")}})).notes,
                ElementsAre("--run changed nothing in the database"));
    const auto psql = fmt::format("{} -X -q -c 'CREATE TABLE u ()'",
                                  (support::shared_cluster().programs() / "psql").string());
    if (std::filesystem::exists(support::shared_cluster().programs() / "psql")) {
        for (const auto& [name, value] : login_.to_variables()) variables_[name] = value.reveal();
        EXPECT_THAT(must(fill({.run = {psql}})).notes, IsEmpty());
    }
}

TEST_F(SourcesRulesTest, stops_before_what_undoes) {
    file("postgrator/001.do.sql", "CREATE TABLE a ();");
    file("postgrator/001.undo.sql", "DROP TABLE a;");
    file("yoyo/0001.a.sql", "CREATE TABLE a ();");
    file("yoyo/0001.a.rollback.sql", "DROP TABLE a;");
    file("db-migrate/20240101000000-a-up.sql", "CREATE TABLE a ();");
    file("db-migrate/20240101000000-a-down.sql", "DROP TABLE a;");
    file("own/a.sql", "CREATE TABLE a ();");
    file("own/revert_a.sql", "DROP TABLE a;");
    file("supabase/migrations/20240101000000_a.sql", "CREATE TABLE a ();");
    file("graphile/committed/000001.sql", "--! Previous: -\n\nCREATE TABLE a ();");
    for (const auto& [folder, named] :
         {std::pair("postgrator", "001.undo.sql"), std::pair("yoyo", "0001.a.rollback.sql"),
          std::pair("db-migrate", "20240101000000-a-down.sql"), std::pair("own", "revert_a.sql"),
          std::pair("supabase", "Supabase"), std::pair("supabase/migrations", "Supabase"),
          std::pair("graphile", "graphile-migrate"),
          std::pair("graphile/committed", "graphile-migrate")}) {
        const auto refused = prepare({.from = {folder_ / folder}});
        ASSERT_FALSE(refused.has_value()) << folder;
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
        EXPECT_THAT(message_of(refused), HasSubstr(named)) << folder;
        EXPECT_THAT(refused.error().hint, HasSubstr("--run")) << folder;
    }
    EXPECT_EQ(
        message_of(prepare(
            {.from = {file("a.sql", "CREATE TABLE a ();\n-- ==== DOWN ====\nDROP TABLE a;")}})),
        "a.sql:2: '-- ==== DOWN ====': it marks what undoes the rest, which follows on line 3");
}

TEST_F(SourcesRulesTest, takes_for_a_dump_only_what_begins_as_one) {
    must(fill_with("SELECT 1;\n-- made from a PostgreSQL database dump\nSELECT 2;\n"));
    must(fill_with("SELECT 1;\n-- PostgreSQL database dump\nSELECT 2;\n"));
    must(fill_with("-- see PostgreSQL database dump\nSELECT 2;\n"));
    EXPECT_THAT(message_of(fill_with("--\n-- PostgreSQL database dump\n--\nSELECT 1;\n"
                                     "-- not yet: PostgreSQL database dump complete\n")),
                HasSubstr("without its last line"));
}

TEST_F(SourcesRulesTest, refuses_encodings_in_which_statements_cannot_be_told_apart) {
    for (const auto& [name, iconv] :
         {std::pair("SJIS", "CP932"), std::pair("big5", "CP950"), std::pair("GBK", "GBK"),
          std::pair("GB18030", "GB18030"), std::pair("UHC", "CP949"), std::pair("Johab", "JOHAB"),
          std::pair("Shift_JIS_2004", "SHIFT_JISX0213")}) {
        const auto refused = fill_with(fmt::format("SET client_encoding = '{}';\nSELECT 1;", name));
        ASSERT_FALSE(refused.has_value()) << name;
        EXPECT_THAT(message_of(refused), AllOf(StartsWith("a.sql:1: "), HasSubstr(name)));
        EXPECT_THAT(refused.error().hint, HasSubstr(fmt::format("iconv -f {} -t UTF-8", iconv)));
    }
    EXPECT_THAT(message_of(fill_with("SELECT set_config('client_encoding', 'SJIS', false); "
                                     "SELECT 1;")),
                HasSubstr("SJIS"));
    must(fill_with("SET client_encoding = 'EUC_JP';\nSELECT 1;"));
}

TEST_F(SourcesRulesTest, names_the_cause_of_a_failure) {
    const auto mixed = fill_with(
        "pg_dump: last built-in OID is 16383\npg_dump: reading\n--\n\n\\restrict "
        "Ab\nSET client_encoding = 'UTF8';\n");
    EXPECT_EQ(message_of(mixed),
              "a.sql:1: 'pg_dump: last built-in OID is 16383': this is a message of "
              "pg_dump, not SQL");
    EXPECT_THAT(hint_of(mixed), HasSubstr("2>&1"));
    EXPECT_THAT(message_of(fill_with("SELECT 1\n\\restrict Ab\n")),
                StartsWith("a.sql:1: SELECT 1: this does not end before \\restrict Ab on line 2"));
    const std::vector<std::pair<std::string, std::string>> hints{
        {"SELECT '\xe9';", "iconv"},
        {"SELECT :name;", "psql's variables"},
        {"SELECT :'name';", "psql's variables"},
        {"CREATE TABLE t (a int)\nGO\nCREATE TABLE u (a int)\nGO\n", "semicolon"},
        {"--\n-- PostgreSQL database dump\n--\nALTER TABLE ONLY t DROP CONSTRAINT c;\n-- "
         "PostgreSQL "
         "database dump complete\n",
         "--if-exists"},
        {"--\n-- PostgreSQL database dump\n--\nDROP TABLE t;\n-- PostgreSQL database dump "
         "complete\n",
         "--if-exists"},
        {"--\n-- PostgreSQL database dump\n--\n-- Dumped from database version 99.1\nCREATE NEW "
         "THING "
         "x;\n-- PostgreSQL database dump complete\n",
         "Postgres 99"},
        {"ALTER TABLE t DISABLE TRIGGER ALL;", "--disable-triggers"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"},
        {"\n<!DOCTYPE html>\n<html>", "curl"},
        {"{\"message\": \"Not Found\"}", "curl"},
    };
    for (const auto& [script, hint] : hints) {
        const auto refused = fill_with(script);
        ASSERT_FALSE(refused.has_value()) << script;
        EXPECT_THAT(refused.error().hint, HasSubstr(hint)) << message_of(refused);
    }
}

TEST_F(SourcesRulesTest, tells_errors_of_a_source_as_the_sources) {
    const auto nowhere = login_.with("dbname", "no_such_database").to_uri().reveal();
    const auto refused = prepare({.from = {nowhere}});
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message,
                AllOf(StartsWith("--from postgresql://"), HasSubstr("/no_such_database: ")));
    EXPECT_EQ(refused.error().sqlstate, "");
    EXPECT_THAT(refused.error().message, Not(HasSubstr("only for a test")));
    EXPECT_THAT(message_of(prepare({.from = {"host=h password=s3cr3tpw nonsense"}})),
                Not(HasSubstr("s3cr3tpw")));
    EXPECT_FALSE(sources::can_be_kept("host=h password=s3cr3tpw"));
    EXPECT_FALSE(sources::can_be_kept("jdbc:postgresql://h/x?password=s3cr3tpw"));
    EXPECT_TRUE(sources::can_be_kept("a.sql"));
}

}  // namespace
