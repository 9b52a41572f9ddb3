// SPDX-License-Identifier: Apache-2.0
//
// Attacks by whoever may choose a branch's name.
#include <fmt/format.h>

#include "attack_test.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using support::execute;
using support::must;
using support::refusal;

using AttackByName = AttackTest;

TEST_F(AttackByName, attack_61_says_nothing_to_the_server) {
    for (const auto& name :
         {fill("a\"; DROP ROLE {their_role};--"), fill("a'; DROP DATABASE {their_database};--"),
          fill("\"; ALTER ROLE {my_role} CREATEDB; --"), std::string("%s%n%1$s"), std::string("$1"),
          std::string("a\\'b"), std::string("{my_role}")}) {
        SCOPED_TRACE(name);
        const auto made = must(create(name));
        EXPECT_THAT(made.description->database, testing::MatchesRegex("life_[a-z0-9_]+"));
        EXPECT_EQ(refusal(login(made), "SELECT 1"), "");
        must(remove(name));
    }
    EXPECT_EQ(refusal(theirs_, "SELECT 1"), "");
    EXPECT_FALSE(environment::Name::parse("a\nb"));
}

TEST_F(AttackByName, attack_63_is_not_taken_for_another_that_begins_alike) {
    const std::string alike(254, 'x');
    EXPECT_FALSE(environment::Name::parse(std::string(300, 'x')));
    const auto one = must(create(alike + "a"));
    const auto two = must(create(alike + "b"));
    EXPECT_NE(one.description->database, two.description->database);
    EXPECT_NE(one.description->role, two.description->role);
    EXPECT_EQ(refusal(login(one).with("dbname", two.description->database), "SELECT 1"), "42501");
    must(remove(alike + "a"));
    EXPECT_EQ(refusal(login(two), "SELECT 1"), "");
    must(remove(alike + "b"));
}

TEST_F(AttackByName, attack_64_takes_no_name_that_means_something_to_postgres) {
    for (const auto* name : {"postgres", "template1", "public", "none", "pg_x", "all",
                             "replication", "control", "reviewdb", "sameuser"}) {
        SCOPED_TRACE(name);
        EXPECT_EQ(must(create(name)).description->database, fmt::format("life_{}", name));
        must(remove(name));
    }
}

// As if two names had the same hash: the second is refused, and the first is not harmed.
TEST_F(AttackByName, attack_67_does_not_take_the_database_of_a_name_with_the_same_hash) {
    const auto name = support::unique_name();
    const auto wanted = "life_" + name;
    execute(root(), fill("ALTER DATABASE {their_database} RENAME TO " + wanted));
    execute(root("reviewdb"), fill("UPDATE registry.instance SET database = '" + wanted +
                                   "' WHERE database = '{their_database}'"));
    const auto made = create(name);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, base::ErrorKind::conflict);
    EXPECT_EQ(refusal(theirs_.with("dbname", wanted), "SELECT 1"), "");
}

}  // namespace
