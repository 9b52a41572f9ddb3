// SPDX-License-Identifier: Apache-2.0
//
// Attacks on databases: getting in, letting others in, changing or dropping them.
#include <fmt/format.h>

#include "attack_test.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using support::ask;
using support::execute;
using support::must;
using support::refusal;

using AttackOnDatabases = AttackTest;

TEST_F(AttackOnDatabases, attack_1_connects_to_no_other_environment_nor_to_the_registry) {
    EXPECT_EQ(refusal(mine_.with("dbname", their_database_), "SELECT 1"), "42501");
    EXPECT_EQ(refusal(mine_.with("dbname", "reviewdb"), "SELECT 1"), "42501");
}

TEST_F(AttackOnDatabases, attack_2_connects_to_no_template_and_to_nothing_that_is_being_built) {
    EXPECT_EQ(refusal(mine_.with("dbname", "reviewdb_template_0"), "SELECT 1"), "55000");
    const auto half_made = support::unique_name();
    bool seen_closed = false;
    bool seen_open = false;
    for (int steps = 1;; ++steps) {
        SCOPED_TRACE(steps);
        const bool finished = create(half_made, steps).has_value();
        wait_for_the_dead();
        if (finished || HasFailure()) break;
        const auto built = ask(root(),
                               "SELECT coalesce(max(datname), '') AS value FROM pg_database WHERE "
                               "datname LIKE 'reviewdb\\_b\\_%'");
        if (!built.empty()) {
            const auto answer = refusal(mine_.with("dbname", built), "SELECT 1");
            EXPECT_THAT(answer, testing::AnyOf("55000", "42501"));
            seen_closed = seen_closed || answer == "55000";
            seen_open = seen_open || answer == "42501";
        }
        must(remove(half_made));
    }
    EXPECT_TRUE(seen_closed);
    EXPECT_TRUE(seen_open);
    must(remove(half_made));
}

TEST_F(AttackOnDatabases, attack_3_leaves_nothing_in_a_database_that_is_open_to_public) {
    for (const auto* database : {"postgres", "template1"}) {
        SCOPED_TRACE(database);
        auto there = support::connect(mine_.with("dbname", database));
        must(there.run({"SELECT lo_create(0)"}, support::soon()));
        EXPECT_EQ(refusal(mine_.with("dbname", database), "CREATE TABLE junk (id integer)"),
                  "42501");
        // Others come and go while it stays.
        const auto another = support::unique_name();
        EXPECT_EQ(must(create(another)).outcome, environment::Outcome::created);
        must(remove(another));
    }
    must(remove(name_));
    for (const auto* database : {"postgres", "template1"}) {
        EXPECT_EQ(
            ask(root(database), "SELECT count(*)::text AS value FROM pg_largeobject_metadata"),
            "0");
    }
}

TEST_F(AttackOnDatabases, attack_3_connects_to_no_database_that_is_closed_to_public) {
    const auto closed = support::unique_name("closed");
    execute(root(), "CREATE DATABASE " + closed);
    execute(root(), fmt::format("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", closed));
    EXPECT_EQ(refusal(mine_.with("dbname", closed), "SELECT 1"), "42501");
    execute(root(), "DROP DATABASE " + closed);
}

TEST_F(AttackOnDatabases, attack_5_lets_nobody_into_its_own_database) {
    const std::string acl = fmt::format(
        "SELECT datacl::text AS value FROM pg_database WHERE datname = '{}'", my_database_);
    const auto before = ask(root(), acl);
    expect_refused({
        {5, "GRANT CONNECT ON DATABASE {my_database} TO PUBLIC", ""},
        {5, "GRANT CONNECT ON DATABASE {my_database} TO {their_role}", ""},
        {5, "GRANT ALL ON DATABASE {my_database} TO {their_role} WITH GRANT OPTION", ""},
        {5, "REVOKE ALL ON DATABASE {my_database} FROM reviewdb_manager", ""},
    });
    EXPECT_EQ(ask(root(), acl), before);
    EXPECT_EQ(refusal(theirs_.with("dbname", my_database_), "SELECT 1"), "42501");
}

TEST_F(AttackOnDatabases, attacks_6_and_7_change_and_drop_no_database_not_even_their_own) {
    std::vector<Attack> attacks;
    for (const auto* database :
         {"{my_database}", "{their_database}", "reviewdb", "reviewdb_template_0", "postgres"}) {
        for (const auto* change :
             {"RENAME TO taken", "CONNECTION LIMIT 1", "ALLOW_CONNECTIONS false",
              "IS_TEMPLATE true", "OWNER TO {my_role}", "SET work_mem = '1GB'", "RESET ALL"}) {
            attacks.push_back({6, fmt::format("ALTER DATABASE {} {}", database, change)});
        }
        attacks.push_back({6, fmt::format("COMMENT ON DATABASE {} IS 'mine'", database)});
        attacks.push_back({7, fmt::format("DROP DATABASE {}", database)});
        attacks.push_back({7, fmt::format("DROP DATABASE {} WITH (FORCE)", database)});
    }
    expect_refused(attacks);
}

TEST_F(AttackOnDatabases, attack_56_sets_no_trap_with_the_settings_of_a_database) {
    expect_refused({
        {56, "ALTER DATABASE {my_database} SET search_path = public, pg_catalog"},
        {56, "ALTER DATABASE {my_database} SET role = {my_role}"},
        {56, "ALTER DATABASE {my_database} SET statement_timeout = 1"},
        {56, "ALTER DATABASE reviewdb SET search_path = public, pg_catalog"},
        {56, "ALTER ROLE reviewdb_operator IN DATABASE reviewdb SET search_path = public"},
        {56, "ALTER ROLE ALL IN DATABASE {my_database} SET search_path = public"},
    });
}

TEST_F(AttackOnDatabases, attack_43_opens_no_more_connections_than_its_limit) {
    const int limit = std::stoi(ask(
        root(), fmt::format("SELECT rolconnlimit::text AS value FROM pg_roles WHERE rolname = '{}'",
                            my_role_)));
    ASSERT_GT(limit, 0);
    std::vector<pg::Connection> open;
    open.reserve(static_cast<std::size_t>(limit));
    for (int i = 0; i < limit; ++i) open.push_back(support::connect(mine_));
    EXPECT_EQ(refusal(mine_, "SELECT 1"), "53300");
    EXPECT_EQ(refusal(theirs_, "SELECT 1"), "");
    EXPECT_EQ(must(create(name_)).outcome, environment::Outcome::unchanged);
}

}  // namespace
