// SPDX-License-Identifier: Apache-2.0
//
// Taking reviewdb off a server: all of it goes, from wherever an earlier call died, and nothing of
// anybody else's.
#include "server/uninstall.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/prepare.h"
#include "support/environment_test.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using server::Left;
using support::ask;
using support::execute;
using support::must;
using support::soon;

// Each test has a server of its own to prepare and to leave.
class UninstallTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        cluster_ = std::make_unique<support::Cluster>();
        administrator_ = cluster_->make_administrator();
        prepare();
    }

    void prepare() {
        server::Preparation wish;
        wish.loopback_allowed = true;
        wish.actor = support::k_tester;
        const auto prepared = must(server::prepare(*administrator_, wish, soon(), log_));
        if (prepared.operator_login) operator_ = prepared.operator_login;
    }
    pg::ConnectionInfo root(const std::string& database = "postgres") const {
        return cluster_->superuser(database);
    }
    base::Result<std::vector<std::string>> remove(std::vector<Left>& left,
                                                  const pg::ConnectionInfo& login) {
        return server::remove_foundation(login, left, soon(), log_);
    }
    // Databases and roles with our names.
    std::string ours() const {
        return ask(root(),
                   "SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') AS value FROM ("
                   "SELECT datname::text AS name FROM pg_database UNION ALL "
                   "SELECT rolname FROM pg_roles) all_of_them WHERE name LIKE 'reviewdb%'");
    }

    base::Log log_{base::LogLevel::error, base::LogFormat::text};
    std::unique_ptr<support::Cluster> cluster_;
    std::optional<pg::ConnectionInfo> administrator_;
    std::optional<pg::ConnectionInfo> operator_;
};

TEST_F(UninstallTest, leaves_nothing_of_ours_and_everything_of_others) {
    execute(root(), "CREATE DATABASE reviewdb_x_theirs");
    execute(root(), "CREATE ROLE reviewdb_reader LOGIN");
    EXPECT_TRUE(must(server::what_stands(*administrator_, soon(), log_)).registry);
    std::vector<Left> left;
    const auto gone = must(remove(left, *administrator_));
    EXPECT_THAT(gone, testing::ElementsAre("database reviewdb", "database reviewdb_template_0",
                                           "role reviewdb_operator", "role reviewdb_manager",
                                           "role reviewdb_registry"));
    EXPECT_TRUE(left.empty());
    EXPECT_EQ(ours(), "reviewdb_reader reviewdb_x_theirs");
    EXPECT_FALSE(must(server::what_stands(*administrator_, soon(), log_)).anything);
    EXPECT_TRUE(must(remove(left, *administrator_)).empty());
    prepare();
    EXPECT_TRUE(must(server::what_stands(*administrator_, soon(), log_)).registry);
}

TEST_F(UninstallTest, does_not_take_what_has_our_names_and_is_somebody_elses) {
    std::vector<Left> left;
    must(remove(left, *administrator_));
    execute(root(), "CREATE ROLE reviewdb_operator");
    execute(root(), "CREATE DATABASE reviewdb");
    execute(root(), "CREATE DATABASE reviewdb_template_0");
    EXPECT_FALSE(must(server::what_stands(*administrator_, soon(), log_)).anything);
    EXPECT_TRUE(must(remove(left, *administrator_)).empty());
    EXPECT_EQ(ours(), "reviewdb reviewdb_operator reviewdb_template_0");
}

TEST_F(UninstallTest, refuses_the_operators_login_and_changes_nothing) {
    const auto before = ours();
    std::vector<Left> left;
    const auto refused = remove(left, *operator_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::denied);
    EXPECT_EQ(ours(), before);
    EXPECT_EQ(ask(*operator_, "SELECT 'in' AS value"), "in");
}

// An operator's row made a superuser open a database of other people.
TEST_F(UninstallTest, opens_nothing_that_an_operator_could_have_named) {
    execute(root(), "CREATE DATABASE theirs");
    execute(root(), "REVOKE CONNECT ON DATABASE theirs FROM PUBLIC");
    const auto manager = operator_->with("options", "-c role=reviewdb_manager");
    const std::string row =
        "INSERT INTO registry.closed_database (oid, database, closed_by) SELECT oid, datname, '' "
        "FROM pg_database WHERE datname = 'theirs'";
    EXPECT_EQ(support::refusal(manager, row), "42501");
    // As an older program left it, or on a server to which the registry was restored.
    execute(root("reviewdb"), row);
    std::vector<Left> left;
    for (const auto* lie : {"proven = false", "proven = true, oid = oid::bigint + 100000"}) {
        execute(root("reviewdb"), fmt::format("UPDATE registry.closed_database SET {}", lie));
        must(server::reopen_all(*administrator_, support::k_tester, left, soon(), log_));
        EXPECT_FALSE(
            server::reopen_database(*administrator_, "theirs", support::k_tester, soon(), log_));
        EXPECT_EQ(ask(root(),
                      "SELECT has_database_privilege('public', 'theirs', "
                      "'CONNECT')::text AS value"),
                  "false");
    }
}

TEST_F(UninstallTest, refuses_while_anything_lives_and_lets_people_in_again) {
    execute(root("reviewdb"),
            "INSERT INTO registry.environment (id, project, name, state) "
            "VALUES (gen_random_uuid(), 'review', 'login', 'ready')");
    std::vector<Left> left;
    const auto refused = remove(left, *administrator_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::conflict);
    EXPECT_EQ(ask(*operator_, "SELECT 'in' AS value"), "in");
}

TEST_F(UninstallTest, goes_on_where_a_killed_call_ended) {
    // It had shut the registry and not looked yet.
    execute(root(), "ALTER DATABASE reviewdb ALLOW_CONNECTIONS false");
    EXPECT_FALSE(must(server::what_stands(*administrator_, soon(), log_)).registry);
    std::vector<Left> left;
    must(remove(left, *administrator_));
    EXPECT_EQ(ours(), "");
    prepare();
    // It had looked.
    execute(root(), "COMMENT ON DATABASE reviewdb IS 'reviewdb/1 leaving'");
    execute(root(), "ALTER DATABASE reviewdb ALLOW_CONNECTIONS false");
    must(remove(left, *administrator_));
    EXPECT_EQ(ours(), "");
    // It had dropped the registry, or the template too.
    for (const auto* first : {"reviewdb", "reviewdb_template_0"}) {
        prepare();
        execute(root(), "ALTER DATABASE reviewdb_template_0 IS_TEMPLATE false");
        execute(root(), fmt::format("DROP DATABASE {}", first));
        must(remove(left, *administrator_));
        EXPECT_EQ(ours(), "");
    }
    EXPECT_TRUE(left.empty());
}

TEST_F(UninstallTest, waits_for_who_is_at_work_and_says_who_it_is) {
    const auto inside = support::connect(operator_->with("application_name", "reviewdb/create"));
    std::vector<Left> left;
    const auto refused = server::remove_foundation(
        *administrator_, left, base::Deadline::after(std::chrono::seconds(6)), log_);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("reviewdb/create"));
    EXPECT_EQ(ask(*operator_, "SELECT 'in' AS value"), "in");
}

TEST_F(UninstallTest, opens_again_what_was_closed) {
    execute(root(), fmt::format("CREATE DATABASE shop OWNER {}", administrator_->get("user")));
    must(server::close_database(*administrator_, "shop", support::k_tester, soon(), log_));
    execute(root(), "CREATE DATABASE theirs");
    execute(root("reviewdb"),
            "INSERT INTO registry.closed_database (oid, database, closed_by) "
            "SELECT oid, datname, 'a superuser' FROM pg_database WHERE datname = 'theirs'");
    std::vector<Left> left;
    EXPECT_EQ(
        must(server::reopen_all(*administrator_, support::k_tester, left, soon(), log_)).size(),
        1U);
    EXPECT_EQ(ask(root(),
                  "SELECT has_database_privilege('public', 'shop', 'CONNECT')::text AS "
                  "value"),
              "true");
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].sql, "GRANT CONNECT ON DATABASE \"theirs\" TO PUBLIC");
}

}  // namespace
