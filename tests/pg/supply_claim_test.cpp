// SPDX-License-Identifier: Apache-2.0
//
// Claims of what was built ahead, on a real server, by an operator who is no superuser.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "pg/quoting.h"
#include "supply_fixture.h"
#include "support/fake_secret_store.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/tcp_proxy.h"

namespace {

using environment::Answer;
using environment::Outcome;
using support::ask;
using support::execute;
using support::must;
using support::refusal;

class SupplyClaimTest : public SupplyTest {
   protected:
    void supply(int many) const {
        must(make_template("data", "CREATE TABLE fruit AS SELECT 'apple' AS name"));
        set_pool("data", many);
        EXPECT_EQ(must(fill()).built, many);
        EXPECT_EQ(warm("data"), many);
    }
    static void expect_usable(const Answer& answer) {
        const auto url = login(answer);
        EXPECT_EQ(refusal(url, "ALTER TABLE fruit ADD COLUMN ripe boolean"), "");
        EXPECT_EQ(refusal(url, "CREATE TABLE more (id integer)"), "");
        EXPECT_EQ(ask(url,
                      "SELECT count(*)::text AS value FROM pg_class WHERE relnamespace = "
                      "'public'::regnamespace AND pg_get_userbyid(relowner) <> current_user"),
                  "0");
    }
};

TEST_F(SupplyClaimTest, gives_away_what_was_built_ahead_and_builds_where_nothing_was) {
    supply(1);
    const auto first = must(create_from(name_, "data"));
    EXPECT_EQ(first.outcome, Outcome::created);
    EXPECT_TRUE(first.warm);
    EXPECT_EQ(first.description->database, "supply_" + name_);
    EXPECT_EQ(first.description->database_template, "data");
    expect_usable(first);
    EXPECT_EQ(warm("data"), 0);
    const auto again = must(create_from(name_, "data"));
    EXPECT_EQ(again.outcome, Outcome::unchanged);
    EXPECT_EQ(login(again).to_uri().reveal(), login(first).to_uri().reveal());
    const auto second = must(create_from(support::unique_name(), "data"));
    EXPECT_FALSE(second.warm);
    expect_usable(second);
    EXPECT_EQ(must(create(support::unique_name())).warm, false);
    expect_agreement();
}

TEST_F(SupplyClaimTest, claims_the_default_and_what_is_wanted) {
    supply(2);
    set_pool("empty", 1);
    must(fill());
    EXPECT_EQ(must(create(support::unique_name())).description->database_template, "empty");
    set_policy("template", "data");
    const auto of_default = must(create(support::unique_name()));
    EXPECT_EQ(of_default.description->database_template, "data");
    EXPECT_TRUE(of_default.warm);
    expect_usable(of_default);
    const auto missing = create_from(support::unique_name(), "nothing");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, base::ErrorKind::not_found);
    expect_agreement();
}

// What the client sent, by packets.
std::vector<std::string> turns_of(const std::vector<support::TcpProxy::Sent>& sent,
                                  std::size_t from) {
    std::vector<std::string> turns;
    for (std::size_t i = from; i < sent.size(); ++i) turns.push_back(sent[i].bytes);
    return turns;
}

// Creates of the template data, one after the other.
class KeptSession {
   public:
    KeptSession(const pg::ConnectionInfo& login, environment::Project project)
        : project_(std::move(project)),
          live_(login, "reviewdb/test", log_),
          manager_(live_, {support::k_tester, {}, {}, no_store()}, log_) {}

    environment::Answer create(const std::string& name) {
        environment::CreateWish wish{
            project_, must(environment::Name::parse(name)), {}, {}, std::nullopt};
        wish.wanted_template = "data";
        return must(manager_.create(wish, environment::Execution::carry_out, support::soon()));
    }

   private:
    static std::function<
        base::Result<std::unique_ptr<environment::SecretStore>>(const environment::Policy&)>
    no_store() {
        return
            [](const environment::Policy&) { return std::unique_ptr<environment::SecretStore>(); };
    }

    environment::Project project_;
    base::Log log_{base::LogLevel::error, base::LogFormat::text};
    server::LiveServer live_;
    environment::Manager manager_;
};

TEST_F(SupplyClaimTest, sees_at_once_what_somebody_else_made_the_policy) {
    supply(2);
    KeptSession kept(support::prepared_operator(), project());
    EXPECT_TRUE(kept.create(name_).warm);
    set_policy("connection_limit", "7");
    const auto made = kept.create(support::unique_name());
    EXPECT_FALSE(made.warm);
    EXPECT_EQ(
        ask(root("reviewdb"), "SELECT rolconnlimit::text AS value FROM pg_roles WHERE rolname = " +
                                  pg::literal(made.description->role)),
        "7");
    expect_agreement();
}

TEST_F(SupplyClaimTest, is_one_transaction_of_two_round_trips_without_a_statement_on_a_role) {
    supply(2);
    support::TcpProxy proxy(support::shared_cluster().port());
    KeptSession kept(support::prepared_operator().with("port", std::to_string(proxy.port())),
                     project());
    EXPECT_TRUE(kept.create(name_).warm);
    const auto before = proxy.sent().size();
    EXPECT_TRUE(kept.create(support::unique_name()).warm);
    const auto turns = turns_of(proxy.sent(), before);
    // The lock is given back behind the claim, without waiting for its answer: in a packet of its
    // own, or in that of the claim where the wire was read late.
    ASSERT_GE(turns.size(), 2U);
    ASSERT_LE(turns.size(), 3U);
    constexpr std::size_t k_one_short_statement = 80;
    if (turns.size() == 3U) {
        EXPECT_LT(turns[2].size(), k_one_short_statement);
    }
    EXPECT_NE(turns[0].find("BEGIN"), std::string::npos);
    EXPECT_EQ(turns[0].find("COMMIT"), std::string::npos);
    EXPECT_NE(turns[1].find("COMMIT"), std::string::npos);
    EXPECT_NE(turns[1].find("RENAME TO"), std::string::npos);
    for (const auto& turn : turns) {
        for (const auto* word : {"ALTER ROLE", "CREATE ROLE", "DROP ROLE", "GRANT", "REVOKE",
                                 "COMMENT ON ROLE", "SET ROLE"}) {
            EXPECT_EQ(turn.find(word), std::string::npos) << word;
        }
    }
    EXPECT_EQ(proxy.connections(), 1U);
    expect_agreement();
}

TEST_F(SupplyClaimTest, asks_for_a_claim_in_a_new_session_only_if_one_can_succeed) {
    supply(1);
    const auto says = [&](const std::string& name) {
        support::TcpProxy proxy(support::shared_cluster().port());
        KeptSession session(support::prepared_operator().with("port", std::to_string(proxy.port())),
                            project());
        session.create(name);
        std::string all;
        for (const auto& turn : turns_of(proxy.sent(), 0)) all += turn;
        return all;
    };
    const auto has = [](const std::string& said, std::string_view word) {
        return said.find(word) != std::string::npos;
    };
    constexpr std::string_view k_claim = "SKIP LOCKED";
    constexpr std::string_view k_environment = "l_preloads";
    constexpr std::string_view k_source = "WITH source";
    const auto claimed = says(name_);
    EXPECT_TRUE(has(claimed, k_claim));
    EXPECT_FALSE(has(claimed, k_environment));
    const auto again = says(name_);
    EXPECT_FALSE(has(again, k_claim));
    EXPECT_TRUE(has(again, k_environment));
    EXPECT_FALSE(has(again, k_source));
    EXPECT_EQ(warm("data"), 0);
    const auto built = says(support::unique_name());
    EXPECT_FALSE(has(built, k_claim));
    EXPECT_FALSE(has(built, k_environment));
    EXPECT_TRUE(has(built, k_source));
    expect_agreement();
}

TEST_F(SupplyClaimTest, recalls_an_environment_in_one_round_trip_without_the_catalog) {
    must(create(name_));
    support::TcpProxy proxy(support::shared_cluster().port());
    base::Log log{base::LogLevel::error, base::LogFormat::text};
    server::LiveServer live(support::prepared_operator().with("port", std::to_string(proxy.port())),
                            "reviewdb/test", log);
    const environment::Subject subject{project(), must(environment::Name::parse(name_))};
    const auto recall = [&] {
        return must(live.observe(subject, environment::Purpose::recall, support::soon()));
    };
    const auto facts = recall();
    EXPECT_TRUE(facts.environment && facts.instance && facts.role);
    EXPECT_FALSE(facts.installation.keys.empty());
    for (const auto& turn : turns_of(proxy.sent(), 0)) {
        EXPECT_EQ(turn.find("pg_shdescription"), std::string::npos);
    }
    const auto before = proxy.sent().size();
    recall();
    EXPECT_EQ(turns_of(proxy.sent(), before).size(), 1U);
}

TEST_F(SupplyClaimTest, with_a_secret_is_done_at_the_first_look) {
    using environment::StepKind;
    supply(1);
    base::Log log{base::LogLevel::error, base::LogFormat::text};
    server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
    support::FakeSecretStore::Secrets secrets;
    support::Fate fate;
    std::vector<StepKind> steps;
    const auto make_store = [&](const environment::Policy& /*policy*/)
        -> base::Result<std::unique_ptr<environment::SecretStore>> {
        return std::make_unique<support::FakeSecretStore>(secrets, fate);
    };
    environment::Manager manager(
        live,
        {support::k_tester,
         {},
         {},
         make_store,
         [&](const environment::Step& step) { steps.push_back(step.kind); }},
        log);
    environment::CreateWish wish{
        project(), must(environment::Name::parse(name_)), {}, {}, std::nullopt};
    wish.wanted_template = "data";
    const auto answer =
        must(manager.create(wish, environment::Execution::carry_out, support::soon()));
    EXPECT_TRUE(answer.warm);
    EXPECT_EQ(steps, (std::vector{StepKind::claim, StepKind::write_secret, StepKind::prove_login,
                                  StepKind::mark_ready}));
    EXPECT_EQ(secrets.size(), 1U);
    expect_usable(answer);
    expect_agreement();
}

TEST_F(SupplyClaimTest, leaves_in_the_pool_what_cannot_have_the_name) {
    supply(1);
    execute(root(), fmt::format("CREATE DATABASE supply_{}", name_));
    const auto refused = create_from(name_, "data");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::conflict);
    EXPECT_NE(refused.error().message.find("supply_" + name_), std::string::npos);
    EXPECT_FALSE(refused.error().hint.empty());
    EXPECT_EQ(warm("data"), 1);
    execute(root(), fmt::format("DROP DATABASE supply_{}", name_));
    expect_agreement();
    EXPECT_TRUE(must(create_from(name_, "data")).warm);
}

TEST_F(SupplyClaimTest, passes_over_what_somebody_dropped_or_replaced) {
    supply(2);
    // By nothing, by somebody's, and by one that only its oid and stamp tell from ours.
    for (const std::string owner : {"", "test_superuser", "reviewdb_manager"}) {
        const auto newest =
            ask(root("reviewdb"),
                fmt::format("SELECT database AS value FROM registry.instance WHERE state = 'warm' "
                            "AND project = '{}' ORDER BY created_at DESC LIMIT 1",
                            project_name_));
        execute(root(), fmt::format("DROP DATABASE {}", newest));
        const bool is_replaced = !owner.empty();
        if (is_replaced) execute(root(), fmt::format("CREATE DATABASE {} OWNER {}", newest, owner));
        const auto made = must(create_from(support::unique_name(), "data"));
        EXPECT_TRUE(made.warm);
        expect_usable(made);
        if (is_replaced) {
            // Nobody's environment took it along.
            EXPECT_EQ(refusal(root().with("dbname", newest), "SELECT 1"), "");
            execute(root(), fmt::format("DROP DATABASE {}", newest));
        }
        must(fill());
        EXPECT_EQ(warm("data"), 2);
        expect_agreement();
    }
}

TEST_F(SupplyClaimTest, gives_each_of_many_at_once_another_one) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    constexpr int k_many = 6;
    supply(k_many);
    std::vector<std::optional<base::Result<Answer>>> answers(k_many + 2);
    std::vector<std::thread> threads;
    threads.reserve(answers.size());
    for (auto& answer : answers) {
        threads.emplace_back([&] { answer = create_from(support::unique_name(), "data"); });
    }
    for (auto& thread : threads) thread.join();
    int from_pool = 0;
    for (const auto& answer : answers) {
        ASSERT_TRUE(*answer) << answer->error().message;
        from_pool += (*answer)->warm ? 1 : 0;
        expect_usable(**answer);
    }
    EXPECT_EQ(from_pool, k_many);
    expect_agreement();
}

TEST_F(SupplyClaimTest, makes_one_of_what_many_create_at_once_under_one_name) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    supply(3);
    std::vector<std::optional<base::Result<Answer>>> answers(8);
    std::vector<std::thread> threads;
    threads.reserve(answers.size());
    for (auto& answer : answers) threads.emplace_back([&] { answer = create_from(name_, "data"); });
    for (auto& thread : threads) thread.join();
    int made = 0;
    for (const auto& answer : answers) {
        ASSERT_TRUE(*answer) << answer->error().message;
        made += (*answer)->outcome == Outcome::created ? 1 : 0;
    }
    EXPECT_EQ(made, 1);
    EXPECT_EQ(warm("data"), 2);
    expect_agreement();
}

TEST_F(SupplyClaimTest, that_died_at_any_moment_took_all_or_nothing) {
    supply(2);
    ASSERT_FALSE(create_from(name_, "data", 0));
    wait_for_the_dead();
    EXPECT_EQ(warm("data"), 2);
    expect_agreement();
    // The server ends the session between the two round trips, and the call goes on by itself.
    int ended = 0;
    const auto made = must(create_from(name_, "data", std::nullopt, [&](const auto& step) {
        if (step.kind == environment::StepKind::claim && ended++ == 0) end_our_sessions();
    }));
    EXPECT_GE(ended, 2);
    EXPECT_EQ(made.outcome, Outcome::created);
    EXPECT_TRUE(made.warm);
    expect_usable(made);
    EXPECT_EQ(warm("data"), 1);
    expect_agreement();
}

TEST_F(SupplyClaimTest, whose_answer_was_lost_is_seen_to_have_happened) {
    supply(2);
    support::TcpProxy proxy(support::shared_cluster().port());
    proxy.reset_after_request("RENAME TO");
    const support::Caller caller{
        support::prepared_operator().with("port", std::to_string(proxy.port())), project_name_};
    set_policy("template", "data");
    const auto made = must(caller.call(support::Request::create, name_));
    expect_usable(made);
    EXPECT_EQ(warm("data"), 1);
    EXPECT_EQ(made.outcome, Outcome::created);
    expect_agreement();
}

}  // namespace
