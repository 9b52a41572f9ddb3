// SPDX-License-Identifier: Apache-2.0
//
// Who tries to reach, hold or slow what was built ahead, and what a registry says of it that is not
// true any more: claims go on, and nobody's data are touched.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "server/keys.h"
#include "supply_fixture.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using environment::Outcome;
using support::ask;
using support::execute;
using support::must;
using support::refusal;

class SupplyAttackTest : public SupplyTest {
   protected:
    // An environment whose role is hostile, beside a pool of so many.
    void supply(int many) {
        mine_ = login(must(create(name_)));
        must(make_template("data", "CREATE TABLE fruit AS SELECT 'apple' AS name"));
        set_pool("data", many);
        must(fill());
    }

    // A session that has locked each of the databases called so, until it ends.
    static pg::Connection locking(const pg::ConnectionInfo& login, const std::string& like,
                                  const std::string& role) {
        auto session = support::connect(login);
        must(session.run({"BEGIN"}, support::soon()));
        auto names = support::connect(root());
        const auto rows = must(
            names.run({"SELECT datname FROM pg_database WHERE datname LIKE $1 ORDER BY 1", {like}},
                      support::soon()));
        EXPECT_GT(rows.size(), 0);
        for (int i = 0; i < rows.size(); ++i) {
            must(session.run({fmt::format("ALTER ROLE {} IN DATABASE {} SET work_mem = '1MB'", role,
                                          rows[i].text("datname"))},
                             support::soon()));
        }
        return session;
    }
    std::string my_role() const {
        return ask(root("reviewdb"),
                   fmt::format("SELECT r.name AS value FROM registry.environment e JOIN "
                               "registry.role r ON r.id = e.role WHERE e.name = '{}' "
                               "AND e.state <> 'gone'",
                               name_));
    }

    pg::ConnectionInfo mine_;
};

TEST_F(SupplyAttackTest, locks_all_that_is_warm_and_loses_its_session) {
    supply(3);
    auto attacker = locking(mine_, "reviewdb\\_b\\_%", my_role());
    const auto made = must(create_from(support::unique_name(), "data"));
    EXPECT_TRUE(made.warm);
    EXPECT_EQ(refusal(login(made), "SELECT * FROM fruit"), "");
    EXPECT_FALSE(attacker.run({"SELECT 1"}, support::soon()));
    EXPECT_EQ(warm("data"), 2);
    // It may lose its session; its environment is not harmed.
    EXPECT_EQ(refusal(mine_, "SELECT 1"), "");
    EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    expect_agreement();
}

// The numbers of our locks can be computed from the ids in the stamps.
TEST_F(SupplyAttackTest, an_abandoned_build_is_taken_up_although_its_number_is_locked_elsewhere) {
    mine_ = login(must(create(name_)));
    set_pool("empty", 1);
    EXPECT_FALSE(fill(2));
    wait_for_the_dead();
    const auto number =
        ask(root("reviewdb"),
            "SELECT ((('x' || encode(substring(sha256('\\x696e7374616e636500'::bytea || "
            "convert_to(id::text, 'UTF8')) FROM 1 FOR 8), 'hex'))::bit(64) >> 1)::bigint)::text AS "
            "value FROM registry.instance WHERE state = 'building' AND purpose = 'pool'");
    auto attacker = support::connect(mine_);
    must(attacker.run({"SELECT pg_advisory_lock(" + number + ")"}, support::soon()));
    const auto report = must(fill());
    EXPECT_EQ(report.retired, 1);
    EXPECT_EQ(report.built, 1);
    EXPECT_EQ(warm("empty"), 1);
    expect_agreement();
}

TEST_F(SupplyAttackTest, locks_by_somebody_who_may_are_left_alone_and_one_is_built) {
    supply(3);
    auto administrator = locking(root(), "reviewdb\\_b\\_%", "test_superuser");
    const auto made = must(create_from(support::unique_name(), "data"));
    EXPECT_FALSE(made.warm);
    EXPECT_EQ(refusal(login(made), "SELECT * FROM fruit"), "");
    EXPECT_TRUE(administrator.run({"ROLLBACK"}, support::soon()));
    EXPECT_EQ(warm("data"), 3);
    EXPECT_TRUE(must(create_from(support::unique_name(), "data")).warm);
    execute(root(), "ALTER ROLE test_superuser RESET ALL");
    expect_agreement();
}

TEST_F(SupplyAttackTest, locks_what_is_warm_while_it_is_retired_and_while_one_is_built) {
    supply(2);
    auto attacker = locking(mine_, "reviewdb\\_b\\_%", my_role());
    set_pool("data", 0);
    EXPECT_EQ(must(fill()).retired, 2);
    expect_agreement();
    EXPECT_EQ(refusal(mine_, "SELECT 1"), "");
    set_pool("data", 1);
    auto again = locking(mine_, "reviewdb\\_t\\_%", my_role());
    EXPECT_EQ(must(fill()).built, 1);
    expect_agreement();
}

TEST_F(SupplyAttackTest, locks_the_template_and_what_replaces_it_is_made_all_the_same) {
    supply(1);
    auto attacker = locking(mine_, "reviewdb\\_t\\_%", my_role());
    EXPECT_FALSE(must(create_from(support::unique_name(), "data")).steps.empty());
    EXPECT_FALSE(must(create_from(support::unique_name(), "data")).warm);
    const auto refreshed = must(make_template("data", "CREATE TABLE fruit (name text)"));
    EXPECT_EQ(refreshed.outcome, Outcome::refreshed);
    must(fill());
    expect_agreement();
}

TEST_F(SupplyAttackTest, reaches_neither_what_is_warm_nor_the_template) {
    supply(1);
    auto names = support::connect(root());
    const auto rows = must(names.run(
        {"SELECT datname FROM pg_database WHERE datname ~ '^reviewdb_[bt]_'"}, support::soon()));
    ASSERT_EQ(rows.size(), 2);
    for (int i = 0; i < rows.size(); ++i) {
        const auto database = rows[i].text("datname");
        SCOPED_TRACE(database);
        EXPECT_NE(refusal(mine_.with("dbname", database), "SELECT 1"), "");
        for (const auto* attack :
             {"ALTER DATABASE {} ALLOW_CONNECTIONS true", "ALTER DATABASE {} RENAME TO mine",
              "DROP DATABASE {}", "CREATE DATABASE mine TEMPLATE {}",
              "COMMENT ON DATABASE {} IS 'mine'", "GRANT CONNECT ON DATABASE {} TO PUBLIC"}) {
            const auto sql = fmt::format(fmt::runtime(attack), database);
            EXPECT_NE(refusal(mine_, sql), "") << sql;
        }
    }
    EXPECT_EQ(disagreement(), "");
}

TEST_F(SupplyAttackTest, a_key_that_was_replaced_gives_no_password_to_what_is_claimed) {
    supply(1);
    base::Log log{base::LogLevel::error, base::LogFormat::text};
    const environment::KeyTexts texts;
    const server::KeyKeeper keeper{support::prepared_operator(), texts, support::k_tester, log};
    const auto key = must(server::add_key(keeper, support::soon()));
    EXPECT_FALSE(must(create_from(support::unique_name(), "data")).warm);
    const auto report = must(fill());
    EXPECT_EQ(report.retired, 1);
    EXPECT_EQ(report.built, 1);
    const auto claimed = must(create_from(support::unique_name(), "data"));
    EXPECT_TRUE(claimed.warm);
    EXPECT_EQ(refusal(login(claimed), "SELECT 1"), "");
    EXPECT_EQ(ask(root("reviewdb"),
                  fmt::format("SELECT key_number::text AS value FROM registry.role WHERE name = "
                              "'{}'",
                              claimed.description->role)),
              std::to_string(key.number));
    expect_agreement();
}

// What a backup of the registry says is warm may be somebody's by now.
TEST_F(SupplyAttackTest, a_registry_from_before_a_claim_costs_nobody_the_data) {
    supply(1);
    const auto building = ask(
        root(), "SELECT datname AS value FROM pg_database WHERE datname LIKE 'reviewdb\\_b\\_%'");
    const auto claimed = must(create_from(support::unique_name(), "data"));
    execute(login(claimed), "CREATE TABLE precious (id integer)");
    const auto& database = claimed.description->database;
    execute(root("reviewdb"),
            fmt::format("WITH e AS (DELETE FROM registry.environment WHERE name = '{}' RETURNING "
                        "instance, role), r AS (UPDATE registry.role SET state = 'building' FROM e "
                        "WHERE id = e.role) UPDATE registry.instance SET state = 'warm', purpose = "
                        "'pool', database = '{}' FROM e WHERE id = e.instance",
                        claimed.description->environment.name, building));
    // A reset would take what is warm, and every other call removes what is of no use.
    static_cast<void>(reset(name_, "data"));
    static_cast<void>(fill());
    set_pool("data", 0);
    static_cast<void>(fill());
    static_cast<void>(forget_template("data"));
    static_cast<void>(create_from(support::unique_name(), "data"));
    finish_leftovers();
    EXPECT_EQ(refusal(login(claimed), "SELECT * FROM precious"), "");
    // By hand, as after a look at it.
    execute(root(), fmt::format("DROP DATABASE IF EXISTS {}", database));
    execute(root(), fmt::format("DROP ROLE IF EXISTS {}", claimed.description->role));
    execute(
        root("reviewdb"),
        fmt::format("UPDATE registry.instance SET state = 'gone' WHERE database = '{}'", building));
    execute(root("reviewdb"),
            fmt::format("UPDATE registry.role SET state = 'gone' WHERE name = '{}'",
                        claimed.description->role));
}

}  // namespace
