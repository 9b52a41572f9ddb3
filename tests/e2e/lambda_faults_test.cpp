// SPDX-License-Identifier: Apache-2.0
//
// Everything around the function fails, at every call and at every step: an answer comes all the
// same, it says what happened, and the next event makes good.
#include <algorithm>
#include <thread>

#include "e2e/lambda_fixture.h"
#include "support/stride.h"
#include "support/tcp_proxy.h"

namespace {

using support::Fault;
using support::Incumbent;
using Kind = support::LambdaRuntimeStandIn::Outcome::Kind;
using std::chrono::milliseconds;

struct Trouble {
    const char* name;
    Fault fault;
    bool passes;  // once is as good as never
};

std::vector<Trouble> troubles() {
    return {{"refused", Fault::access_denied(), false},
            {"throttled", Fault::throttle(), true},
            {"internal error", Fault::internal_error(), true},
            {"unavailable", Fault::unavailable(), true},
            {"closed", Fault::close(), true},
            {"answer lost", Fault::lose_answer(), true},
            {"half an answer", Fault::close_half_way(), true},
            {"HTML", Fault::html(), true},
            {"HTML with 200", Fault::html(200), true},
            {"nothing with 200", Fault::empty_body(), true}};
}

class LambdaFaultsTest : public e2e::LambdaTest {
   protected:
    void TearDown() override {
        if (cluster_) expect_no_secret();
        LambdaTest::TearDown();
    }
    void expect_no_secret() const {
        const auto password = administrator_->password().reveal();
        for (const auto& text : {output(), said_}) {
            EXPECT_EQ(text.find(password), std::string::npos);
            for (const auto& name : aws_.names()) {
                const auto login = environment::login_in_secret(*secret(name));
                if (!login || login->password.empty() || login->user == "placeholder") continue;
                EXPECT_EQ(text.find(login->password.reveal()), std::string::npos) << name;
            }
        }
    }
    // The answer of an event that has so much time.
    e2e::DropInAnswer answer_to(const std::string& event, milliseconds time) {
        if (pid_ == 0) start();
        const auto outcome = lambda_.invoke(event, time);
        EXPECT_EQ(outcome.kind, Kind::response) << outcome.body << output();
        EXPECT_LT(outcome.answered - outcome.taken, time);
        said_ += outcome.body;
        if (outcome.kind != Kind::response) return {};
        return read_answer(outcome.body);
    }
    // The answer of an event that has little time, since something hinders it until the end; more
    // where the database was the one that kept it waiting.
    e2e::DropInAnswer hindered_answer_to(const std::string& event) {
        for (const auto time : {milliseconds(2500), milliseconds(7000)}) {
            auto answer = answer_to(event, time);
            if (answer.text("error").find("the server did not answer") == std::string::npos)
                return answer;
        }
        return answer_to(event, milliseconds(24'000));
    }
    // How many calls the event makes when nothing is wrong.
    std::vector<std::string> calls_of(const std::string& event) {
        aws_.forget_calls();
        EXPECT_EQ(answer_to(event, k_time).status, 200) << output();
        return aws_.actions();
    }
    void arrange(const std::string& stage, const std::string& situation) {
        const auto name = Incumbent::secret(stage);
        if (situation == "placeholder") {
            aws_.put(name, Incumbent::placeholder().reveal(),
                     {{"aws:cloudformation:stack-id", "arn:stack"}});
        }
        if (situation == "again" || situation == "delete") {
            EXPECT_EQ(answer_to(event("create", stage), k_time).status, 200) << output();
        }
        // Another process has read nothing yet.
        stop();
        start();
    }
    std::string event_in(const std::string& situation, const std::string& stage) const {
        return event(situation == "delete" ? "delete" : "create", stage);
    }
    void expect_well(const std::string& situation, const std::string& stage) {
        const auto answer = answer_to(event_in(situation, stage), k_time);
        EXPECT_EQ(answer.status, 200) << boost::json::serialize(answer.body) << output();
        const auto name = Incumbent::secret(stage);
        if (situation == "delete") {
            EXPECT_FALSE(aws_.secret(name));
            EXPECT_EQ(count_of("reviewapp%" + stage), "0 databases, 0 roles");
        } else {
            expect_usable(name);
        }
    }

    static constexpr milliseconds k_time{60'000};
    std::string said_;
};

// Every call of the event meets it once; every day each call meets some, and each of them some
// calls.
TEST_F(LambdaFaultsTest, ACallThatFailsOnceEndsWellOrWithTheNextEvent) {
    EXPECT_EQ(answer_to(event("create", "warmup"), k_time).status, 200) << output();
    int number = 0;
    int cases = 0;
    for (const auto* situation : {"placeholder", "absent", "again", "delete"}) {
        arrange("first", situation);
        const auto calls = calls_of(event_in(situation, "first"));
        if (std::string_view(situation) != "delete") {
            EXPECT_EQ(answer_to(event("delete", "first"), k_time).status, 200) << output();
            aws_.remove(Incumbent::secret("first"));
        }
        for (std::size_t call = 0; call < calls.size(); ++call) {
            for (const auto& trouble : troubles()) {
                if (!support::is_of_every_day(cases++, 7)) continue;
                const auto stage = fmt::format("stage{}", ++number);
                SCOPED_TRACE(fmt::format("{}: {} at call {}, {} ({})", situation, trouble.name,
                                         call, calls[call], stage));
                arrange(stage, situation);
                const auto before =
                    std::count(calls.begin(), calls.begin() + static_cast<long>(call), calls[call]);
                if (before > 0)
                    aws_.fail_next(calls[call], Fault::delay(milliseconds(0)),
                                   static_cast<std::size_t>(before));
                aws_.fail_next(calls[call], trouble.fault);
                const auto answer = answer_to(event_in(situation, stage), k_time);
                if (answer.status != 200) {
                    EXPECT_FALSE(trouble.passes) << boost::json::serialize(answer.body);
                    EXPECT_EQ(answer.text("code"), "denied");
                    EXPECT_NE(answer.text("hint").find("secretsmanager:" + calls[call]),
                              std::string::npos)
                        << boost::json::serialize(answer.body);
                }
                aws_.clear_faults();
                expect_well(situation, stage);
            }
        }
    }
}

// Every action fails for as long as the event lasts; every day each in one or two of the ways, and
// in each of the ways some.
TEST_F(LambdaFaultsTest, AnActionThatAlwaysFailsIsNamedBeforeTheTimeIsOver) {
    EXPECT_EQ(answer_to(event("create", "warmup"), k_time).status, 200) << output();
    const std::vector<Trouble> lasting{{"refused", Fault::access_denied(), false},
                                       {"throttled", Fault::throttle(), true},
                                       {"internal error", Fault::internal_error(), true},
                                       {"closed", Fault::close(), true},
                                       {"HTML", Fault::html(), true},
                                       {"hanging", Fault::hang(), true}};
    const std::vector<std::pair<std::string, std::vector<std::string>>> situations{
        {"placeholder", {"GetSecretValue", "PutSecretValue"}},
        {"absent", {"CreateSecret"}},
        {"delete", {"DescribeSecret", "DeleteSecret"}}};
    int number = 0;
    int cases = 0;
    for (const auto& [situation, actions] : situations) {
        for (const auto& action : actions) {
            for (const auto& trouble : lasting) {
                if (!support::is_of_every_day(cases++, 5)) continue;
                const auto stage = fmt::format("stage{}", ++number);
                SCOPED_TRACE(fmt::format("{}: {} {} ({})", situation, action, trouble.name, stage));
                arrange(stage, situation);
                aws_.fail_always(action, trouble.fault);
                const auto answer = hindered_answer_to(event_in(situation, stage));
                // What has its effect without an answer is met by the next attempt.
                if (answer.status != 200) {
                    const auto error = answer.text("error") + answer.text("hint");
                    EXPECT_NE(error.find(action), std::string::npos) << error;
                    EXPECT_EQ(answer.body.at("retryable").as_bool(), trouble.passes) << error;
                }
                aws_.clear_faults();
                expect_well(situation, stage);
            }
        }
    }
}

TEST_F(LambdaFaultsTest, ACallThatHangsOnceIsTriedAnew) {
    EXPECT_EQ(answer_to(event("create", "warmup"), k_time).status, 200) << output();
    aws_.fail_next("CreateSecret", Fault::hang());
    expect_well("absent", "branch");
}

// The key of a server that is prepared on the way is the first thing that is kept.
TEST_F(LambdaFaultsTest, AServerThatCouldNotBePreparedIsPreparedByTheNextEvent) {
    for (const auto& trouble :
         {Trouble{"refused", Fault::access_denied(), false},
          Trouble{"throttled", Fault::throttle(), true}, Trouble{"HTML", Fault::html(), true},
          Trouble{"hanging", Fault::hang(), true}}) {
        for (const auto* action : {"GetSecretValue", "CreateSecret"}) {
            SCOPED_TRACE(fmt::format("{} {}", action, trouble.name));
            aws_.fail_always(action, trouble.fault);
            const auto answer = hindered_answer_to(event("create", "branch"));
            aws_.clear_faults();
            EXPECT_EQ(answer.status, 500);
            EXPECT_NE((answer.text("error") + answer.text("hint")).find(action), std::string::npos)
                << boost::json::serialize(answer.body);
            EXPECT_EQ(answer.body.at("retryable").as_bool(), trouble.passes);
        }
    }
    EXPECT_EQ(aws_.names(), std::vector<std::string>{k_administrator});
    expect_well("absent", "branch");
}

TEST_F(LambdaFaultsTest, ASecretsStateDecidesWhatBecomesOfIt) {
    const auto foreign = R"({"host":"elsewhere","username":"them","password":"theirs12"})";
    EXPECT_EQ(answer_to(event("create", "warmup"), k_time).status, 200) << output();

    const auto scheduled = Incumbent::secret("scheduled");
    EXPECT_EQ(answer_to(event("create", "scheduled"), k_time).status, 200);
    aws_.schedule_deletion(scheduled);
    EXPECT_EQ(answer_to(event("create", "scheduled"), k_time).text("outcome"), "repaired");
    EXPECT_FALSE(aws_.secret(scheduled)->deleted);
    expect_usable(scheduled);

    const auto theirs = Incumbent::secret("theirs");
    aws_.put(theirs, foreign);
    EXPECT_EQ(answer_to(event("create", "theirs"), k_time).text("code"), "conflict");
    EXPECT_EQ(answer_to(event("delete", "theirs"), k_time).status, 200);
    EXPECT_EQ(aws_.value(theirs), foreign);
    aws_.schedule_deletion(theirs);
    const auto refused = answer_to(event("create", "theirs"), k_time);
    EXPECT_EQ(refused.text("code"), "conflict") << boost::json::serialize(refused.body);
    EXPECT_TRUE(aws_.secret(theirs)->deleted);
    EXPECT_EQ(aws_.secret(theirs)->value(), foreign);

    aws_.put_without_value(Incumbent::secret("empty"));
    EXPECT_EQ(answer_to(event("create", "empty"), k_time).status, 200) << output();
    expect_usable(Incumbent::secret("empty"));

    // AWS goes on deleting after its answer.
    EXPECT_EQ(answer_to(event("create", "lingers"), k_time).status, 200);
    aws_.linger_after_deletion(milliseconds(1000));
    EXPECT_EQ(answer_to(event("delete", "lingers"), k_time).status, 200);
    EXPECT_EQ(answer_to(event("create", "lingers"), k_time).status, 200) << output();
    expect_usable(Incumbent::secret("lingers"));
    aws_.linger_after_deletion(std::chrono::hours(1));
    EXPECT_EQ(answer_to(event("delete", "lingers"), k_time).status, 200);
    const auto late = hindered_answer_to(event("create", "lingers"));
    EXPECT_EQ(late.status, 500);
    EXPECT_TRUE(late.body.at("retryable").as_bool());
    EXPECT_NE(late.text("hint").find("still deleting"), std::string::npos)
        << boost::json::serialize(late.body);
}

// Its debug log tells each step before it is taken.
TEST_F(LambdaFaultsTest, WhatIsKilledInAnyStepIsFinishedByTheSameEvent) {
    EXPECT_EQ(answer_to(event("create", "warmup"), k_time).status, 200) << output();
    const std::vector<std::pair<std::string, std::vector<std::string>>> steps{
        {"absent",
         {"record_intent", "create_role", "create_database", "secure_database", "hand_over",
          "prove_login", "claim", "write_secret", "mark_ready"}},
        {"delete",
         {"record_retirement", "close_database", "end_sessions", "delete_secret", "bury",
          "drop_database", "drop_role", "forget"}}};
    for (const auto& [situation, names] : steps) {
        for (const auto& step : names) {
            SCOPED_TRACE(situation + " killed in " + step);
            const auto stage = situation + step;
            arrange(stage, situation);
            const auto said = output().size();
            lambda_.queue(event_in(situation, stage));
            const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
            const auto begun = [&] {
                return output().find("\"message\":\"" + step + ": ", said) != std::string::npos;
            };
            while (!begun() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
            EXPECT_TRUE(begun()) << output().substr(said);
            stop();
            expect_well(situation, stage);
        }
    }
    EXPECT_EQ(answer_to(event("delete", "warmup"), k_time).status, 200);
    for (const auto& name : steps.front().second) {
        EXPECT_EQ(answer_to(event("delete", "absent" + name), k_time).status, 200);
    }
    EXPECT_EQ(count_of("reviewapp%"), "0 databases, 0 roles");
    EXPECT_EQ(count_of("reviewdb_b_%"), "0 databases, 0 roles");
    EXPECT_EQ(count_of("reviewdb_x_%"), "0 databases, 0 roles");
}

TEST_F(LambdaFaultsTest, AServerThatRestartsBetweenEventsIsReconnectedTo) {
    EXPECT_EQ(answer_to(event("create", "branch"), k_time).status, 200) << output();
    cluster_->restart();
    EXPECT_EQ(answer_to(event("create", "branch"), k_time).text("outcome"), "unchanged");
    cluster_->kill9();
    cluster_->start();
    EXPECT_EQ(answer_to(event("delete", "branch"), k_time).status, 200) << output();
    cluster_->stop();
    const auto refused = answer_to(event("create", "branch"), milliseconds(1500));
    EXPECT_EQ(refused.status, 500);
    EXPECT_TRUE(refused.body.at("retryable").as_bool()) << boost::json::serialize(refused.body);
    cluster_->start();
    EXPECT_EQ(answer_to(event("create", "branch"), k_time).status, 200) << output();
    expect_usable(Incumbent::secret("branch"));
}

TEST_F(LambdaFaultsTest, AServerThatHangsIsAnsweredForInTime) {
    support::TcpProxy proxy(cluster_->port());
    const auto through = fmt::format(R"("port":{})", proxy.port());
    auto value = administrator_value(administrator_->password());
    const auto direct = fmt::format(R"("port":{})", administrator_->get("port"));
    value.replace(value.find(direct), direct.size(), through);
    aws_.put(k_administrator, value);
    arn_ = k_administrator;
    EXPECT_EQ(answer_to(event("create", "branch"), k_time).status, 200) << output();
    for (const bool kept : {true, false}) {
        if (!kept) {
            stop();
            proxy.reset();
            start();
        }
        proxy.stall();
        for (const auto* action : {"create", "delete"}) {
            const auto answer = answer_to(event(action, "branch"), milliseconds(1500));
            EXPECT_EQ(answer.status, 500);
            EXPECT_TRUE(answer.body.at("retryable").as_bool())
                << boost::json::serialize(answer.body);
        }
        proxy.forward();
        proxy.reset();
        EXPECT_EQ(answer_to(event("create", "branch"), k_time).status, 200) << output();
        expect_usable(Incumbent::secret("branch"));
    }
}

}  // namespace
