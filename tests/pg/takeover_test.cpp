// SPDX-License-Identifier: Apache-2.0
//
// A registry that an older program made changes its owner: only what the migrations made, while
// nobody else is in it, and from wherever an earlier call died.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "server/prepare.h"
#include "server/upgrade.h"
#include "support/environment_test.h"
#include "support/former_registry.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/stride.h"

namespace {

using base::ErrorKind;
using support::ask;
using support::execute;
using support::must;
using support::refusal;
using support::Request;
using support::soon;
using testing::HasSubstr;

class TakeoverTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (!IsSkipped() && !HasFailure()) start();
    }
    void start(bool by_superuser = false) {
        cluster_ = std::make_unique<support::Cluster>();
        administrator_ = by_superuser ? cluster_->superuser() : cluster_->make_administrator();
        caller_.login = support::prepare_as_before(*cluster_, *administrator_);
        caller_.project = "takeover";
        cluster_->make_login_quick(caller_.login);
    }
    pg::ConnectionInfo root(const std::string& database = "postgres") const {
        return cluster_->superuser(database);
    }
    base::Result<server::Upgraded> upgrade(const pg::ConnectionInfo& login,
                                           base::Deadline deadline = support::soon()) {
        return server::upgrade(login, support::k_tester, deadline, log_);
    }
    std::string owners() const {
        return ask(root("reviewdb"),
                   "SELECT string_agg(DISTINCT owner::regrole::text, ' ') AS value FROM ("
                   "SELECT datdba AS owner FROM pg_database WHERE datname = 'reviewdb' UNION ALL "
                   "SELECT nspowner FROM pg_namespace WHERE nspname = 'registry' UNION ALL "
                   "SELECT relowner FROM pg_class WHERE relnamespace = 'registry'::regnamespace "
                   "UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = "
                   "'registry'::regnamespace) all_of_them");
    }
    bool is_open() const {
        return ask(root(),
                   "SELECT datallowconn::text AS value FROM pg_database WHERE datname = "
                   "'reviewdb'") == "true";
    }
    void expect_moved() {
        EXPECT_EQ(owners(), "reviewdb_registry");
        EXPECT_TRUE(is_open());
        EXPECT_EQ(ask(root("reviewdb"),
                      "SELECT schema_version || ' ' || (writes = registry.counted_writes()) AS "
                      "value FROM registry.installation"),
                  fmt::format("{} true", server::schema_version()));
        EXPECT_EQ(refusal(caller_.login.with("options", "-c role=reviewdb_manager"),
                          "CREATE TABLE registry.evil (id integer)"),
                  "42501");
    }

    base::Log log_{base::LogLevel::error, base::LogFormat::text};
    std::unique_ptr<support::Cluster> cluster_;
    std::optional<pg::ConnectionInfo> administrator_;
    support::Caller caller_;
};

TEST_F(TakeoverTest, moves_what_an_older_program_made_by_either_kind_of_administrator) {
    for (const bool by_superuser : {false, true}) {
        SCOPED_TRACE(by_superuser);
        if (by_superuser) start(by_superuser);
        must(caller_.call(Request::create, "before"));
        const auto done = must(upgrade(*administrator_));
        EXPECT_EQ(done.from, 1);
        EXPECT_EQ(done.to, server::schema_version());
        expect_moved();
        EXPECT_EQ(must(caller_.call(Request::create, "before")).outcome,
                  environment::Outcome::unchanged);
        must(caller_.call(Request::create, "after"));
        EXPECT_EQ(support::use_and_remove(caller_, "before"), "");
        EXPECT_EQ(support::use_and_remove(caller_, "after"), "");
        EXPECT_EQ(must(upgrade(*administrator_)).from, server::schema_version());
    }
}

TEST_F(TakeoverTest, init_moves_it_as_well) {
    server::Preparation wish;
    wish.actor = support::k_tester;
    EXPECT_FALSE(must(server::prepare(*administrator_, wish, soon(), log_)).newly_made);
    expect_moved();
}

TEST_F(TakeoverTest, refuses_what_no_migration_made_and_names_it) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    const auto manager = caller_.login.with("options", "-c role=reviewdb_manager");
    struct Case {
        const char* name;
        std::vector<std::string> make;
        std::vector<std::string> undo;
    };
    const std::vector<Case> cases{
        {"evil on registry.history",
         {"CREATE FUNCTION registry.evil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; "
          "END'",
          "CREATE TRIGGER evil BEFORE INSERT ON registry.history FOR EACH ROW EXECUTE FUNCTION "
          "registry.evil()"},
         {"DROP FUNCTION registry.evil() CASCADE"}},
        {"evil on registry.policy",
         {"CREATE RULE evil AS ON INSERT TO registry.policy DO ALSO SELECT 1"},
         {"DROP RULE evil ON registry.policy"}},
        {"registry.must_be",
         {"ALTER FUNCTION registry.must_be(name, oid, text) SECURITY DEFINER"},
         {"ALTER FUNCTION registry.must_be(name, oid, text) SECURITY INVOKER"}},
        {"registry.history.event",
         {"ALTER TABLE registry.history ALTER event SET DEFAULT 'x'"},
         {"ALTER TABLE registry.history ALTER event DROP DEFAULT"}},
        {"registry.history",
         {"ALTER TABLE registry.history ENABLE ROW LEVEL SECURITY"},
         {"ALTER TABLE registry.history DISABLE ROW LEVEL SECURITY"}},
        {"evil",
         {"CREATE POLICY evil ON registry.history USING (true)"},
         {"DROP POLICY evil ON registry.history"}},
        {"registry.child",
         {"CREATE TABLE registry.child () INHERITS (registry.history)"},
         {"DROP TABLE registry.child"}},
        {"schema evil", {"CREATE SCHEMA evil"}, {"DROP SCHEMA evil"}},
        {"view registry.evil",
         {"CREATE VIEW registry.evil AS SELECT 1 AS one"},
         {"DROP VIEW registry.evil"}},
        {"registry.history_name",
         {"DROP INDEX registry.history_name"},
         {"CREATE INDEX history_name ON registry.history (project, name, id)"}},
        {"evil",
         {"ALTER TABLE registry.history ADD CONSTRAINT evil CHECK (event <> '!')"},
         {"ALTER TABLE registry.history DROP CONSTRAINT evil"}},
        {"PUBLIC",
         {"GRANT SELECT ON registry.key TO PUBLIC"},
         {"REVOKE SELECT ON registry.key FROM PUBLIC"}},
        {"default acl",
         {"ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO PUBLIC"},
         {"ALTER DEFAULT PRIVILEGES REVOKE INSERT ON TABLES FROM PUBLIC"}}};
    for (const auto& one : cases) {
        SCOPED_TRACE(one.make.front());
        for (const auto& sql : one.make) execute(manager, sql);
        const auto refused = upgrade(*administrator_);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
        EXPECT_THAT(refused.error().message, HasSubstr(one.name));
        EXPECT_TRUE(is_open());
        EXPECT_EQ(owners(), "reviewdb_manager");
        for (const auto& sql : one.undo) execute(manager, sql);
    }
    must(upgrade(*administrator_));
    expect_moved();
}

// What only a superuser can have put there.
TEST_F(TakeoverTest, refuses_event_triggers_and_publications) {
    for (const auto& [make, undo] : std::vector<std::pair<std::string, std::string>>{
             {"CREATE PUBLICATION evil FOR ALL TABLES", "DROP PUBLICATION evil"},
             {"CREATE CAST (text AS point) WITH INOUT", "DROP CAST (text AS point)"}}) {
        execute(root("reviewdb"), make);
        EXPECT_FALSE(upgrade(*administrator_)) << make;
        execute(root("reviewdb"), undo);
    }
    EXPECT_TRUE(upgrade(*administrator_));
}

TEST_F(TakeoverTest, creates_finish_or_say_that_they_are_to_come_again) {
    std::atomic<bool> done = false;
    std::vector<std::string> wrong;
    std::thread worker([&] {
        for (int i = 0; !done || i < 3; ++i) {
            const auto made = caller_.call(Request::create, fmt::format("e{}", i));
            if (made) continue;
            const auto kind = made.error().kind;
            if (kind != ErrorKind::unavailable && kind != ErrorKind::in_doubt &&
                kind != ErrorKind::overloaded) {
                wrong.push_back(made.error().message);
            }
        }
    });
    const auto upgraded = upgrade(*administrator_);
    done = true;
    worker.join();
    EXPECT_TRUE(upgraded) << upgraded.error().message;
    EXPECT_THAT(wrong, testing::IsEmpty());
    expect_moved();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(support::use_and_remove(caller_, fmt::format("e{}", i)), "");
    }
}

// A session that stays is ended after some seconds, and cannot come back before it is over.
TEST_F(TakeoverTest, ends_who_stays_in_the_registry) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    auto stays = support::connect(caller_.login.with("options", "-c role=reviewdb_manager"));
    must(upgrade(*administrator_));
    expect_moved();
    EXPECT_FALSE(stays.run({"SELECT 1"}, soon()));
}

// As after a kill: whatever was committed by then.
TEST_F(TakeoverTest, goes_on_where_a_killed_call_ended) {
    execute(*administrator_, "CREATE ROLE reviewdb_registry NOLOGIN NOINHERIT");
    execute(root(), "ALTER DATABASE reviewdb ALLOW_CONNECTIONS false");
    const auto refused = upgrade(*administrator_);
    ASSERT_FALSE(refused) << "a role without our comment may be anybody's";
    execute(*administrator_, "COMMENT ON ROLE reviewdb_registry IS 'reviewdb/1 registry'");
    must(upgrade(*administrator_));
    expect_moved();
}

// Its deadline ends it at any moment: what is there is whole, and the next call finishes it.
TEST_F(TakeoverTest, is_finished_by_the_next_call_from_any_moment) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    for (int moment = 1; moment < 40; moment += support::every_day(3)) {
        const auto ended =
            upgrade(*administrator_, base::Deadline::after(std::chrono::milliseconds(15 * moment)));
        if (ended) break;
        if (is_open()) {
            EXPECT_THAT(owners(), testing::AnyOf("reviewdb_manager", "reviewdb_registry"));
        }
    }
    must(upgrade(*administrator_));
    expect_moved();
    must(caller_.call(Request::create, "x"));
    EXPECT_EQ(support::use_and_remove(caller_, "x"), "");
}

// A superuser's session never ran it, though an operator had put it there.
TEST_F(TakeoverTest, planted_code_does_not_run_with_the_administrators_rights) {
    start(true);
    const auto manager = caller_.login.with("options", "-c role=reviewdb_manager");
    execute(manager,
            "CREATE FUNCTION registry.evil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE "
            "'SET LOCAL ROLE NONE'; EXECUTE 'CREATE ROLE it_ran'; RETURN NULL; END $$");
    execute(manager,
            "CREATE TRIGGER evil AFTER INSERT OR UPDATE ON registry.history FOR EACH STATEMENT "
            "EXECUTE FUNCTION registry.evil()");
    server::Preparation wish;
    wish.actor = support::k_tester;
    EXPECT_FALSE(server::prepare(root(), wish, soon(), log_));
    const auto refused = upgrade(root());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("evil on registry.history"));
    EXPECT_EQ(ask(root(), "SELECT count(*)::text AS value FROM pg_roles WHERE rolname = 'it_ran'"),
              "0");
}

}  // namespace
