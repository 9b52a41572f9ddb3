// SPDX-License-Identifier: Apache-2.0
#include "sources/judgement.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using sources::Backslash;
using sources::Trait;
using sources::Verdict;

sources::Judgement judge(std::string_view statement) {
    return sources::judge(statement, Backslash::letter);
}

TEST(Judgement, refuses_what_is_about_more_than_this_database) {
    for (const auto* statement : {"CREATE DATABASE x",
                                  "create /* c */ database x",
                                  "DROP DATABASE IF EXISTS x",
                                  "ALTER DATABASE x SET a = 1",
                                  "ALTER DATABASE x OWNER TO y",
                                  "CREATE ROLE x",
                                  "CREATE USER x PASSWORD 'y'",
                                  "CREATE GROUP x",
                                  "ALTER ROLE x SUPERUSER",
                                  "ALTER USER x SET search_path = a",
                                  "DROP ROLE x",
                                  "DROP USER x",
                                  "GRANT a TO b",
                                  "GRANT a, \"B\" TO c WITH ADMIN OPTION",
                                  "REVOKE a FROM b",
                                  "REVOKE ADMIN OPTION FOR a FROM b",
                                  "COPY t FROM PROGRAM 'id'",
                                  "COPY t TO PROGRAM 'id'",
                                  "COPY t FROM '/etc/passwd'",
                                  "COPY (SELECT 1) TO '/tmp/x'",
                                  "COPY t TO E'/tmp/x'",
                                  "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()",
                                  "ALTER EVENT TRIGGER e OWNER TO x",
                                  "DROP EVENT TRIGGER IF EXISTS e",
                                  "COMMENT ON EVENT TRIGGER e IS 'x'",
                                  "ALTER TABLE public.t DISABLE TRIGGER ALL",
                                  "ALTER TABLE ONLY t ENABLE TRIGGER ALL",
                                  "CREATE TABLESPACE x LOCATION '/x'",
                                  "ALTER SYSTEM SET a = 1",
                                  "SET ROLE x",
                                  "SET LOCAL ROLE x",
                                  "SET SESSION ROLE x",
                                  "SET SESSION AUTHORIZATION 'x'",
                                  "SET SESSION SESSION AUTHORIZATION x",
                                  "DROP OWNED BY x",
                                  "REASSIGN OWNED BY x TO y",
                                  "COMMENT ON DATABASE x IS 'y'",
                                  "COMMENT ON ROLE x IS 'y'"}) {
        EXPECT_EQ(judge(statement).verdict, Verdict::foreign) << statement;
        EXPECT_FALSE(judge(statement).what.empty()) << statement;
    }
}

TEST(Judgement, passes_over_who_owns_and_may_use_things) {
    for (const auto* statement :
         {"ALTER TABLE t OWNER TO postgres", "ALTER TABLE ONLY public.t OWNER TO \"Odd\"",
          "ALTER FUNCTION f(a integer, OUT b text) OWNER TO postgres",
          "ALTER SCHEMA public OWNER TO pg_database_owner", "ALTER LARGE OBJECT 12 OWNER TO x",
          "ALTER OPERATOR public.+(a, b) OWNER TO x", "ALTER TABLE t OWNER TO CURRENT_USER",
          "GRANT SELECT ON t TO bob", "GRANT SELECT (a), INSERT ON TABLE t TO PUBLIC, bob",
          "REVOKE ALL ON SCHEMA public FROM postgres", "GRANT ALL ON DATABASE x TO PUBLIC",
          "GRANT SET ON PARAMETER work_mem TO PUBLIC", "GRANT CREATE ON TABLESPACE x TO PUBLIC",
          "REVOKE USAGE ON LANGUAGE sql FROM PUBLIC", "GRANT SELECT ON t TO \"PUBLIC\"",
          "ALTER DEFAULT PRIVILEGES FOR ROLE x IN SCHEMA s GRANT SELECT ON TABLES TO PUBLIC",
          "ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO bob",
          "COMMENT ON EXTENSION x IS 'y'"}) {
        EXPECT_EQ(judge(statement).verdict, Verdict::pass_over) << statement;
        EXPECT_FALSE(judge(statement).what.empty()) << statement;
    }
}

TEST(Judgement, passes_over_what_exists_only_at_the_source_or_everywhere) {
    for (const auto* statement :
         {"CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
          "ALTER SUBSCRIPTION s ENABLE",
          "DROP SUBSCRIPTION s",
          "COMMENT ON SUBSCRIPTION s IS 'x'",
          "CREATE PUBLICATION p FOR ALL TABLES",
          "CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'insert')",
          "CREATE PUBLICATION p FOR TABLES IN SCHEMA s",
          "ALTER PUBLICATION p ADD TABLES IN SCHEMA s",
          "COMMENT ON PUBLICATION p IS 'x'",
          "SECURITY LABEL FOR anon ON COLUMN t.a IS 'MASKED'",
          "SECURITY LABEL FOR p ON ROLE x IS 'y'",
          "CREATE USER MAPPING FOR x SERVER s",
          "CREATE USER MAPPING IF NOT EXISTS FOR \"x\" SERVER s OPTIONS (password 'y')",
          "ALTER USER MAPPING FOR x SERVER s OPTIONS (SET a 'b')",
          "DROP USER MAPPING FOR x SERVER s",
          "CREATE POLICY p ON t TO authenticated USING (true)",
          "CREATE POLICY p ON t AS PERMISSIVE FOR SELECT TO \"anon\", PUBLIC WITH CHECK (true)",
          "ALTER POLICY p ON t TO bob",
          "COMMENT ON POLICY p ON t IS 'x'",
          "SET default_tablespace = fast_ssd",
          "SET LOCAL temp_tablespaces TO 'a'",
          "ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b",
          "CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog",
          "DROP EXTENSION IF EXISTS plpgsql",
          "CREATE PROCEDURAL LANGUAGE plpgsql",
          "CREATE OR REPLACE PROCEDURAL LANGUAGE plpgsql",
          "CREATE TRUSTED LANGUAGE 'plpgsql'",
          "ALTER PROCEDURAL LANGUAGE plpgsql OWNER TO postgres",
          "DROP LANGUAGE IF EXISTS plpgsql",
          "COMMENT ON LANGUAGE plpgsql IS 'x'",
          "DROP SCHEMA IF EXISTS public",
          "DROP SCHEMA \"public\""}) {
        EXPECT_EQ(judge(statement).verdict, Verdict::pass_over) << statement;
        EXPECT_FALSE(judge(statement).what.empty()) << statement;
    }
}

TEST(Judgement, knows_what_leaves_nothing_behind) {
    for (const auto* statement :
         {"SET a = 1", "RESET a", "BEGIN", "COMMIT", "SHOW a", "CREATE SCHEMA public",
          "SELECT pg_catalog.set_config('search_path', '', false)",
          "COMMENT ON SCHEMA public IS 'x'"}) {
        EXPECT_FALSE(judge(statement).brings) << statement;
    }
    for (const auto* statement : {"SELECT 1", "CREATE TABLE t ()", "CREATE EXTENSION citext",
                                  "INSERT INTO t VALUES (1)", "DO $$ BEGIN NULL; END $$"}) {
        EXPECT_TRUE(judge(statement).brings) << statement;
    }
}

TEST(Judgement, tells_which_encoding_is_set) {
    EXPECT_EQ(judge("SET client_encoding = 'SJIS'").encoding, "SJIS");
    EXPECT_EQ(judge("SET NAMES 'big5'").encoding, "big5");
    EXPECT_EQ(judge("SET search_path = a").encoding, "");
}

TEST(Judgement, lets_everything_else_run) {
    for (const auto* statement :
         {"SELECT 1",
          "CREATE TABLE database (role int)",
          "CREATE USER MAPPING FOR CURRENT_USER SERVER s",
          "CREATE POLICY p ON t USING (a = current_user)",
          "CREATE POLICY p ON t TO CURRENT_USER, PUBLIC",
          "ALTER POLICY p ON t RENAME TO q",
          "DROP POLICY p ON t",
          "CREATE PUBLICATION p FOR TABLE t",
          "ALTER PUBLICATION p ADD TABLE ONLY public.t",
          "SET default_tablespace = ''",
          "SET default_tablespace = DEFAULT",
          "DROP SCHEMA public CASCADE",
          "CREATE EXTENSION plpgsql_check",
          "ALTER TABLE t DISABLE TRIGGER USER",
          "CREATE TABLE \"database\" ()",
          "CREATE VIEW v AS SELECT 'CREATE ROLE x'",
          "INSERT INTO t VALUES ('DROP DATABASE x')",
          "GRANT SELECT ON t TO PUBLIC",
          "REVOKE USAGE ON SCHEMA public FROM PUBLIC CASCADE",
          "GRANT ALL ON t TO CURRENT_USER WITH GRANT OPTION",
          "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
          "ALTER TABLE t ADD a int, OWNER TO x",
          "ALTER TABLE t RENAME a TO owner",
          "ALTER TABLE t RENAME owner TO holder",
          "ALTER TABLE t RENAME COLUMN owner TO holder",
          "SET ROLE NONE",
          "SET SESSION AUTHORIZATION DEFAULT",
          "COMMENT ON TABLE t IS 'x'",
          "COPY (SELECT * FROM t) TO STDOUT",
          "DO $$ BEGIN CREATE ROLE x; END $$",
          "DROP TABLE t",
          "CREATE OR REPLACE FUNCTION role() RETURNS int LANGUAGE sql AS 'SELECT 1'",
          ";",
          "1",
          "$",
          "'x'",
          ""}) {
        EXPECT_EQ(judge(statement).verdict, Verdict::run) << statement;
    }
}

TEST(Judgement, says_what_somebody_who_runs_it_has_to_know) {
    const std::vector<std::pair<std::string, Trait>> cases{
        {"SET search_path = a", Trait::set},
        {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", Trait::set},
        {"SELECT 1", Trait::none},
        {"CREATE EXTENSION IF NOT EXISTS citext", Trait::make_extension},
        {"CREATE SCHEMA public", Trait::make_public},
        {"CREATE SCHEMA \"public\" AUTHORIZATION x", Trait::make_public},
        {"CREATE SCHEMA \"PUBLIC\"", Trait::none},
        {"CREATE SCHEMA public CREATE TABLE t ()", Trait::none},
        {"CREATE SCHEMA IF NOT EXISTS public", Trait::none},
        {"BEGIN", Trait::transaction},
        {"start transaction isolation level serializable", Trait::transaction},
        {"COMMIT PREPARED 'x'", Trait::transaction},
        {"ROLLBACK TO s", Trait::transaction},
        {"PREPARE TRANSACTION 'x'", Trait::transaction},
        {"PREPARE p AS SELECT 1", Trait::none},
        {"COPY t (a, b) FROM stdin", Trait::copy_in},
        {"copy \"from\".t from STDIN with (format csv)", Trait::copy_in},
        {"COPY t FROM STDOUT", Trait::copy_in},
        {"COPY t TO STDOUT", Trait::none},
    };
    for (const auto& [statement, trait] : cases) {
        EXPECT_EQ(judge(statement).trait, trait) << statement;
    }
}

TEST(Judgement, tells_how_strings_are_read_from_then_on) {
    EXPECT_EQ(judge("SET standard_conforming_strings = off").backslash, Backslash::escape);
    EXPECT_EQ(judge("SET standard_conforming_strings TO 'off'").backslash, Backslash::escape);
    EXPECT_EQ(judge("SET standard_conforming_strings = on").backslash, Backslash::letter);
    EXPECT_EQ(judge("SET search_path = off").backslash, std::nullopt);
}

TEST(Judgement, knows_the_commands_of_psql_that_dumps_hold) {
    EXPECT_EQ(sources::judge_command("\\restrict x").verdict, Verdict::run);
    EXPECT_EQ(sources::judge_command("\\unrestrict x").verdict, Verdict::run);
    for (const auto* command : {"\\connect x", "\\c", "\\! id", "\\i x", "\\copy t from x",
                                "\\o |id", "\\gexec", "\\;", "\\", "\\restricted"}) {
        EXPECT_EQ(sources::judge_command(command).verdict, Verdict::foreign) << command;
    }
    EXPECT_EQ(sources::judge_command("\\copy t FROM STDIN").trait, Trait::copy_in);
    EXPECT_EQ(sources::judge_command("\\copy t from 'x'").trait, Trait::none);
}

TEST(Judgement, shows_the_beginning_of_a_statement_and_no_string) {
    EXPECT_EQ(sources::excerpt("CREATE ROLE x\n  PASSWORD 'secret' -- why", Backslash::letter),
              "CREATE ROLE x PASSWORD '…'");
    EXPECT_EQ(sources::excerpt("DO $$ secret $$", Backslash::letter), "DO '…'");
    EXPECT_EQ(sources::excerpt("SELECT 'cut off", Backslash::letter), "SELECT '…'");
    EXPECT_EQ(sources::excerpt("SELECT \"\x1b[2J\"", Backslash::letter), "SELECT \"?[2J\"");
    EXPECT_LE(sources::excerpt(std::string(10000, 'x'), Backslash::letter).size(), 103U);
}

}  // namespace
