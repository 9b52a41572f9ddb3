// SPDX-License-Identifier: Apache-2.0
//
// Traps: code of an environment's role that waits for somebody with more rights to run it.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "attack_test.h"
#include "base/file.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using environment::Outcome;
using support::ask;
using support::execute;
using support::must;

using Trap = AttackTest;

// Of every session that ends, whoever's it was, the server's log says so until the end of the
// scope.
class LoggedSessions {
   public:
    LoggedSessions() { set("SET log_disconnections = on", "on"); }
    LoggedSessions(const LoggedSessions&) = delete;
    LoggedSessions& operator=(const LoggedSessions&) = delete;
    ~LoggedSessions() { set("RESET log_disconnections", "off"); }

   private:
    static void set(const std::string& what, const std::string& until) {
        const auto root = support::shared_cluster().superuser();
        execute(root, "ALTER SYSTEM " + what);
        execute(root, "SELECT pg_reload_conf()");
        const auto deadline = support::soon();
        while (ask(root, "SELECT current_setting('log_disconnections') AS value") != until) {
            if (deadline.passed()) break;
        }
    }
};

TEST_F(Trap, attack_55_never_meets_reviewdb_in_a_database_that_somebody_has_had) {
    const LoggedSessions logged;
    const auto begin = support::shared_cluster().server_log().size();
    execute(root(), fill("REVOKE CONNECT ON DATABASE {my_database} FROM {my_role}"));
    EXPECT_EQ(must(create(name_)).outcome, Outcome::repaired);
    execute(mine_, fill("ALTER ROLE {my_role} PASSWORD 'another'"));
    EXPECT_EQ(must(create(name_)).outcome, Outcome::repaired);
    EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    auto visitor = support::connect(mine_);
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
    wait_for_the_dead();
    const auto log = support::shared_cluster().server_log().substr(begin);
    EXPECT_THAT(log, testing::HasSubstr("user=reviewdb_operator database=reviewdb "));
    EXPECT_THAT(log, testing::HasSubstr("user=" + my_role_ + " database=" + my_database_ + " "));
    EXPECT_THAT(log, testing::Not(testing::HasSubstr("user=reviewdb_operator database=life_")));
}

TEST_F(Trap, attack_58_is_not_sprung_by_an_administrators_maintenance) {
    for (const auto* sql : {
             "CREATE TABLE bait (id integer)",
             "INSERT INTO bait SELECT generate_series(1, 100)",
             "CREATE FUNCTION spring(id integer) RETURNS integer IMMUTABLE RETURN id",
             "CREATE INDEX trap ON bait (public.spring(id))",
             "CREATE MATERIALIZED VIEW trapped AS SELECT public.spring(id) FROM bait",
         }) {
        execute(mine_, sql);
    }
    execute(mine_,
            fill("CREATE FUNCTION public.act() RETURNS void LANGUAGE plpgsql AS 'BEGIN ALTER "
                 "ROLE {my_role} CREATEROLE; EXCEPTION WHEN OTHERS THEN NULL; END'"));
    execute(mine_,
            "CREATE OR REPLACE FUNCTION public.spring(id integer) RETURNS integer IMMUTABLE "
            "LANGUAGE plpgsql AS 'BEGIN PERFORM public.act(); RETURN id; END'");
    for (const auto* maintenance :
         {"ANALYZE bait", "VACUUM FULL bait", "REINDEX TABLE bait", "CLUSTER bait USING trap",
          "REFRESH MATERIALIZED VIEW trapped", "ALTER TABLE bait ALTER COLUMN id TYPE bigint"}) {
        SCOPED_TRACE(maintenance);
        // Some of them may fail over the function; none may obey it.
        support::refusal(root(my_database_), maintenance);
        EXPECT_EQ(ask(root(), fill("SELECT rolcreaterole::text AS value FROM "
                                   "pg_roles WHERE rolname = '{my_role}'")),
                  "false");
    }
    // What is tried here would work, were it run with the superuser's rights.
    execute(root(my_database_), "SELECT public.spring(1)");
    EXPECT_EQ(ask(root(), fill("SELECT rolcreaterole::text AS value FROM pg_roles WHERE rolname = "
                               "'{my_role}'")),
              "true");
}

// What no test can show to be refused has to be said to whoever decides about a shared server.
TEST(SecurityPage, names_every_attack_that_a_shared_server_cannot_prevent) {
    std::ifstream file(REVIEWDB_SECURITY_PAGE);
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    ASSERT_FALSE(page.empty());
    for (const int number : {11, 19, 20, 22, 31, 44, 45, 47, 49, 50, 51, 55, 68}) {
        EXPECT_THAT(page, testing::HasSubstr(fmt::format("\n| {} | ", number)));
    }
}

// A promise whose test was renamed or removed is a promise without a test.
TEST(SecurityPage, links_only_to_tests_that_exist) {
    const std::filesystem::path page_file(REVIEWDB_SECURITY_PAGE);
    const auto page = support::must(base::read_file(page_file)).value();
    const std::regex link(R"(\[([^\]]+)\]\((tests/[^)]+)\))");
    int links = 0;
    for (std::sregex_iterator found(page.begin(), page.end(), link), end; found != end; ++found) {
        ++links;
        const auto test = base::read_file(page_file.parent_path() / (*found)[2].str());
        ASSERT_TRUE(test && *test) << (*found)[2];
        EXPECT_THAT(**test, testing::HasSubstr((*found)[1].str())) << (*found)[2];
    }
    EXPECT_GT(links, 50);
}

}  // namespace
