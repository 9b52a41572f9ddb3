// SPDX-License-Identifier: Apache-2.0
//
// What the incumbent made is taken over where everything proves it, and left alone otherwise.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "environment/manager.h"
#include "environment/secret_value.h"
#include "server/live_server.h"
#include "server/prepare.h"
#include "support/environment_test.h"
#include "support/fake_secret_store.h"
#include "support/incumbent.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/stop_after.h"
#include "support/stride.h"

namespace {

using base::Result;
using environment::Answer;
using environment::Outcome;
using support::ask;
using support::execute;
using support::Incumbent;
using support::must;
using support::soon;

constexpr const char* k_stage = "feature-one";

class AdoptionTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        cluster_.emplace();
        administrator_ = cluster_->make_administrator();
        base::Log log{base::LogLevel::off, base::LogFormat::text};
        server::Preparation wish;
        wish.loopback_allowed = true;
        wish.policies = {{"secrets", "file:/nowhere"},
                         {"secret_pattern", "aurora_postgres_{slug}_cdk"}};
        wish.actor = support::k_tester;
        operator_ = must(server::prepare(*administrator_, wish, soon(), log)).operator_login;
    }

    // By a process of its own, which dies after so many steps.
    template <typename Deed>
    Result<Answer> in_a_process(std::optional<int> steps, const Deed& deed) {
        base::Log log{base::LogLevel::off, base::LogFormat::text};
        server::LiveServer live(*operator_, "reviewdb/test", log);
        if (administrator_is_there_) live.set_administrator(*administrator_);
        support::StopAfter dying(live, steps.value_or(1000));
        support::Fate fate;
        environment::Manager manager(
            dying,
            {support::k_tester,
             {},
             {},
             [&](const environment::Policy&) -> Result<std::unique_ptr<environment::SecretStore>> {
                 return std::make_unique<support::FakeSecretStore>(secrets_, fate);
             }},
            log);
        return deed(manager);
    }
    Result<Answer> create(std::optional<int> steps = std::nullopt) {
        environment::CreateWish wish{must(environment::Project::parse("reviewapp")),
                                     must(environment::Name::parse(k_stage)),
                                     {},
                                     {},
                                     std::nullopt};
        wish.secret = Incumbent::secret(k_stage);
        wish.adoption = {{incumbent().database(k_stage), incumbent().role(k_stage)}, never_, false};
        return in_a_process(steps, [&](auto& manager) {
            return manager.create(wish, environment::Execution::carry_out, soon());
        });
    }
    environment::Wish named() const {
        return {must(environment::Project::parse("reviewapp")),
                must(environment::Name::parse(k_stage))};
    }
    Incumbent incumbent() const { return Incumbent(*administrator_); }
    base::Secret& secret() { return secrets_[Incumbent::secret(k_stage)]; }
    pg::ConnectionInfo application() {
        const auto login = *environment::login_in_secret(secret());
        return administrator_->with("dbname", login.dbname).with_login(login.user, login.password);
    }
    void made_by_the_incumbent() {
        secret() = incumbent().create(k_stage);
        execute(application(), "CREATE TABLE kept AS SELECT 42 AS answer");
    }
    void expect_ours() {
        const auto there = application();
        EXPECT_EQ(there.get("user"), incumbent().role(k_stage));
        EXPECT_EQ(ask(there, "SELECT answer::text AS value FROM kept"), "42");
        execute(there, "CREATE SCHEMA mine");
        execute(there, "CREATE TABLE mine.also (id integer)");
        EXPECT_EQ(ask(cluster_->superuser(),
                      fmt::format("SELECT pg_get_userbyid(datdba) || ' ' || "
                                  "(datacl::text LIKE '%{{=%')::text AS value FROM pg_database "
                                  "WHERE datname = '{}'",
                                  incumbent().database(k_stage))),
                  "reviewdb_manager false");
    }
    void expect_untouched(const std::string& before) {
        EXPECT_EQ(state(), before);
        EXPECT_EQ(ask(cluster_->superuser("reviewdb"),
                      "SELECT count(*)::text AS value FROM registry.environment"),
                  "0");
    }
    // All that the server says of the incumbent's things.
    std::string state() {
        return ask(cluster_->superuser(),
                   "SELECT coalesce((SELECT string_agg(d::text || "
                   "coalesce(shobj_description(d.oid, "
                   "'pg_database'), ''), ' ') FROM (SELECT oid, datname, datdba, datallowconn, "
                   "datacl FROM pg_database WHERE datname LIKE 'reviewapp%') d), '') || "
                   "coalesce((SELECT string_agg(r::text, ' ') FROM (SELECT rolname, rolconnlimit, "
                   "rolpassword FROM pg_authid WHERE rolname LIKE 'reviewapp%') r), '') AS value") +
               secret().reveal();
    }

    std::optional<support::Cluster> cluster_;
    std::optional<pg::ConnectionInfo> administrator_;
    std::optional<pg::ConnectionInfo> operator_;
    bool administrator_is_there_ = true;
    support::FakeSecretStore::Secrets secrets_;
    std::string never_ = "app_dev";
};

TEST_F(AdoptionTest, keeps_data_role_and_password) {
    made_by_the_incumbent();
    const auto password = environment::login_in_secret(secret())->password;
    const auto answer = must(create());
    EXPECT_EQ(answer.outcome, Outcome::adopted);
    EXPECT_EQ(answer.description->database, "reviewapp_feature-one");
    EXPECT_EQ(answer.description->password, password);
    EXPECT_EQ(environment::login_in_secret(secret())->password, password);
    EXPECT_TRUE(environment::owner_of_secret(secret()));
    expect_ours();
    EXPECT_EQ(must(create()).outcome, Outcome::unchanged);
    const auto again = must(in_a_process({}, [&](auto& manager) {
        return manager.repair(named(), environment::Execution::carry_out, soon());
    }));
    EXPECT_EQ(again.outcome, Outcome::unchanged);
}

TEST_F(AdoptionTest, goes_on_after_a_death_at_every_step) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    for (int steps = 0; steps < 12; steps += support::every_day(2)) {
        SCOPED_TRACE(fmt::format("dead after {} steps", steps));
        made_by_the_incumbent();
        static_cast<void>(create(steps));
        const auto answer = create();
        ASSERT_TRUE(answer) << answer.error().message;
        expect_ours();
        must(in_a_process({}, [&](auto& manager) {
            auto wish = named();
            wish.purges = true;
            return manager.remove(wish, environment::Execution::carry_out, soon());
        }));
        EXPECT_FALSE(secrets_.contains(Incumbent::secret(k_stage)));
        EXPECT_EQ(ask(cluster_->superuser(),
                      "SELECT count(*)::text AS value FROM pg_roles WHERE rolname LIKE "
                      "'reviewapp%'"),
                  "0");
    }
}

// The administrator gave it away, and the rows were never written.
TEST_F(AdoptionTest, goes_on_after_a_death_between_the_two_sessions) {
    made_by_the_incumbent();
    administrator_is_there_ = false;
    EXPECT_FALSE(create());
    const auto* options =
        cluster_->major() >= 16 ? " WITH ADMIN TRUE, INHERIT FALSE, SET FALSE" : "";
    execute(cluster_->superuser(), fmt::format("ALTER DATABASE \"{}\" OWNER TO reviewdb_manager",
                                               incumbent().database(k_stage)));
    execute(cluster_->superuser(),
            fmt::format("GRANT \"{}\" TO reviewdb_manager{}", incumbent().role(k_stage), options));
    EXPECT_EQ(must(create()).outcome, Outcome::adopted);
    expect_ours();
}

TEST_F(AdoptionTest, the_server_is_repaired_to_the_secret_until_the_first_rotation) {
    made_by_the_incumbent();
    must(create());
    const auto password = environment::login_in_secret(secret())->password;
    execute(cluster_->superuser(),
            fmt::format("ALTER ROLE \"{}\" PASSWORD 'other'", incumbent().role(k_stage)));
    EXPECT_EQ(must(create()).outcome, Outcome::repaired);
    EXPECT_EQ(environment::login_in_secret(secret())->password, password);
    expect_ours();

    must(in_a_process({}, [&](auto& manager) {
        return manager.rotate(named(), environment::Sessions::leave,
                              environment::Execution::carry_out, soon());
    }));
    EXPECT_FALSE(environment::login_in_secret(secret())->password == password);
    EXPECT_EQ(ask(application(), "SELECT answer::text AS value FROM kept"), "42");
}

TEST_F(AdoptionTest, every_other_verb_works_on_it_as_well) {
    made_by_the_incumbent();
    must(create());
    const auto password = environment::login_in_secret(secret())->password;
    const auto now = environment::Execution::carry_out;
    must(in_a_process({}, [&](auto& manager) { return manager.close(named(), now, soon()); }));
    EXPECT_NE(support::refusal(application(), "SELECT 1"), "");
    must(in_a_process({}, [&](auto& manager) { return manager.open(named(), now, soon()); }));
    expect_ours();
    must(in_a_process({}, [&](auto& manager) { return manager.reset(named(), now, soon()); }));
    EXPECT_EQ(environment::login_in_secret(secret())->password, password);
    EXPECT_EQ(support::refusal(application(), "SELECT answer FROM kept"), "42P01");
    execute(application(), "CREATE TABLE kept AS SELECT 42 AS answer");
    expect_ours();
    EXPECT_EQ(must(create()).outcome, Outcome::unchanged);
}

TEST_F(AdoptionTest, a_lost_secret_is_written_anew_with_another_password) {
    made_by_the_incumbent();
    must(create());
    secrets_.clear();
    EXPECT_EQ(must(create()).outcome, Outcome::repaired);
    expect_ours();
    EXPECT_EQ(must(create()).outcome, Outcome::unchanged);
}

TEST_F(AdoptionTest, what_does_not_prove_itself_is_left_alone) {
    struct Case {
        const char* title;
        std::function<void()> spoil;
    };
    const auto with = [&](const std::string& from, const std::string& to) {
        auto text = secret().reveal();
        text.replace(text.find(from), from.size(), to);
        secret() = base::Secret(text);
    };
    const auto role = "\"" + incumbent().role(k_stage) + "\"";
    const auto database = "\"" + incumbent().database(k_stage) + "\"";
    const std::vector<Case> cases{
        {"another password", [&] { with("\"password\":\"", "\"password\":\"x"); }},
        {"another database", [&] { with("\"dbname\":\"", "\"dbname\":\"x"); }},
        {"another role", [&] { with("\"username\":\"", "\"username\":\"x"); }},
        {"another host", [&] { with("\"host\":\"", "\"host\":\"x"); }},
        {"placeholder", [&] { secret() = Incumbent::placeholder(); }},
        {"no secret", [&] { secrets_.clear(); }},
        {"the administrator's own", [&] { never_ = incumbent().database(k_stage); }},
        {"somebody else's database",
         [&] {
             execute(cluster_->superuser(),
                     "ALTER DATABASE " + database + " OWNER TO CURRENT_USER");
         }},
        {"a role with rights",
         [&] { execute(cluster_->superuser(), "ALTER ROLE " + role + " CREATEDB"); }},
        {"policy",
         [&] {
             execute(cluster_->superuser("reviewdb"),
                     "INSERT INTO registry.policy VALUES ('*', 'adopt', 'never', 'tester')");
         }},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.title);
        made_by_the_incumbent();
        one.spoil();
        const auto before = state();
        const auto refused = create();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, base::ErrorKind::conflict) << refused.error().message;
        EXPECT_NE(refused.error().message.find("reviewapp_feature-one"), std::string::npos)
            << refused.error().message;
        expect_untouched(before);
        never_ = "app_dev";
        execute(cluster_->superuser("reviewdb"), "DELETE FROM registry.policy WHERE key = 'adopt'");
        execute(cluster_->superuser(), "DROP DATABASE " + database + " WITH (FORCE)");
        execute(cluster_->superuser(), "DROP ROLE " + role);
    }
}

}  // namespace
