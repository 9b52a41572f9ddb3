// SPDX-License-Identifier: Apache-2.0
#include "sources/clauses.h"

#include <gtest/gtest.h>

#include "base/words.h"

namespace {

using sources::Backslash;

// The statement without such clauses, with single blanks; "-" when it has none.
std::string lean(std::string_view statement) {
    const auto cut = sources::without_source_clauses(statement, Backslash::letter);
    if (!cut) return "-";
    EXPECT_TRUE(cut->sql.empty() || cut->sql.size() == statement.size()) << statement;
    auto text = base::presentable(cut->sql);
    while (text.ends_with(' ')) text.pop_back();
    return text;
}

TEST(Clauses, that_name_a_role_or_a_tablespace_are_left_out) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"CREATE SCHEMA s AUTHORIZATION bob", "CREATE SCHEMA s"},
        {"CREATE SCHEMA IF NOT EXISTS s AUTHORIZATION \"Bob\" CREATE TABLE t ()",
         "CREATE SCHEMA IF NOT EXISTS s CREATE TABLE t ()"},
        {"CREATE SCHEMA AUTHORIZATION bob", "CREATE SCHEMA bob"},
        {"CREATE TABLE t (a int) TABLESPACE fast", "CREATE TABLE t (a int)"},
        {"CREATE TABLE t (a int PRIMARY KEY USING INDEX TABLESPACE fast)",
         "CREATE TABLE t (a int PRIMARY KEY )"},
        {"CREATE UNIQUE INDEX i ON t (a) TABLESPACE \"Fast\" WHERE a > 1",
         "CREATE UNIQUE INDEX i ON t (a) WHERE a > 1"},
        {"CREATE MATERIALIZED VIEW v TABLESPACE fast AS SELECT 1",
         "CREATE MATERIALIZED VIEW v AS SELECT 1"},
        {"ALTER TABLE t ADD a int, OWNER TO x", "ALTER TABLE t ADD a int"},
        {"ALTER TABLE t OWNER TO x, ADD a int", "ALTER TABLE t ADD a int"},
        {"ALTER TABLE t ADD a int, OWNER TO x, ADD b int", "ALTER TABLE t ADD a int, ADD b int"},
        {"ALTER TABLE t SET TABLESPACE fast", ""},
        {"ALTER INDEX i SET TABLESPACE fast NOWAIT", ""},
        {"ALTER TABLE t OWNER TO x, SET TABLESPACE y", ""},
        {"ALTER TABLE t ADD CONSTRAINT c UNIQUE (a) USING INDEX TABLESPACE fast",
         "ALTER TABLE t ADD CONSTRAINT c UNIQUE (a)"},
    };
    for (const auto& [statement, expected] : cases) EXPECT_EQ(lean(statement), expected);
}

TEST(Clauses, that_only_look_like_it_stay) {
    for (const auto* statement :
         {"CREATE TABLE tablespace (owner int, authorization_code text)",
          "CREATE TABLE t (tablespace text)",
          "CREATE TABLE t AS SELECT tablespace x FROM pg_tables",
          "CREATE INDEX tablespace ON t (a)", "CREATE INDEX i ON tablespace USING btree (a)",
          "CREATE SCHEMA s AUTHORIZATION CURRENT_USER", "CREATE SCHEMA owner",
          "CREATE VIEW v AS SELECT 'TABLESPACE x'", "ALTER TABLE t RENAME a TO owner",
          "ALTER TABLE t RENAME owner TO x",
          "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT tablespace FROM pg_tables'"}) {
        EXPECT_EQ(lean(statement), "-") << statement;
    }
}

}  // namespace
