// SPDX-License-Identifier: Apache-2.0
//
// PgBouncer in front of the operator, which is refused by name however it is set up, and in front
// of the environments, which is theirs to use.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/inspect.h"
#include "server/prepare.h"
#include "support/environment_test.h"
#include "support/must.h"
#include "support/pg_bouncer.h"
#include "support/sql.h"

namespace {

using base::ErrorKind;
using support::must;
using support::PgBouncer;
using support::Request;
using testing::HasSubstr;

class PoolerTest : public support::EnvironmentTest {
   protected:
    PoolerTest() { project_name_ = "pooler"; }
    void SetUp() override {
        if (!support::has_pg_bouncer()) {
            if (getenv("CI") != nullptr) FAIL() << "no pgbouncer";
            GTEST_SKIP() << "no pgbouncer on this machine";
        }
        EnvironmentTest::SetUp();
    }

    static pg::ConnectionInfo by(const PgBouncer& pooler, const pg::ConnectionInfo& login) {
        return login.with("port", std::to_string(pooler.port()));
    }

    static void expect_refused(const base::Error& error) {
        EXPECT_EQ(error.kind, ErrorKind::conflict) << error.message;
        EXPECT_THAT(error.message, HasSubstr("pooler"));
        EXPECT_NE(error.hint, "");
    }

    static void let_in(PgBouncer& pooler, const pg::ConnectionInfo& login) {
        pooler.let_in(support::shared_cluster(), std::string(login.get("user")));
        const auto deadline = support::soon();
        while (!support::refusal(by(pooler, login), "SELECT 1").empty() && !deadline.passed()) {
        }
    }

    // Whatever is asked of it, on a server that is prepared.
    void expect_everything_refused(const support::PgBouncerOptions& options) const {
        PgBouncer pooler(support::shared_cluster(), options);
        base::Log log{base::LogLevel::off, base::LogFormat::text};
        pooler.let_in(support::shared_cluster(), "reviewdb_operator");
        const auto administrator = support::shared_cluster().make_administrator();
        let_in(pooler, administrator);
        const auto login = by(pooler, support::prepared_operator());
        auto caller = support::Caller{login, project_name_};
        caller.patience = std::chrono::seconds(10);
        for (const auto verb : {Request::create, Request::repair, Request::remove}) {
            const auto answer = caller.call(verb, name_);
            ASSERT_FALSE(answer);
            expect_refused(answer.error());
        }
        server::LiveServer live(login, "reviewdb/test", log);
        const auto listed = live.list({}, support::soon());
        ASSERT_FALSE(listed);
        expect_refused(listed.error());
        const auto findings = server::inspect(login, project(), support::soon(), log);
        ASSERT_FALSE(findings);
        expect_refused(findings.error());
        server::Preparation wish;
        wish.loopback_allowed = true;
        wish.actor = support::k_tester;
        const auto prepared =
            server::prepare(by(pooler, administrator), wish, support::soon(), log);
        ASSERT_FALSE(prepared);
        expect_refused(prepared.error());
        // No lock is left on a session that lives on in the pool.
        EXPECT_EQ(support::ask(root(),
                               "SELECT count(*)::text AS value FROM pg_locks WHERE "
                               "locktype = 'advisory'"),
                  "0");
        expect_nothing_left();
    }
};

TEST_F(PoolerTest, is_refused_by_name_in_transaction_mode) {
    expect_everything_refused({"transaction", {}});
}

TEST_F(PoolerTest, is_refused_by_name_in_session_mode) {
    expect_everything_refused({"session", {}});
}

TEST_F(PoolerTest, is_refused_by_name_where_it_drops_our_settings_without_a_word) {
    for (const auto* mode : {"transaction", "session", "statement"}) {
        SCOPED_TRACE(mode);
        expect_everything_refused({mode, "options"});
    }
}

TEST_F(PoolerTest, serves_environments_when_it_is_the_advertised_address) {
    PgBouncer pooler(support::shared_cluster(), {});
    base::Log log{base::LogLevel::warning, base::LogFormat::text};
    {
        server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
        must(live.set_policy(project_name_, "port", std::to_string(pooler.port()),
                             support::k_tester, support::soon()));
    }
    const auto made = must(create(name_));
    EXPECT_EQ(made.description->port, pooler.port());
    const auto url = by(pooler, login(made));
    let_in(pooler, login(made));
    EXPECT_EQ(support::ask(url, "SELECT current_user::text AS value"), made.description->role);
    EXPECT_EQ(support::refusal(url, "CREATE TABLE t (id integer)"), "");
    EXPECT_EQ(must(create(name_)).outcome, environment::Outcome::unchanged);
    const support::Caller caller{support::prepared_operator(), project_name_};
    // Sessions that the pool keeps open do not stand in the way.
    must(caller.call(Request::reset, name_));
    EXPECT_EQ(support::refusal(url, "SELECT * FROM t"), "42P01");
    remove_all(name_);
}

}  // namespace
