// SPDX-License-Identifier: Apache-2.0
//
// A server is prepared by whatever administrator there is, once, by many at once, after a crash, or
// by somebody else's hands; and what is not ours is left alone.
#include "server/prepare.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/bytes.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "environment/credential.h"
#include "server/session.h"
#include "server/upgrade.h"
#include "support/must.h"
#include "support/pg_test.h"
#include "support/soon.h"
#include "support/sql.h"

namespace {

using server::Preparation;
using server::Prepared;
using support::ask;
using support::Cluster;
using support::must;
using support::refusal;
using support::soon;

const environment::Actor k_actor{"tester@here", "cli", "0"};

Preparation wish() {
    Preparation wish;
    wish.host = "db.example.org";
    wish.port = 6543;
    wish.actor = k_actor;
    return wish;
}

// Each test has a server of its own: it is prepared only once.
class PrepareTest : public support::PgTest {
   protected:
    base::Result<Prepared> prepare(const pg::ConnectionInfo& administrator) {
        return prepare(administrator, wish());
    }
    base::Result<Prepared> prepare(const pg::ConnectionInfo& administrator,
                                   const Preparation& wanted) {
        return server::prepare(administrator, wanted, soon(), log_);
    }
    pg::ConnectionInfo control() const { return cluster_->superuser("reviewdb"); }

    // What of ours stands on the server.
    std::string inventory() const {
        return ask(
            cluster_->superuser(),
            "SELECT (SELECT count(*) FROM pg_database WHERE datname LIKE 'reviewdb%') || ' ' "
            "|| (SELECT count(*) FROM pg_roles WHERE rolname LIKE 'reviewdb%') AS value");
    }
    // Who could act as the registry's owner or the manager at once, operators aside.
    std::string members_of_ours() const {
        const auto* lets_act =
            cluster_->major() >= 16 ? " AND (x.set_option OR x.inherit_option)" : "";
        return ask(cluster_->superuser(),
                   fmt::format("SELECT coalesce(string_agg(x.roleid::regrole || ' ' || "
                               "x.member::regrole, ', '), '') AS value FROM pg_auth_members x "
                               "WHERE x.roleid::regrole::text IN ('reviewdb_registry', "
                               "'reviewdb_manager') AND x.member::regrole::text NOT LIKE "
                               "'reviewdb_operator%'{}",
                               lets_act));
    }
    // What the server answers to `sql` in a session that acts as the manager.
    std::string refusal_as_manager(const pg::ConnectionInfo& login, const std::string& sql) {
        return refusal(login.with("options", "-c role=reviewdb_manager"), sql);
    }
    void SetUp() override {
        PgTest::SetUp();
        if (!IsSkipped() && !HasFailure()) cluster_ = std::make_unique<Cluster>();
    }

    base::Log log_{base::LogLevel::warning, base::LogFormat::text};
    std::unique_ptr<Cluster> cluster_;
};

void expect_working(const Cluster& cluster, const pg::ConnectionInfo& login) {
    EXPECT_EQ(ask(login, "SELECT current_user::text AS value"), "reviewdb_operator");
    const auto manager = login.with("options", "-c role=reviewdb_manager");
    EXPECT_EQ(ask(manager, "SELECT schema_version::text AS value FROM registry.installation"),
              std::to_string(server::schema_version()));
    EXPECT_EQ(refusal(manager, "CREATE DATABASE review_x TEMPLATE reviewdb_template_0"), "");
    EXPECT_EQ(refusal(manager, "CREATE ROLE review_role LOGIN"), "");
    EXPECT_EQ(refusal(login, "SELECT 1 FROM registry.key"), "42501");
    const auto stranger = cluster.make_administrator();
    EXPECT_EQ(refusal(stranger.with("dbname", "reviewdb"), "SELECT 1"), "42501");
    EXPECT_EQ(refusal(stranger.with("dbname", "reviewdb_template_0"), "SELECT 1"), "55000");
}

void expect_fingerprint_of_the_key(const pg::ConnectionInfo& control) {
    const auto bytes = ask(control, "SELECT encode(bytes, 'hex') AS value FROM registry.key");
    const auto key =
        must(environment::Key::from_bytes(1, base::Secret(base::from_hex(bytes).value())));
    EXPECT_EQ(ask(control, "SELECT fingerprint AS value FROM registry.key"), key.fingerprint());
}

TEST_F(PrepareTest, is_done_by_a_superuser) {
    const auto made = must(prepare(cluster_->superuser()));
    EXPECT_TRUE(made.newly_made);
    ASSERT_TRUE(made.operator_login);
    expect_working(*cluster_, *made.operator_login);
    expect_fingerprint_of_the_key(control());
}

TEST_F(PrepareTest, is_done_by_an_administrator_who_is_no_superuser) {
    const auto made = must(prepare(cluster_->make_administrator()));
    ASSERT_TRUE(made.operator_login);
    expect_working(*cluster_, *made.operator_login);
    expect_fingerprint_of_the_key(control());
    EXPECT_EQ(members_of_ours(), "");
}

TEST_F(PrepareTest, records_policy_for_every_project) {
    auto wanted = wish();
    wanted.policies = {{"ttl", "7d"}};
    must(prepare(cluster_->superuser(), wanted));
    EXPECT_EQ(ask(control(),
                  "SELECT string_agg(key || '=' || value, ' ' ORDER BY key) AS value "
                  "FROM registry.policy WHERE project = '*'"),
              "connection_limit=24 host=db.example.org port=6543 sslmode=disable ttl=7d");
    EXPECT_EQ(ask(control(), "SELECT event || ' ' || actor AS value FROM registry.history"),
              "prepared tester@here");
    EXPECT_EQ(ask(control(),
                  "SELECT (shobj_description((SELECT oid FROM pg_database WHERE datname "
                  "= 'reviewdb'), 'pg_database') = 'reviewdb/1 control ' || id)::text "
                  "AS value FROM registry.installation"),
              "true");
}

TEST_F(PrepareTest, changes_nothing_the_second_time) {
    const auto administrator = cluster_->make_administrator();
    const auto first = must(prepare(administrator));
    const auto before = ask(control(), "SELECT id::text AS value FROM registry.installation");
    const auto second = must(prepare(administrator));
    EXPECT_FALSE(second.newly_made);
    EXPECT_FALSE(second.operator_login);
    EXPECT_TRUE(std::ranges::any_of(second.remarks, [](const auto& remark) {
        return remark.find("\\password reviewdb_operator") != std::string::npos;
    }));
    const auto by_operator = prepare(*first.operator_login);
    ASSERT_FALSE(by_operator);
    EXPECT_EQ(by_operator.error().kind, base::ErrorKind::denied);
    EXPECT_EQ(ask(control(), "SELECT id::text AS value FROM registry.installation"), before);
    EXPECT_EQ(inventory(), "2 3");
}

TEST_F(PrepareTest, refuses_another_policy_than_the_recorded_one) {
    must(prepare(cluster_->superuser()));
    auto other = wish();
    other.host = "other.example.org";
    const auto again = prepare(cluster_->superuser(), other);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, base::ErrorKind::conflict);
    EXPECT_NE(again.error().message.find("db.example.org"), std::string::npos);
}

TEST_F(PrepareTest, is_done_once_when_twenty_try_at_once) {
    const auto administrator = cluster_->make_administrator();
    support::execute(cluster_->superuser(), "CREATE DATABASE elsewhere");
    std::vector<std::optional<base::Result<Prepared>>> answers(20);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        threads.emplace_back([&, i] {
            const auto* database = i % 2 == 0 ? "postgres" : "elsewhere";
            answers[i] = prepare(administrator.with("dbname", database));
        });
    }
    for (auto& thread : threads) thread.join();
    int made = 0;
    for (const auto& answer : answers) {
        ASSERT_TRUE(*answer) << answer->error().message;
        if (!(*answer)->newly_made) continue;
        ++made;
        expect_working(*cluster_, *(*answer)->operator_login);
    }
    EXPECT_EQ(made, 1);
}

TEST_F(PrepareTest, finishes_what_a_crash_left_at_any_point) {
    const auto administrator = cluster_->make_administrator();
    const auto grant = cluster_->major() >= 16 ? " WITH INHERIT FALSE, SET TRUE" : "";
    const std::vector<std::string> script{
        // NOLINTBEGIN(bugprone-suspicious-missing-comma): statements on two lines
        "BEGIN; CREATE ROLE reviewdb_registry NOLOGIN NOINHERIT; COMMENT ON ROLE "
        "reviewdb_registry IS 'reviewdb/1 registry'; COMMIT",
        "BEGIN; CREATE ROLE reviewdb_manager NOLOGIN CREATEDB CREATEROLE; COMMENT ON ROLE "
        "reviewdb_manager IS 'reviewdb/1 manager'; COMMIT",
        // NOLINTEND(bugprone-suspicious-missing-comma)
        "CREATE ROLE reviewdb_operator LOGIN NOINHERIT; COMMENT ON ROLE reviewdb_operator IS "
        "'reviewdb/1 operator'",
        fmt::format("GRANT reviewdb_registry, reviewdb_manager TO CURRENT_USER{}", grant),
        "CREATE DATABASE reviewdb OWNER reviewdb_registry TEMPLATE template0 ALLOW_CONNECTIONS "
        "false",
        "CREATE DATABASE reviewdb_template_0 OWNER reviewdb_manager TEMPLATE template0"};
    const auto run = [](pg::Connection& session, const std::string& all) {
        for (std::size_t from = 0; from <= all.size();) {
            const auto to = std::min(all.find(';', from), all.size());
            must(session.run({all.substr(from, to - from)}, soon()));
            from = to + 1;
        }
    };
    for (std::size_t steps = 1; steps <= script.size(); ++steps) {
        if (steps > 1) cluster_ = std::make_unique<Cluster>();
        const auto login = steps > 1 ? cluster_->make_administrator() : administrator;
        auto session = support::connect(login);
        for (std::size_t i = 0; i < steps; ++i) run(session, script[i]);
        const auto made = must(prepare(login));
        ASSERT_TRUE(made.operator_login) << steps;
        expect_working(*cluster_, *made.operator_login);
        EXPECT_EQ(members_of_ours(), "");
    }
}

TEST_F(PrepareTest, refuses_a_database_of_that_name_that_is_not_ours) {
    support::execute(cluster_->superuser(), "CREATE DATABASE reviewdb");
    for (const auto& login : {cluster_->superuser(), cluster_->make_administrator()}) {
        const auto made = prepare(login);
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().kind, base::ErrorKind::conflict);
        EXPECT_EQ(inventory(), "1 0");
    }
}

TEST_F(PrepareTest, refuses_roles_of_that_name_that_are_not_ours) {
    support::execute(cluster_->superuser(), "CREATE ROLE reviewdb_operator LOGIN");
    const auto made = prepare(cluster_->superuser());
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, base::ErrorKind::conflict);
    EXPECT_EQ(inventory(), "0 1");
}

TEST_F(PrepareTest, says_which_right_a_login_lacks) {
    const auto administrator = cluster_->make_administrator();
    support::execute(cluster_->superuser(),
                     fmt::format("ALTER ROLE {} NOCREATEDB", administrator.get("user")));
    const auto made = prepare(administrator);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, base::ErrorKind::denied);
    EXPECT_NE(made.error().message.find("CREATEDB"), std::string::npos);
    EXPECT_NE(made.error().hint.find("ALTER ROLE"), std::string::npos);
    EXPECT_EQ(inventory(), "0 0");
}

TEST_F(PrepareTest, is_not_repeated_by_a_second_administrator_who_cannot_know_the_first) {
    const auto first = cluster_->make_administrator();
    must(prepare(first));
    for (const auto& login : {cluster_->make_administrator(), cluster_->superuser()}) {
        const auto second = prepare(login);
        // From 16 on, whoever made a role may act as it whenever it wants to.
        EXPECT_EQ(second.has_value(), cluster_->major() < 16);
        if (second) continue;
        EXPECT_EQ(second.error().kind, base::ErrorKind::conflict);
        EXPECT_THAT(second.error().message, testing::HasSubstr(std::string(first.get("user"))));
        EXPECT_THAT(second.error().hint, testing::HasSubstr("REVOKE reviewdb_registry FROM"));
    }
}

TEST_F(PrepareTest, refuses_to_record_a_loopback_address_unasked) {
    auto wanted = wish();
    wanted.host.clear();
    wanted.port = 0;
    const auto made = prepare(cluster_->superuser(), wanted);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, base::ErrorKind::invalid_input);
    EXPECT_EQ(inventory(), "0 0");
    wanted.loopback_allowed = true;
    must(prepare(cluster_->superuser(), wanted));
    EXPECT_EQ(ask(control(), "SELECT value FROM registry.policy WHERE key = 'host'"), "127.0.0.1");
}

TEST_F(PrepareTest, keeps_the_key_apart_where_it_is_told_to) {
    const support::TempFolder folder;
    auto wanted = wish();
    wanted.key_location = "file:" + (folder / "key").string();
    must(prepare(cluster_->superuser(), wanted));
    const auto status = std::filesystem::status(folder / "key");
    EXPECT_EQ(status.permissions(), std::filesystem::perms(0600));
    EXPECT_EQ(ask(control(), "SELECT (bytes IS NULL)::text AS value FROM registry.key"), "true");
}

TEST_F(PrepareTest, gives_the_operator_nothing_over_other_databases) {
    support::execute(cluster_->superuser(), "CREATE DATABASE theirs");
    const auto made = must(prepare(cluster_->make_administrator()));
    const auto& login = *made.operator_login;
    for (const auto* sql : {"DROP DATABASE theirs", "ALTER DATABASE theirs RENAME TO ours",
                            "COMMENT ON DATABASE theirs IS 'reviewdb/1'"}) {
        EXPECT_EQ(refusal_as_manager(login, sql), "42501") << sql;
    }
}

TEST_F(PrepareTest, lets_only_named_logins_into_a_closed_database_and_puts_it_back) {
    const auto root = cluster_->superuser();
    support::execute(root, "CREATE DATABASE theirs");
    const auto colleague = cluster_->make_administrator();
    const auto made = must(prepare(root));
    const auto found =
        std::ranges::find(made.open_databases, "theirs", &server::OpenDatabase::name);
    ASSERT_NE(found, made.open_databases.end());
    EXPECT_TRUE(found->ours_to_close);
    EXPECT_THAT(found->logins_by_public_alone,
                testing::ElementsAre(std::string(colleague.get("user"))));
    const auto acl = [&] {
        return ask(root,
                   "SELECT coalesce((SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM "
                   "unnest(coalesce(datacl, acldefault('d', datdba))) a), '') AS value FROM "
                   "pg_database WHERE datname = 'theirs'");
    };
    const auto before = acl();
    must(server::close_database(root, "theirs", k_actor, soon(), log_));
    EXPECT_EQ(refusal(made.operator_login->with("dbname", "theirs"), "SELECT 1"), "42501");
    EXPECT_EQ(refusal(colleague.with("dbname", "theirs"), "SELECT 1"), "");
    must(server::reopen_database(root, "theirs", k_actor, soon(), log_));
    EXPECT_EQ(acl(), before);
    EXPECT_EQ(refusal(made.operator_login->with("dbname", "theirs"), "SELECT 1"), "");
    EXPECT_FALSE(server::reopen_database(root, "theirs", k_actor, soon(), log_));
    EXPECT_FALSE(server::close_database(root, "reviewdb", k_actor, soon(), log_));
}

TEST_F(PrepareTest, can_be_done_by_somebody_else_with_psql) {
    const support::TempFolder folder;
    must(base::write_file(folder / "script", must(server::preparation_sql(wish())), 0600));
    for (const bool by_superuser : {true, false}) {
        if (!by_superuser) cluster_ = std::make_unique<Cluster>();
        const auto login = by_superuser ? cluster_->superuser() : cluster_->make_administrator();
        // In a session of its own, psql has no terminal to ask for the password.
        const auto finished = must(base::run(
            {.arguments = {"setsid", "--wait", "/usr/lib/postgresql/15/bin/psql", "-X", "-q", "-f",
                           (folder / "script").string(),
                           login.with_login(std::string(login.get("user")), {}).to_uri().reveal()},
             .environment = {{"PGPASSWORD", login.password().reveal()}},
             .input = "chosen\nchosen\n"},
            soon()));
        ASSERT_EQ(finished.exit_code, 0) << finished.err;
        EXPECT_EQ(finished.err.find("ERROR"), std::string::npos) << finished.err;
        expect_working(*cluster_,
                       cluster_->login("reviewdb_operator", base::Secret("chosen"), "reviewdb"));
        expect_fingerprint_of_the_key(control());
        EXPECT_FALSE(must(prepare(login)).newly_made);
    }
}

TEST_F(PrepareTest, tells_the_log_of_the_server_no_secret) {
    cluster_->restart({{"log_statement", "all"}, {"log_min_duration_statement", "0"}});
    const auto made = must(prepare(cluster_->superuser()));
    const auto told = cluster_->server_log();
    EXPECT_EQ(told.find(made.operator_login->password().reveal()), std::string::npos);
    const auto key = ask(control(), "SELECT encode(bytes, 'hex') AS value FROM registry.key");
    EXPECT_EQ(told.find(key), std::string::npos);
}

}  // namespace
