// SPDX-License-Identifier: Apache-2.0
//
// Rotation as Secrets Manager drives it: four events, each of which may come again, and anything
// else may come between.
#include "e2e/lambda_fixture.h"

namespace {

using support::Incumbent;
using Kind = support::LambdaRuntimeStandIn::Outcome::Kind;

constexpr std::array k_steps{"createSecret", "setSecret", "testSecret", "finishSecret"};

class LambdaRotationTest : public e2e::LambdaTest {
   protected:
    void SetUp() override {
        LambdaTest::SetUp();
        more_["REVIEWDB_SERVER"] = k_administrator;
    }
    void enable_rotation(const std::string& secret) {
        auto stored = aws_.secret(secret).value();
        stored.rotation_enabled = true;
        stored.rotation_lambda = "arn:aws:lambda:eu-central-1:123456789012:function:reviewdb";
        aws_.put(stored);
    }
    std::string begin(const std::string& secret) {
        enable_rotation(secret);
        return aws_.start_rotation(secret);
    }
    support::LambdaRuntimeStandIn::Outcome step(const std::string& secret, const std::string& token,
                                                const std::string& name) {
        return invoke(fmt::format(R"({{"SecretId":"{}","ClientRequestToken":"{}","Step":"{}"}})",
                                  aws_.secret(secret) ? aws_.secret(secret)->arn : secret, token,
                                  name));
    }
    void expect_done(const std::string& secret, const std::string& token, const std::string& name) {
        const auto outcome = step(secret, token, name);
        EXPECT_EQ(outcome.kind, Kind::response) << name << ": " << outcome.body << output();
        EXPECT_EQ(outcome.body, "null");
    }
    void expect_refused(const std::string& secret, const std::string& token,
                        const std::string& type) {
        for (const auto* name : k_steps) {
            const auto outcome = step(secret, token, name);
            EXPECT_EQ(outcome.kind, Kind::error) << name << ": " << outcome.body;
            EXPECT_EQ(outcome.error_type, type) << name << ": " << outcome.body;
        }
    }
    void rotate_all(const std::string& secret, const std::string& token) {
        for (const auto* name : k_steps) expect_done(secret, token, name);
    }
    std::string make(const std::string& stage) {
        EXPECT_EQ(drop_in(event("create", stage)).status, 200) << output();
        return Incumbent::secret(stage);
    }
    std::string password_in(const std::string& name) const {
        return login_of(name).password().reveal();
    }
    bool is_current(const std::string& secret, const std::string& token) const {
        return aws_.secret(secret)->find_version(token)->has(support::k_current);
    }
};

TEST_F(LambdaRotationTest, EveryStepMayComeTwiceAndEveryMomentLogsIn) {
    const auto name = make("branch");
    const auto former = password_in(name);
    const auto token = begin(name);
    for (const auto* step : k_steps) {
        SCOPED_TRACE(step);
        expect_done(name, token, step);
        expect_usable(name);
        expect_done(name, token, step);
        expect_usable(name);
        EXPECT_EQ(drop_in(event("create", "branch")).text("outcome"), "unchanged");
        expect_usable(name);
    }
    EXPECT_NE(password_in(name), former);
    EXPECT_TRUE(is_current(name, token));
    // A label that left no version behind would be a rotation that never ends.
    for (const auto* step : k_steps) expect_done(name, token, step);
    const auto next = aws_.start_rotation(name);
    rotate_all(name, next);
    expect_usable(name);
    EXPECT_TRUE(is_current(name, next));
}

// Whoever asks for a new password while Secrets Manager is at it wins, and the label never moves to
// a password that is dead by then.
TEST_F(LambdaRotationTest, ARotateRequestInTheMiddleNeverLeavesADeadPassword) {
    for (std::size_t after = 0; after <= k_steps.size(); ++after) {
        const auto stage = fmt::format("branch{}", after);
        SCOPED_TRACE(stage);
        const auto name = make(stage);
        const auto token = begin(name);
        for (std::size_t i = 0; i < after; ++i) expect_done(name, token, k_steps.at(i));
        const auto asked = boost::json::parse(
            invoke(
                fmt::format(R"({{"operation":"rotate","name":"{}","project":"reviewapp"}})", stage))
                .body);
        EXPECT_EQ(asked.at("outcome").as_string(), "rotated");
        expect_usable(name);
        for (std::size_t i = after; i < k_steps.size(); ++i) {
            const auto outcome = step(name, token, k_steps.at(i));
            if (outcome.kind == Kind::error) {
                EXPECT_EQ(outcome.error_type, "reviewdb.conflict") << outcome.body;
            }
            expect_usable(name);
        }
        // The next one finds its way, as the hint says.
        auto stored = aws_.secret(name).value();
        if (!is_current(name, token)) std::erase(stored.find_version(token)->stages, "AWSPENDING");
        aws_.put(stored);
        const auto next = begin(name);
        rotate_all(name, next);
        EXPECT_TRUE(is_current(name, next));
        expect_usable(name);
    }
}

TEST_F(LambdaRotationTest, AStepThatFailedHalfWayIsMendedWhenItComesAgain) {
    const auto name = make("branch");
    const auto token = begin(name);
    expect_done(name, token, "createSecret");
    aws_.fail_next("PutSecretValue", support::Fault::access_denied());
    EXPECT_EQ(step(name, token, "setSecret").error_type, "reviewdb.denied");
    expect_done(name, token, "setSecret");
    expect_usable(name);
    aws_.fail_next("UpdateSecretVersionStage", support::Fault::access_denied());
    EXPECT_EQ(step(name, token, "finishSecret").error_type, "reviewdb.denied");
    expect_usable(name);
    rotate_all(name, token);
    EXPECT_TRUE(is_current(name, token));
    expect_usable(name);
}

TEST_F(LambdaRotationTest, AnAdministratorsPasswordReallyChangesAndTheNextEventUsesIt) {
    make("before");
    const auto former = administrator_->password().reveal();
    const auto token = begin(k_administrator);
    for (const auto* step : k_steps) {
        expect_done(k_administrator, token, step);
        expect_done(k_administrator, token, step);
        EXPECT_EQ(drop_in(event("create", "before")).status, 200) << step << output();
    }
    EXPECT_TRUE(is_current(k_administrator, token));
    EXPECT_NE(password_in(k_administrator), former);
    EXPECT_EQ(support::refusal(*administrator_, "SELECT 1"), "28P01");
    const auto value = boost::json::parse(*aws_.value(k_administrator)).as_object();
    EXPECT_EQ(value.at("dbClusterIdentifier").as_string(), "dev");
    EXPECT_EQ(value.at("dbname").as_string(), "postgres");
    stop();
    make("after");
    expect_usable(Incumbent::secret("after"));
    EXPECT_EQ(output().find(password_in(k_administrator)), std::string::npos);
}

TEST_F(LambdaRotationTest, WhatIsNotOursIsNotRotated) {
    const auto ours = make("branch");
    aws_.put("copy", *aws_.value(ours));
    aws_.put("placeholder", Incumbent::placeholder().reveal());
    aws_.put("foreign", R"({"host":"elsewhere","username":"them","password":"theirs12"})");
    aws_.put("gone", fmt::format(R"({{"host":"127.0.0.1","username":"a","dbname":"b",)"
                                 R"("reviewdb":"{}"}})",
                                 base::Uuid::random().to_string()));
    for (const auto& [secret, type] :
         {std::pair("placeholder", "reviewdb.conflict"), std::pair("foreign", "reviewdb.conflict"),
          std::pair("copy", "reviewdb.conflict"), std::pair("gone", "reviewdb.not_found")}) {
        SCOPED_TRACE(secret);
        const auto before = *aws_.value(secret);
        const auto token = begin(secret);
        expect_refused(secret, token, type);
        EXPECT_EQ(*aws_.value(secret), before);
        EXPECT_FALSE(aws_.secret(secret)->find_version(token)->has_value());
    }
    expect_usable(ours);
}

TEST_F(LambdaRotationTest, OnlyTheRotationThatSecretsManagerBeganIsCarriedOut) {
    const auto name = make("branch");
    const auto token = base::Uuid::random().to_string();
    expect_refused(name, token, "reviewdb.conflict");
    const auto begun = begin(name);
    expect_refused(name, token, "reviewdb.conflict");
    auto stored = aws_.secret(name).value();
    stored.rotation_enabled = false;
    aws_.put(stored);
    expect_refused(name, begun, "reviewdb.conflict");
    expect_refused("there-is-no-such-secret", token, "reviewdb.not_found");
    EXPECT_EQ(step(name, begun, "explodeSecret").error_type, "reviewdb.invalid_input");
    expect_usable(name);
    EXPECT_EQ(drop_in(event("create", "branch")).text("outcome"), "unchanged");
}

TEST_F(LambdaRotationTest, WhatWasTakenOverIsRotatedAndKeepsItsData) {
    const Incumbent incumbent(*administrator_);
    const auto name = Incumbent::secret("branch");
    aws_.put(name, incumbent.create("branch").reveal());
    support::execute(login_of(name), "CREATE TABLE kept AS SELECT 42 AS answer");
    EXPECT_EQ(drop_in(event("create", "branch")).text("outcome"), "adopted") << output();
    const auto former = password_in(name);
    const auto token = begin(name);
    for (const auto* step : k_steps) {
        expect_done(name, token, step);
        EXPECT_EQ(drop_in(event("create", "branch")).text("outcome"), "unchanged") << step;
        expect_usable(name);
    }
    EXPECT_NE(password_in(name), former);
    EXPECT_EQ(support::ask(login_of(name), "SELECT answer::text AS value FROM kept"), "42");
    EXPECT_EQ(drop_in(event("delete", "branch")).status, 200);
    EXPECT_EQ(count_of("reviewapp%"), "0 databases, 0 roles");
}

}  // namespace
