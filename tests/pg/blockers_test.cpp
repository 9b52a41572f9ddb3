// SPDX-License-Identifier: Apache-2.0
//
// What blocks is named, ended if it is an environment's, and left alone if it is anyone else's.
#include <fmt/format.h>

#include "pg/quoting.h"
#include "siege.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using environment::Execution;
using environment::Outcome;
using support::ask;
using support::execute;
using support::must;
using support::refusal;
using support::soon;

class Blockers : public SiegeTest {
   protected:
    static pg::Connection holding(const pg::ConnectionInfo& login,
                                  const std::vector<std::string>& statements) {
        auto session = support::connect(login);
        must(session.run({"BEGIN"}, soon()));
        for (const auto& sql : statements) must(session.run({sql}, soon()));
        return session;
    }
    static void prepare(const pg::ConnectionInfo& login, const std::string& gid,
                        const std::vector<std::string>& statements) {
        auto session = holding(login, statements);
        must(session.run({"PREPARE TRANSACTION " + pg::literal(gid)}, soon()));
    }
    base::Result<Answer> rotate() const {
        const environment::Wish wish{project(), must(environment::Name::parse(name_)), {}, "test"};
        return in_a_process(std::nullopt, [&](auto& manager) {
            return manager.rotate(wish, environment::Sessions::leave, Execution::carry_out, soon());
        });
    }
    base::Result<Answer> open() const {
        const environment::Wish wish{project(), must(environment::Name::parse(name_)), {}, "test"};
        return in_a_process(std::nullopt, [&](auto& manager) {
            return manager.open(wish, Execution::carry_out, soon());
        });
    }
    std::string row_of_role() const {
        return fmt::format("ALTER ROLE {} CONNECTION LIMIT 5", my_role_);
    }
    std::string row_of_database() const {
        return fmt::format("ALTER DATABASE {} CONNECTION LIMIT 5", my_database_);
    }
    static std::string state_of(const std::string& name) {
        return ask(root("reviewdb"), fmt::format("SELECT state AS value FROM registry.environment "
                                                 "WHERE name = '{}' AND state <> 'gone'",
                                                 name));
    }
};

TEST_F(Blockers, a_session_of_the_role_that_does_not_block_survives_a_rotation) {
    auto bystander = holding(mine_, {"INSERT INTO loot VALUES ('kept')"});
    EXPECT_EQ(must(rotate()).outcome, Outcome::rotated);
    EXPECT_TRUE(bystander.run({"COMMIT"}, soon()));
}

TEST_F(Blockers, a_superuser_that_holds_the_row_of_the_role_closes_the_environment_by_name) {
    auto watcher = holding(root().with("application_name", "psql"), {row_of_role()});
    const auto rotated = rotate();
    ASSERT_FALSE(rotated);
    EXPECT_EQ(rotated.error().kind, base::ErrorKind::conflict);
    EXPECT_THAT(rotated.error().message,
                testing::AllOf(testing::HasSubstr(my_role_), testing::HasSubstr("55P03"),
                               testing::HasSubstr(fmt::format("session {} of test_superuser (psql)",
                                                              watcher.backend_pid())),
                               testing::HasSubstr("was closed instead")));
    EXPECT_THAT(
        rotated.error().hint,
        testing::AllOf(
            testing::HasSubstr(fmt::format("pg_terminate_backend({})", watcher.backend_pid())),
            testing::HasSubstr("reviewdb open"), testing::HasSubstr("reviewdb rotate")));
    EXPECT_EQ(state_of(name_), "closed");
    EXPECT_EQ(refusal(mine_, "SELECT 1"), "55000");
    must(watcher.run({"ROLLBACK"}, soon()));
    must(open());
    EXPECT_EQ(must(rotate()).outcome, Outcome::rotated);
    EXPECT_EQ(refusal(mine_, "SELECT 1"), "28P01");
}

TEST_F(Blockers, a_superuser_that_holds_both_rows_is_named_and_nothing_is_promised) {
    auto watcher =
        holding(root().with("application_name", "psql"), {row_of_role(), row_of_database()});
    const auto rotated = rotate();
    ASSERT_FALSE(rotated);
    EXPECT_EQ(rotated.error().kind, base::ErrorKind::conflict);
    EXPECT_THAT(rotated.error().message,
                testing::AllOf(testing::HasSubstr(my_role_), testing::HasSubstr(my_database_),
                               testing::HasSubstr(std::to_string(watcher.backend_pid())),
                               testing::HasSubstr("the previous password still works")));
    EXPECT_EQ(state_of(name_), "ready");
    must(watcher.run({"ROLLBACK"}, soon()));
    EXPECT_EQ(must(rotate()).outcome, Outcome::rotated);
}

TEST_F(Blockers, a_superuser_that_holds_the_database_is_named_by_delete) {
    auto watcher = holding(root().with("application_name", "psql"), {row_of_database()});
    const auto removed = remove(name_);
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().kind, base::ErrorKind::conflict);
    EXPECT_THAT(removed.error().message,
                testing::AllOf(testing::HasSubstr("cannot close the database " + my_database_),
                               testing::HasSubstr("55P03"), testing::HasSubstr("(psql)")));
    EXPECT_TRUE(watcher.run({"ROLLBACK"}, soon()));
}

TEST_F(Blockers, what_was_prepared_in_two_databases_is_rolled_back) {
    prepare(mine_, "at home",
            {fmt::format("GRANT CONNECT ON DATABASE {} TO PUBLIC", my_database_)});
    prepare(mine_.with("dbname", "postgres"), "away",
            {fmt::format("ALTER ROLE {} PASSWORD 'x'", my_role_)});
    EXPECT_EQ(must(rotate()).outcome, Outcome::rotated);
    prepare(login(must(create(name_))), "it's at home", {"CREATE TABLE t (id integer)"});
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
}

TEST_F(Blockers, what_was_prepared_is_rolled_back_although_the_database_is_closed) {
    prepare(mine_, "at home", {"CREATE TABLE t (id integer)"});
    execute(root(), fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false", my_database_));
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
}

TEST_F(Blockers, what_a_neighbor_prepared_is_rolled_back_only_where_it_blocks) {
    prepare(theirs_, "blocks",
            {fmt::format("ALTER ROLE {} IN DATABASE {} SET work_mem = '1MB'", their_role_,
                         my_database_)});
    prepare(theirs_, "does not", {"CREATE TABLE t (id integer)"});
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::deleted);
    EXPECT_EQ(ask(root(), "SELECT string_agg(gid, ', ') AS value FROM pg_prepared_xacts"),
              "does not");
}

// An environment's GRANT may name the login while it is there: it is dropped when that is gone.
TEST_F(Blockers, a_throw_away_login_that_cannot_be_dropped_goes_with_what_names_it) {
    execute(root("reviewdb"),
            fmt::format("INSERT INTO registry.role (id, name, state, password_version, key_number) "
                        "VALUES ('11111111-1111-4111-8111-111111111111', 'reviewdb_t_left', "
                        "'serving', 1, 1)"));
    execute(root("reviewdb"),
            "INSERT INTO registry.instance (id, project, state, database, template, role, "
            "let_go_at) VALUES ('22222222-2222-4222-8222-222222222222', 'life', 'dropping', "
            "'reviewdb_t_left', 'empty', '11111111-1111-4111-8111-111111111111', now())");
    auto manager = support::connect(support::prepared_operator().with("dbname", "reviewdb"));
    must(manager.run({"SET ROLE reviewdb_manager"}, soon()));
    must(manager.run({"CREATE ROLE reviewdb_t_left LOGIN"}, soon()));
    must(in_a_process(std::nullopt, [](auto& one) { return one.finish_pending(soon()); }));
    EXPECT_EQ(ask(root(),
                  "SELECT count(*)::text AS value FROM pg_roles WHERE rolname = "
                  "'reviewdb_t_left'"),
              "0");
}

}  // namespace
