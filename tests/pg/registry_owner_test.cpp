// SPDX-License-Identifier: Apache-2.0
//
// The registry belongs to nobody who works daily: an operator writes rows and cannot make another
// session run its code, and what was planted before a server is prepared is refused.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/inspect.h"
#include "server/live_server.h"
#include "server/operator_login.h"
#include "server/prepare.h"
#include "server/upgrade.h"
#include "support/environment_test.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using base::ErrorKind;
using support::ask;
using support::execute;
using support::must;
using support::refusal;
using support::soon;
using testing::HasSubstr;

class RegistryOwnerTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        cluster_ = std::make_unique<support::Cluster>();
    }
    pg::ConnectionInfo root(const std::string& database = "postgres") const {
        return cluster_->superuser(database);
    }
    base::Result<server::Prepared> prepare(const pg::ConnectionInfo& administrator) {
        server::Preparation wish;
        wish.loopback_allowed = true;
        wish.actor = support::k_tester;
        return server::prepare(administrator, wish, soon(), log_);
    }
    // The refusal of a server on which something was planted.
    base::Error refused(const pg::ConnectionInfo& administrator) {
        const auto made = prepare(administrator);
        if (made) {
            ADD_FAILURE() << "it was prepared";
            return {};
        }
        return made.error();
    }
    static pg::ConnectionInfo as_manager(const pg::ConnectionInfo& login) {
        return login.with("options", "-c role=reviewdb_manager");
    }

    base::Log log_{base::LogLevel::error, base::LogFormat::text};
    std::unique_ptr<support::Cluster> cluster_;
};

TEST_F(RegistryOwnerTest, an_operator_can_put_no_code_into_the_registry) {
    const auto login = *must(prepare(root())).operator_login;
    for (const auto* sql :
         {"CREATE TRIGGER evil AFTER INSERT ON registry.history FOR EACH ROW EXECUTE FUNCTION "
          "suppress_redundant_updates_trigger()",
          "CREATE RULE evil AS ON INSERT TO registry.history DO ALSO SELECT 1",
          "ALTER TABLE registry.history ENABLE ROW LEVEL SECURITY",
          "CREATE POLICY evil ON registry.history USING (true)",
          "ALTER TABLE registry.history ALTER event SET DEFAULT 'x'",
          "ALTER TABLE registry.history ADD CHECK (event <> '')",
          "ALTER TABLE registry.history ADD COLUMN evil text",
          "DROP TABLE registry.sweep",
          "TRUNCATE registry.history",
          "CREATE INDEX evil ON registry.history ((lower(event)))",
          "CREATE OR REPLACE FUNCTION registry.count_write() RETURNS void LANGUAGE sql AS ''",
          "ALTER FUNCTION registry.count_write() RESET search_path",
          "CREATE FUNCTION registry.evil() RETURNS void LANGUAGE sql AS ''",
          "CREATE FUNCTION public.evil() RETURNS void LANGUAGE sql AS ''",
          "CREATE SCHEMA evil",
          "CREATE TEMP TABLE evil (id integer)",
          "CREATE TABLE registry.evil (id integer)",
          "CREATE TABLE public.evil (like registry.history)",
          "ALTER TABLE registry.history RENAME TO evil",
          "ALTER SCHEMA registry RENAME TO evil",
          "ALTER DATABASE reviewdb SET session_preload_libraries = 'evil'",
          "ALTER DATABASE reviewdb OWNER TO reviewdb_manager",
          "DROP DATABASE reviewdb",
          "ALTER DATABASE reviewdb ALLOW_CONNECTIONS false",
          "COMMENT ON DATABASE reviewdb IS 'reviewdb/1 leaving'",
          "LOCK TABLE registry.installation",
          "INSERT INTO registry.closed_database (oid, database, closed_by) VALUES (1, 'x', 'x')",
          "UPDATE registry.closed_database SET database = 'x'",
          "DELETE FROM registry.closed_database",
          "UPDATE registry.installation SET schema_version = 0",
          "UPDATE registry.installation SET oldest_program_allowed = 99",
          "DELETE FROM registry.installation",
          "SET ROLE reviewdb_registry"}) {
        const auto code = refusal(as_manager(login), sql);
        EXPECT_TRUE(code == "42501" || code == "25P01") << code << " " << sql;
    }
    // Postgres calls these a success with a warning; nothing is changed, or the next line fails.
    for (const auto* sql : {"GRANT CREATE ON SCHEMA registry TO reviewdb_operator",
                            "GRANT SELECT ON registry.key TO PUBLIC"}) {
        refusal(as_manager(login), sql);
    }
    EXPECT_EQ(must(server::upgrade(root(), support::k_tester, soon(), log_)).to,
              server::schema_version());
}

// On 15, CREATEROLE reaches every role that is no superuser, which doctor says.
TEST_F(RegistryOwnerTest, an_operator_cannot_become_the_owner_from_16_on) {
    const auto login = *must(prepare(root())).operator_login;
    if (cluster_->major() < 16) GTEST_SKIP() << "Skipped: nothing prevents it before 16";
    for (const auto* sql :
         {"GRANT reviewdb_registry TO reviewdb_operator", "ALTER ROLE reviewdb_registry LOGIN",
          "GRANT pg_execute_server_program TO reviewdb_operator", "DROP ROLE reviewdb_registry",
          "ALTER ROLE test_superuser PASSWORD 'x'"}) {
        EXPECT_EQ(refusal(as_manager(login), sql), "42501") << sql;
    }
}

TEST_F(RegistryOwnerTest, daily_work_is_refused_with_an_administrators_login) {
    must(prepare(root()));
    server::LiveServer live(root(), "reviewdb/test", log_);
    const auto listed = live.list({}, soon());
    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().kind, ErrorKind::denied);
    EXPECT_THAT(listed.error().message, HasSubstr("superuser"));
    EXPECT_THAT(listed.error().hint, HasSubstr("reviewdb rotate --operator"));
    const auto other = cluster_->make_administrator();
    execute(root(), fmt::format("GRANT CONNECT ON DATABASE reviewdb TO {}", other.get("user")));
    server::LiveServer theirs(other, "reviewdb/test", log_);
    const auto denied = theirs.list({}, soon());
    ASSERT_FALSE(denied);
    EXPECT_THAT(denied.error().hint, HasSubstr("reviewdb rotate --operator"));
}

TEST_F(RegistryOwnerTest, the_administrator_makes_a_new_login_for_daily_work) {
    const auto administrator = cluster_->make_administrator();
    must(prepare(administrator));
    const auto login =
        must(server::rotate_operator(administrator, support::k_tester, soon(), log_));
    server::LiveServer live(login, "reviewdb/test", log_);
    EXPECT_TRUE(live.list({}, soon()));
    EXPECT_EQ(ask(root("reviewdb"),
                  "SELECT count(*)::text AS value FROM registry.history WHERE event = 'operator "
                  "rotated'"),
              "1");
}

TEST_F(RegistryOwnerTest, a_door_has_an_operator_of_its_own) {
    const auto administrator = cluster_->make_administrator();
    must(prepare(administrator));
    const auto password = [] { return base::Result<base::Secret>(base::Secret("chosen")); };
    for (int i = 0; i < 2; ++i) {
        const auto login =
            must(server::make_operator_of("lambda", administrator, password, soon(), log_));
        EXPECT_EQ(login.get("user"), "reviewdb_operator_lambda");
        server::LiveServer live(login, "reviewdb/test", log_);
        EXPECT_TRUE(live.list({}, soon()));
    }
    EXPECT_FALSE(prepare(administrator)->newly_made);
    must(server::drop_operator_of("lambda", administrator, soon(), log_));
    EXPECT_EQ(ask(root(),
                  "SELECT count(*)::text AS value FROM pg_roles WHERE rolname LIKE "
                  "'reviewdb_operator_%'"),
              "0");
    execute(root(), "CREATE ROLE reviewdb_operator_lambda LOGIN");
    const auto foreign = server::make_operator_of("lambda", administrator, password, soon(), log_);
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().kind, ErrorKind::conflict);
}

// A role with CREATEDB and CREATEROLE made ours before us, and kept the way into them.
TEST_F(RegistryOwnerTest, a_planted_role_is_refused_for_whoever_may_act_as_it) {
    for (const std::string role : {"reviewdb_manager", "reviewdb_registry"}) {
        const auto planter = cluster_->make_administrator();
        const std::string name(planter.get("user"));
        execute(planter, fmt::format("CREATE ROLE {} NOLOGIN CREATEDB CREATEROLE", role));
        execute(planter, fmt::format("COMMENT ON ROLE {} IS 'reviewdb/1 {}'", role,
                                     role.substr(std::string("reviewdb_").size())));
        execute(planter, "CREATE ROLE go_between");
        execute(planter, fmt::format("GRANT {} TO go_between", role));
        const auto error = refused(root());
        EXPECT_EQ(error.kind, ErrorKind::conflict);
        EXPECT_THAT(error.message, HasSubstr(role));
        EXPECT_EQ(ask(root(),
                      "SELECT count(*)::text AS value FROM pg_database WHERE datname LIKE "
                      "'reviewdb%'"),
                  "0");
        execute(root(), fmt::format("DROP ROLE {}, go_between", role));
    }
}

TEST_F(RegistryOwnerTest, a_planted_database_is_refused_whatever_is_in_it) {
    const auto home = root("reviewdb");
    for (const auto* planted :
         {"CREATE SCHEMA evil", "CREATE SCHEMA registry", "CREATE TABLE public.evil (id integer)",
          "CREATE VIEW public.evil AS SELECT 1",
          "CREATE FUNCTION public.evil() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
          "CREATE CAST (text AS point) WITH INOUT", "CREATE PUBLICATION evil",
          "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", "SELECT lo_create(4711)",
          "CREATE OPERATOR public.=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq)",
          "CREATE COLLATION public.evil FROM \"C\"", "CREATE TYPE public.evil AS ENUM ('a')",
          "CREATE TEXT SEARCH CONFIGURATION public.evil (COPY = simple)"}) {
        SCOPED_TRACE(planted);
        execute(root(), "CREATE ROLE reviewdb_registry");
        execute(root(), "COMMENT ON ROLE reviewdb_registry IS 'reviewdb/1 registry'");
        execute(root(), "CREATE DATABASE reviewdb OWNER reviewdb_registry TEMPLATE template0");
        execute(home, planted);
        const auto error = refused(root());
        EXPECT_EQ(error.kind, ErrorKind::conflict) << error.message;
        EXPECT_THAT(error.message, HasSubstr("database reviewdb "));
        execute(root(), "DROP DATABASE reviewdb");
        execute(root(), "ALTER DATABASE reviewdb_template_0 IS_TEMPLATE false");
        execute(root(), "DROP DATABASE reviewdb_template_0");
        execute(root(), "DROP ROLE reviewdb_operator, reviewdb_manager, reviewdb_registry");
    }
}

TEST_F(RegistryOwnerTest, a_registry_with_foreign_objects_is_neither_upgraded_nor_removed) {
    must(prepare(root()));
    const auto home = root("reviewdb");
    struct Case {
        const char* title;
        const char* make;
        const char* undo;
    };
    for (const auto& one : std::vector<Case>{
             {"evil", "CREATE VIEW registry.evil AS SELECT 1", "DROP VIEW registry.evil"},
             {"count_write", "ALTER FUNCTION registry.count_write() RESET search_path",
              "ALTER FUNCTION registry.count_write() SET search_path = pg_catalog"},
             {"event", "ALTER TABLE registry.history ALTER event SET DEFAULT 'x'",
              "ALTER TABLE registry.history ALTER event DROP DEFAULT"},
             {"PUBLIC", "GRANT SELECT ON registry.key TO PUBLIC",
              "REVOKE SELECT ON registry.key FROM PUBLIC"},
             {"owned by", "ALTER TABLE registry.sweep OWNER TO reviewdb_manager",
              "ALTER TABLE registry.sweep OWNER TO reviewdb_registry"}}) {
        SCOPED_TRACE(one.title);
        execute(home, one.make);
        for (const auto& outcome :
             {server::upgrade(root(), support::k_tester, soon(), log_).map([](auto) {}),
              prepare(root()).map([](auto) {})}) {
            ASSERT_FALSE(outcome);
            EXPECT_EQ(outcome.error().kind, ErrorKind::conflict);
            EXPECT_THAT(outcome.error().message, HasSubstr(one.title));
        }
        execute(home, one.undo);
        if (std::string_view(one.title) != "owned by") {
            EXPECT_TRUE(server::upgrade(root(), support::k_tester, soon(), log_));
        }
    }
}

TEST_F(RegistryOwnerTest, doctor_lists_who_may_act_as_our_roles) {
    const auto login = *must(prepare(root())).operator_login;
    const auto found = [&](const std::string& subject) {
        std::string text;
        for (const auto& one : must(server::inspect(
                 login, must(environment::Project::parse("review")), soon(), log_))) {
            if (one.subject == subject) text += one.found + "\n";
        }
        return text;
    };
    EXPECT_THAT(found("reviewdb_manager"), HasSubstr("reviewdb_operator"));
    const std::string other(cluster_->make_administrator().get("user"));
    execute(root(), "GRANT reviewdb_registry TO " + other);
    EXPECT_THAT(found("reviewdb_registry"), HasSubstr(other));
    execute(root(), "GRANT reviewdb_manager TO " + other);
    EXPECT_THAT(found("reviewdb_manager"), HasSubstr(other));
}

// The control database was dropped and restored from a backup: its roles know better.
TEST_F(RegistryOwnerTest, a_registry_without_its_mark_is_not_believed) {
    const auto login = *must(prepare(root())).operator_login;
    const auto manager = as_manager(login);
    const auto behind = [&] {
        return ask(manager,
                   "SELECT (writes < registry.counted_writes())::text AS value FROM "
                   "registry.installation");
    };
    EXPECT_EQ(behind(), "false");
    execute(manager, "SELECT registry.count_write()");
    EXPECT_EQ(behind(), "false");
    EXPECT_THAT(ask(root(),
                    "SELECT array_to_string(rolconfig, ' ') AS value FROM pg_roles WHERE "
                    "rolname = 'reviewdb_manager'"),
                testing::MatchesRegex("application_name=reviewdb/1 [0-9a-f-]+ 1"));
    execute(root("reviewdb"), "UPDATE registry.installation SET writes = 0");
    EXPECT_EQ(behind(), "true");
    execute(root("reviewdb"), "UPDATE registry.installation SET writes = 1");
    EXPECT_EQ(behind(), "false");
    execute(root("reviewdb"), "UPDATE registry.installation SET id = gen_random_uuid()");
    EXPECT_EQ(behind(), "true");
    execute(root(), "ALTER ROLE reviewdb_manager RESET application_name");
    EXPECT_EQ(behind(), "true");
}

}  // namespace
