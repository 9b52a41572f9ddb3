// SPDX-License-Identifier: Apache-2.0
//
// What somebody changed by hand, alone and in pairs: repair makes it right and says so, and has
// nothing to do a second time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "server/rebuild.h"
#include "support/environment_test.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/stride.h"

namespace {

using environment::Answer;
using environment::Outcome;
using support::ask;
using support::execute;
using support::must;
using support::refusal;

struct Drift {
    const char* what;
    std::vector<std::string> sql;  // {0} the database, {1} the role; by a superuser
    bool inside = false;           // run in the environment's database
};

const std::vector<Drift>& drifts() {
    static const std::vector<Drift> k_drifts{
        {"another password", {"ALTER ROLE {1} PASSWORD 'another'"}},
        {"no password", {"ALTER ROLE {1} PASSWORD NULL"}},
        {"no login", {"ALTER ROLE {1} NOLOGIN"}},
        {"a password that has expired", {"ALTER ROLE {1} VALID UNTIL '2001-01-01'"}},
        {"another limit", {"ALTER ROLE {1} CONNECTION LIMIT 1"}},
        {"may make databases", {"ALTER ROLE {1} CREATEDB"}},
        {"a role without a stamp", {"COMMENT ON ROLE {1} IS NULL"}},
        {"no connect", {"REVOKE CONNECT ON DATABASE {0} FROM {1}"}},
        {"no rights", {"REVOKE ALL ON DATABASE {0} FROM {1}"}},
        {"open to PUBLIC", {"GRANT CONNECT ON DATABASE {0} TO PUBLIC"}},
        {"CONNECT for a foreign role", {"GRANT CONNECT ON DATABASE {0} TO foreigner"}},
        {"TEMPORARY for a foreign role", {"GRANT TEMPORARY ON DATABASE {0} TO foreigner"}},
        {"a foreign role as a member", {"GRANT {1} TO foreigner GRANTED BY reviewdb_manager"}},
        {"a closed database", {"ALTER DATABASE {0} ALLOW_CONNECTIONS false"}},
        {"a limit on the database", {"ALTER DATABASE {0} CONNECTION LIMIT 0"}},
        {"a template", {"ALTER DATABASE {0} IS_TEMPLATE true"}},
        {"a setting of the database", {"ALTER DATABASE {0} SET statement_timeout = 1"}},
        {"no stamp", {"COMMENT ON DATABASE {0} IS NULL"}},
        {"another database's stamp", {"COMMENT ON DATABASE {0} IS 'reviewdb/1 of something else'"}},
        {"a schema of somebody else", {"ALTER SCHEMA public OWNER TO reviewdb_manager"}, true},
        {"no schema public", {"DROP SCHEMA public CASCADE"}, true},
        {"another name", {"ALTER DATABASE {0} RENAME TO {0}_other"}},
    };
    return k_drifts;
}

class DriftTest : public support::EnvironmentTest {
   protected:
    DriftTest() { project_name_ = "drift"; }

    static void apply(const Drift& drift, const Answer& made) {
        const auto& database = made.description->database;
        for (const auto& sql : drift.sql) {
            const auto statement = fmt::format(fmt::runtime(sql), database, made.description->role);
            execute(root(drift.inside ? database : "postgres"), statement);
        }
    }

    void SetUp() override {
        EnvironmentTest::SetUp();
        if (!IsSkipped()) {
            execute(root(), "DROP ROLE IF EXISTS foreigner");
            execute(root(), "CREATE ROLE foreigner LOGIN");
        }
    }

    void expect_repaired(const Answer& made) const {
        const auto repaired = must(repair(name_));
        EXPECT_EQ(repaired.outcome, Outcome::repaired);
        EXPECT_EQ(repaired.description->database, made.description->database);
        EXPECT_EQ(repaired.description->role, made.description->role);
        EXPECT_EQ(refusal(login(repaired), "CREATE TABLE IF NOT EXISTS public.t (id integer)"), "");
        EXPECT_EQ(refusal(login(repaired), "INSERT INTO t VALUES (1)"), "");
        EXPECT_EQ(refusal(login(repaired), "CREATE SCHEMA IF NOT EXISTS s"), "");
        EXPECT_EQ(ask(root(), "SELECT has_database_privilege('public', '" +
                                  made.description->database + "', 'CONNECT')::text AS value"),
                  "false");
        for (const std::string right : {"CONNECT", "TEMPORARY"}) {
            EXPECT_EQ(
                ask(root(), "SELECT has_database_privilege('foreigner', '" +
                                made.description->database + "', '" + right + "')::text AS value"),
                "false");
        }
        EXPECT_EQ(must(repair(name_)).outcome, Outcome::unchanged);
    }
};

// Every day each of them alone, and a fifth of the pairs.
TEST_F(DriftTest, is_repaired_alone_and_in_pairs) {
    const auto made = must(create(name_));
    execute(login(made), "CREATE TABLE t (id integer)");
    // In pairs they are the same to every major.
    const auto most = is_tried_on_another_major() ? 1 : drifts().size();
    int pairs = 0;
    for (std::size_t i = 0; i < drifts().size() && !HasFailure(); ++i) {
        for (auto j = i; j < std::min(i + most, drifts().size()) && !HasFailure(); ++j) {
            if (i != j && !support::is_of_every_day(pairs++, 5)) continue;
            const auto& first = drifts()[i];
            const auto& second = drifts()[j];
            SCOPED_TRACE(std::string(first.what) + ", and " + second.what);
            // What is inside comes first: afterwards the database may be closed or renamed.
            const bool swap = second.inside;
            apply(swap ? second : first, made);
            if (i != j) apply(swap ? first : second, made);
            expect_repaired(made);
        }
    }
    remove_all(name_);
}

TEST_F(DriftTest, is_found_for_all_environments_at_once_without_changing_anything) {
    const auto made = must(create(name_));
    const auto other = support::unique_name();
    must(create(other));
    for (const auto& drift : drifts()) {
        SCOPED_TRACE(drift.what);
        apply(drift, made);
        std::vector<environment::Report> reports;
        must(in_a_process(std::nullopt, [&](auto& manager) -> base::Result<Answer> {
            reports = must(manager.examine(project(), support::soon()));
            return Answer{};
        }));
        ASSERT_EQ(reports.size(), 2U);
        for (const auto& report : reports) {
            const bool drifted = report.subject.name.text() == name_;
            ASSERT_TRUE(report.result) << report.result.error().message;
            EXPECT_EQ(report.result->outcome, drifted ? Outcome::repaired : Outcome::unchanged);
        }
        EXPECT_EQ(must(repair(name_)).outcome, Outcome::repaired);
    }
    must(remove(other));
    remove_all(name_);
}

TEST_F(DriftTest, a_right_that_its_role_may_grant_is_taken_back_with_what_it_granted) {
    const auto made = must(create(name_));
    const auto& database = made.description->database;
    execute(root(), fmt::format("GRANT CONNECT ON DATABASE {} TO {} WITH GRANT OPTION", database,
                                made.description->role));
    execute(login(made), fmt::format("GRANT CONNECT ON DATABASE {} TO foreigner", database));
    expect_repaired(made);
    EXPECT_EQ(
        refusal(login(made), fmt::format("GRANT CONNECT ON DATABASE {} TO foreigner", database)),
        "");
    EXPECT_EQ(must(repair(name_)).outcome, Outcome::unchanged);
    remove_all(name_);
}

TEST_F(DriftTest, a_member_that_a_superuser_added_is_left) {
    const auto made = must(create(name_));
    const auto& role = made.description->role;
    execute(root(), "GRANT " + role + " TO foreigner");
    EXPECT_EQ(must(repair(name_)).outcome, Outcome::unchanged);
    EXPECT_EQ(
        ask(root(), "SELECT pg_has_role('foreigner', '" + role + "', 'MEMBER')::text AS value"),
        "true");
    remove_all(name_);
}

TEST_F(DriftTest, what_only_a_login_shows_is_told_by_a_dry_run) {
    const auto made = must(create(name_));
    execute(root(made.description->database), "DROP SCHEMA public CASCADE");
    const auto told = must(in_a_process(std::nullopt, [&](auto& manager) {
        return manager.repair({project(), must(environment::Name::parse(name_))},
                              environment::Execution::dry_run, support::soon());
    }));
    EXPECT_EQ(told.outcome, Outcome::repaired);
    EXPECT_NE(refusal(login(made), "CREATE TABLE public.t (id integer)"), "");
    expect_repaired(made);
    remove_all(name_);
}

TEST_F(DriftTest, a_role_that_is_gone_is_made_anew_and_owns_nothing_that_others_took) {
    const auto made = must(create(name_));
    const auto& role = made.description->role;
    execute(root(made.description->database), "DROP OWNED BY " + role + " CASCADE");
    execute(root(), "REVOKE ALL ON DATABASE " + made.description->database + " FROM " + role);
    execute(root(), "DROP ROLE " + role);
    const auto repaired = must(repair(name_));
    EXPECT_EQ(repaired.outcome, Outcome::repaired);
    EXPECT_EQ(repaired.description->role, role);
    EXPECT_EQ(refusal(login(repaired), "SELECT 1"), "");
    EXPECT_EQ(must(repair(name_)).outcome, Outcome::unchanged);
    remove_all(name_);
}

TEST_F(DriftTest, a_database_that_is_gone_is_made_anew_and_said_to_be) {
    const auto made = must(create(name_));
    execute(root(), "DROP DATABASE " + made.description->database);
    const auto repaired = must(repair(name_));
    EXPECT_EQ(repaired.outcome, Outcome::repaired);
    EXPECT_NE(environment::summary(repaired.steps).find("gone from the server"), std::string::npos);
    EXPECT_EQ(refusal(login(repaired), "CREATE TABLE t (id integer)"), "");
    EXPECT_EQ(must(repair(name_)).outcome, Outcome::unchanged);
    remove_all(name_);
}

TEST_F(DriftTest, a_database_that_somebody_else_owns_now_is_refused_and_stays) {
    const auto made = must(create(name_));
    const auto owner = support::unique_name("owner");
    execute(root(), "CREATE ROLE " + owner);
    execute(root(),
            fmt::format("ALTER DATABASE {} OWNER TO {}", made.description->database, owner));
    const auto refused = repair(name_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::conflict);
    EXPECT_NE(refused.error().message.find(owner), std::string::npos);
    execute(root(),
            fmt::format("ALTER DATABASE {} OWNER TO reviewdb_manager", made.description->database));
    execute(root(), "DROP ROLE " + owner);
    EXPECT_EQ(refusal(login(must(repair(name_))), "SELECT 1"), "");
    remove_all(name_);
}

TEST_F(DriftTest, a_right_that_only_a_superuser_can_take_back_is_refused_with_its_reason) {
    const auto made = must(create(name_));
    const auto& role = made.description->role;
    execute(root(), "ALTER ROLE " + role + " BYPASSRLS");
    const auto refused = repair(name_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::denied) << refused.error().message;
    EXPECT_NE(refused.error().message.find(role), std::string::npos);
    EXPECT_NE(refused.error().hint.find("NOBYPASSRLS"), std::string::npos);
    execute(root(), "ALTER ROLE " + role + " NOBYPASSRLS");
    EXPECT_EQ(must(repair(name_)).outcome, Outcome::unchanged);
    remove_all(name_);
}

TEST_F(DriftTest, a_registry_that_is_older_than_the_server_changes_nothing) {
    const auto made = must(create(name_));
    const auto behind = [&](const char* sign) {
        execute(root("reviewdb"),
                fmt::format("UPDATE registry.installation SET writes = writes {} 1000", sign));
    };
    behind("-");
    for (const auto& refused : {repair(name_), remove(name_), create(name_)}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, base::ErrorKind::conflict);
        EXPECT_NE(refused.error().message.find("older than the server"), std::string::npos);
    }
    EXPECT_EQ(refusal(login(made), "SELECT 1"), "");
    behind("+");
    remove_all(name_);
}

TEST_F(DriftTest, a_registry_that_lost_everything_is_rebuilt_from_the_stamps) {
    const auto other = support::unique_name();
    const auto made = must(create(name_));
    execute(login(made), "CREATE TABLE t (id integer)");
    must(create(other));
    // As a backup of yesterday would leave it: one environment unknown, of the other an old
    // version.
    const auto rotated = in_a_process(std::nullopt, [&](auto& manager) {
        return manager.rotate({project(), must(environment::Name::parse(other))},
                              environment::Sessions::leave, environment::Execution::carry_out,
                              support::soon());
    });
    execute(root("reviewdb"), "DELETE FROM registry.environment WHERE name = '" + name_ + "'");
    execute(root("reviewdb"),
            "DELETE FROM registry.instance WHERE database = '" + made.description->database + "'");
    execute(root("reviewdb"),
            "DELETE FROM registry.role WHERE name = '" + made.description->role + "'");
    execute(root("reviewdb"), "UPDATE registry.role SET password_version = 1");
    execute(root("reviewdb"), "UPDATE registry.installation SET writes = 0");
    ASSERT_FALSE(remove(other));

    base::Log log{base::LogLevel::warning, base::LogFormat::text};
    const auto adopted = must(server::rebuild_registry(support::prepared_operator(), {},
                                                       support::k_tester, support::soon(), log));
    EXPECT_EQ(adopted.size(), 2U);
    const auto again = must(create(name_));
    EXPECT_EQ(again.outcome, Outcome::unchanged);
    EXPECT_EQ(login(again).to_uri().reveal(), login(made).to_uri().reveal());
    EXPECT_EQ(refusal(login(again), "SELECT * FROM t"), "");
    const auto there = must(create(other));
    EXPECT_EQ(there.outcome, Outcome::unchanged);
    EXPECT_EQ(login(there).to_uri().reveal(), login(must(rotated)).to_uri().reveal());
    must(remove(other));
    remove_all(name_);
}

}  // namespace
