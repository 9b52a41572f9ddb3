// SPDX-License-Identifier: Apache-2.0
//
// Deleting an environment that has left something behind, in its own database or in other people's:
// what its role owned goes with it, what others gave it is named until they take it back.
#include <fmt/format.h>

#include <algorithm>

#include "deletion_test.h"
#include "server/inspect.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using environment::Outcome;
using support::ask;
using support::execute;
using support::must;

class Remains : public DeletionTest {
   protected:
    void SetUp() override {
        DeletionTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        make();
        execute(root(), "CREATE DATABASE " + foreign_);
        execute(root(foreign_), "GRANT CREATE ON SCHEMA public TO PUBLIC");
        execute(root(foreign_), "CREATE TABLE theirs (id integer)");
        execute(root(foreign_), "INSERT INTO theirs VALUES (1)");
    }
    void TearDown() override {
        if (role_.empty()) return;
        EXPECT_EQ(ask(root(foreign_), "SELECT count(*)::text AS value FROM theirs"), "1");
        execute(root(), "DROP DATABASE " + foreign_);
        expect_nothing_left();
    }
    // Deleting is done but for the role, which stays without login; it says for what.
    void expect_pinned(const std::string& by) const {
        const auto removed = must(remove(name_));
        EXPECT_EQ(removed.outcome, Outcome::deleted);
        ASSERT_EQ(removed.remarks.size(), 1U);
        EXPECT_THAT(removed.remarks[0],
                    testing::AllOf(testing::HasSubstr(role_), testing::HasSubstr(by)));
        EXPECT_EQ(support::refusal(mine_.with("dbname", foreign_), "SELECT 1"), "28P01");
    }
    // What an earlier delete could not finish is taken up by the next.
    void delete_another() const {
        const auto another = support::unique_name();
        must(create(another));
        must(remove(another));
    }

    std::string foreign_ = support::unique_name("foreign");
};

TEST_F(Remains, in_its_own_database_go_with_it) {
    for (const auto* sql :
         {"CREATE TABLE t (id serial PRIMARY KEY)", "CREATE SCHEMA more",
          "CREATE TABLE more.u (id integer REFERENCES t)", "CREATE VIEW v AS SELECT * FROM t",
          "CREATE MATERIALIZED VIEW m AS SELECT * FROM t", "CREATE TYPE e AS ENUM ('a', 'b')",
          "CREATE DOMAIN d AS integer CHECK (value > 0)", "CREATE PUBLICATION p FOR TABLE t",
          "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
          "CREATE STATISTICS s ON id, (id + 1) FROM t", "CREATE EXTENSION citext",
          "SELECT lo_create(0)", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
          "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC", "DROP SCHEMA public CASCADE",
          "CREATE SCHEMA public", "ALTER ROLE CURRENT_USER SET search_path = more, public"}) {
        EXPECT_EQ(support::refusal(mine_, sql), "") << sql;
    }
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
}

TEST_F(Remains, of_its_own_making_in_other_databases_go_with_it) {
    for (const auto* sql :
         {"CREATE TABLE t (id serial)", "SELECT lo_create(0)", "CREATE TYPE e AS ENUM ('a')",
          "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
          "GRANT SELECT ON t TO PUBLIC",
          "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC"}) {
        execute(mine_.with("dbname", foreign_), sql);
    }
    execute(mine_.with("dbname", "postgres"), "SELECT lo_create(0)");
    execute(mine_,
            fmt::format("ALTER ROLE CURRENT_USER IN DATABASE {} SET work_mem = '1MB'", foreign_));
    const auto removed = must(remove(name_));
    EXPECT_EQ(removed.outcome, Outcome::deleted);
    EXPECT_THAT(removed.remarks, testing::IsEmpty());
    for (const auto& database : {foreign_, std::string("postgres")}) {
        EXPECT_EQ(
            ask(root(database), "SELECT count(*)::text AS value FROM pg_largeobject_metadata"),
            "0");
    }
    EXPECT_EQ(
        ask(root(foreign_), "SELECT count(*)::text AS value FROM pg_class WHERE relname = 't'"),
        "0");
}

TEST_F(Remains, that_others_gave_it_in_other_databases_pin_its_role_until_they_take_them_back) {
    execute(root(foreign_), fmt::format("GRANT SELECT ON theirs TO {}", role_));
    expect_pinned(foreign_);
    execute(root(foreign_), fmt::format("REVOKE SELECT ON theirs FROM {}", role_));
    delete_another();
}

TEST_F(Remains, of_rights_on_other_databases_pin_its_role_until_they_are_taken_back) {
    execute(root(), fmt::format("GRANT CREATE ON DATABASE {} TO {}", foreign_, role_));
    expect_pinned(foreign_);
    execute(root(), fmt::format("REVOKE CREATE ON DATABASE {} FROM {}", foreign_, role_));
    delete_another();
}

TEST_F(Remains, of_a_database_that_it_was_given_pin_its_role_and_are_not_dropped) {
    execute(root(), fmt::format("ALTER DATABASE {} OWNER TO {}", foreign_, role_));
    expect_pinned(foreign_);
    execute(root(), fmt::format("ALTER DATABASE {} OWNER TO test_superuser", foreign_));
    delete_another();
}

// More of them than the server's table of locks has room for.
TEST_F(Remains, of_thirty_thousand_large_objects_go_with_it) {
    execute(mine_.with("dbname", foreign_),
            "SELECT count(lo_create(0)) FROM generate_series(1, 30000)");
    const auto removed = must(remove(name_));
    EXPECT_EQ(removed.outcome, Outcome::deleted);
    EXPECT_THAT(removed.remarks, testing::IsEmpty());
    EXPECT_EQ(ask(root(foreign_), "SELECT count(*)::text AS value FROM pg_largeobject_metadata"),
              "0");
}

TEST_F(Remains, of_many_kinds_go_with_it_but_for_what_others_built_upon) {
    execute(mine_.with("dbname", foreign_),
            R"(DO $$ BEGIN FOR i IN 1..60 LOOP
            EXECUTE format('CREATE TABLE "t %s" (id serial PRIMARY KEY)', i);
            EXECUTE format('CREATE VIEW "v %s" AS SELECT * FROM "t %s"', i, i);
            EXECUTE format('CREATE FUNCTION "f %s"(integer) RETURNS integer LANGUAGE sql '
                'AS ''SELECT 1''', i);
            EXECUTE format('CREATE DOMAIN "d %s" AS integer', i);
            EXECUTE format('CREATE STATISTICS "s %s" ON id, (id + 1) FROM "t %s"', i, i);
            END LOOP; END $$)");
    execute(root(foreign_), "CREATE VIEW built_upon AS SELECT * FROM \"t 7\"");
    expect_pinned(foreign_);
    EXPECT_EQ(ask(root(foreign_), fmt::format("SELECT string_agg(relname, ', ' ORDER BY relname) "
                                              "AS value FROM pg_class WHERE relkind IN ('r', 'v') "
                                              "AND relowner = '{}'::regrole",
                                              role_)),
              "t 7");
    execute(root(foreign_), "DROP VIEW built_upon");
    delete_another();
}

TEST_F(Remains, that_stay_are_named_by_a_sweep_and_by_doctor_until_they_go) {
    execute(root(foreign_), fmt::format("GRANT SELECT ON theirs TO {}", role_));
    expect_pinned(foreign_);
    const auto sweep = [&] {
        return must(in_a_process(std::nullopt, [&](auto& manager) {
            return manager.sweep({project(), std::nullopt, {}}, environment::Execution::carry_out,
                                 support::soon());
        }));
    };
    const auto found = sweep().findings;
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].database, role_);
    EXPECT_THAT(found[0].reason, testing::HasSubstr(foreign_ + " (1 objects)"));
    EXPECT_NE(found[0].left, "");
    base::Log log{base::LogLevel::error, base::LogFormat::text};
    const auto findings =
        must(server::inspect(support::prepared_operator(), project(), support::soon(), log));
    EXPECT_TRUE(std::ranges::any_of(findings, [&](const auto& one) {
        return one.subject == role_ && one.found.find(foreign_) != std::string::npos;
    }));
    execute(root(foreign_), fmt::format("REVOKE SELECT ON theirs FROM {}", role_));
    const auto gone = sweep().findings;
    ASSERT_EQ(gone.size(), 1U);
    EXPECT_EQ(gone[0].left, "");
    EXPECT_TRUE(sweep().findings.empty());
}

// What others build on its objects would go with a cascade; it is theirs.
TEST_F(Remains, that_others_built_upon_are_not_taken_from_them) {
    execute(mine_.with("dbname", foreign_), "CREATE TABLE base (id integer)");
    execute(root(foreign_), "CREATE VIEW built_upon AS SELECT * FROM base");
    expect_pinned(foreign_);
    EXPECT_EQ(support::refusal(root(foreign_), "SELECT * FROM built_upon"), "");
    execute(root(foreign_), "DROP VIEW built_upon");
    delete_another();
}

}  // namespace
