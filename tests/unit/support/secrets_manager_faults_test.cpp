// SPDX-License-Identifier: Apache-2.0
//
// What a test can make go wrong with the stand-in for Secrets Manager, and what it can see there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "unit/support/raw_secrets_manager.h"

namespace {

using boost::json::object;
using std::chrono::milliseconds;
using support::Fault;
using support::RawSecretsManager;
using support::SecretsManagerStandIn;
using testing::ElementsAre;

const object k_read{{"SecretId", "s"}};
const object k_write{{"SecretId", "s"},
                     {"SecretString", "second"},
                     {"ClientRequestToken", "0123456789abcdef0123456789abcdef"}};

class SecretsManagerFaults : public testing::Test {
   protected:
    SecretsManagerFaults() { aws_.put("s", "first"); }

    RawSecretsManager::Answer read() {
        return RawSecretsManager(aws_).call("GetSecretValue", k_read);
    }
    RawSecretsManager::Answer write() {
        return RawSecretsManager(aws_).call("PutSecretValue", k_write);
    }
    SecretsManagerStandIn aws_;
};

TEST_F(SecretsManagerFaults, come_in_the_form_that_aws_gives_them) {
    const std::vector<std::pair<Fault, std::string>> faults{
        {Fault::throttle(), "400 ThrottlingException"},
        {Fault::internal_error(), "500 InternalServiceError"},
        {Fault::unavailable(), "503 ServiceUnavailableException"},
        {Fault::access_denied(), "400 AccessDeniedException"},
        {Fault::expired_token(), "400 ExpiredTokenException"},
        {Fault::html(), "502 "},
        {Fault::empty_body(), "200 "},
        {Fault::text(200, "[1]"), "200 "},
        {Fault::close(), "0 "},
        {Fault::close_half_way(), "0 "}};
    for (const auto& [fault, expected] : faults) {
        aws_.fail_next(fault);
        const auto answer = read();
        EXPECT_EQ(std::to_string(answer.status) + ' ' + answer.type, expected);
        EXPECT_EQ(read().status, 200) << "it is over";
    }
}

TEST_F(SecretsManagerFaults, concern_the_calls_that_were_named) {
    aws_.fail_next("PutSecretValue", Fault::throttle(), 2);
    EXPECT_EQ(read().status, 200);
    EXPECT_EQ(write().status, 400);
    EXPECT_EQ(write().status, 400);
    EXPECT_EQ(write().status, 200);
    aws_.fail_at(6, Fault::internal_error());
    EXPECT_EQ(read().status, 200);
    EXPECT_EQ(read().status, 500);
    aws_.fail_always(Fault::unavailable());
    EXPECT_EQ(read().status, 503);
    EXPECT_EQ(write().status, 503);
    aws_.clear_faults();
    EXPECT_EQ(read().status, 200);
}

TEST_F(SecretsManagerFaults, leave_no_effect_unless_they_come_after_it) {
    for (const auto& fault : {Fault::throttle(), Fault::close(), Fault::html()}) {
        aws_.fail_next(fault);
        write();
        EXPECT_EQ(aws_.value("s"), "first");
    }
    for (const auto& fault :
         {Fault::lose_answer(), Fault::close_half_way(), Fault::internal_error().after_effect()}) {
        aws_.put("s", "first");
        aws_.fail_next(fault);
        EXPECT_NE(write().status, 200);
        EXPECT_EQ(aws_.value("s"), "second");
    }
}

TEST_F(SecretsManagerFaults, delay_the_answer_alone) {
    aws_.fail_next(Fault::delay(milliseconds(50)));
    EXPECT_EQ(write().status, 200);
    EXPECT_GE(aws_.own_time(), milliseconds(50));
}

TEST_F(SecretsManagerFaults, hang_until_the_client_has_had_enough) {
    aws_.fail_next(Fault::hang());
    RawSecretsManager hanging(aws_);
    hanging.client().send(hanging.signed_request("GetSecretValue", R"({"SecretId":"s"})"));
    while (aws_.calls().empty()) std::this_thread::yield();
    EXPECT_EQ(read().status, 200) << "others are served meanwhile";
}

TEST_F(SecretsManagerFaults, do_not_hide_a_bad_signature) {
    aws_.fail_next(Fault::throttle());
    auto other = aws_.credentials();
    other.secret_access_key += 'x';
    RawSecretsManager raw(aws_);
    auto request = raw.request("GetSecretValue", R"({"SecretId":"s"})");
    sign(request, {"eu-central-1", "secretsmanager"}, other);
    EXPECT_EQ(raw.send(request).type, "InvalidSignatureException");
    EXPECT_EQ(read().type, "ThrottlingException");
}

TEST_F(SecretsManagerFaults, deny_what_a_policy_would) {
    aws_.deny("GetSecretValue");
    const auto arn = aws_.secret("s")->arn;
    EXPECT_EQ(read().message,
              "User: arn:aws:sts::123456789012:assumed-role/reviewdb/test is not authorized to "
              "perform: secretsmanager:GetSecretValue on resource: " +
                  arn +
                  " because no identity-based policy allows the secretsmanager:GetSecretValue "
                  "action");
    EXPECT_EQ(write().status, 200);
    aws_.allow("GetSecretValue");
    EXPECT_EQ(read().status, 200);
    aws_.deny("TagResource");
    object create{{"Name", "t"}, {"Tags", {object{{"Key", "a"}}}}};
    EXPECT_EQ(RawSecretsManager(aws_).call("CreateSecret", create).type, "AccessDeniedException");
    EXPECT_FALSE(aws_.secret("t"));
}

TEST_F(SecretsManagerFaults, deny_the_use_of_a_key) {
    auto secret = *aws_.secret("s");
    secret.kms_key_id = "alias/own";
    aws_.put(secret);
    aws_.deny("kms:Decrypt");
    EXPECT_EQ(read().message, "Access to KMS is not allowed");
    EXPECT_EQ(write().status, 200);
}

TEST_F(SecretsManagerFaults, are_seen_among_the_calls) {
    aws_.fail_at(2, Fault::throttle());
    aws_.fail_at(3, Fault::close());
    RawSecretsManager raw(aws_);
    raw.call("GetSecretValue", k_read);
    raw.call("PutSecretValue", k_write);
    raw.call("GetSecretValue", {{"SecretId", "nowhere"}});
    EXPECT_THAT(aws_.actions(), ElementsAre("GetSecretValue", "PutSecretValue", "GetSecretValue"));
    const auto calls = aws_.calls();
    EXPECT_EQ(calls[0].status, 200);
    EXPECT_EQ(calls[0].secret_id, "s");
    EXPECT_EQ(calls[1].error, "ThrottlingException");
    EXPECT_EQ(calls[2].status, 0);
    EXPECT_EQ(calls[2].secret_id, "nowhere");
    for (const auto& call : calls) {
        EXPECT_EQ(call.connection, 1U);
        EXPECT_LE(call.received, call.answered);
    }
    EXPECT_EQ(aws_.connections(), 1U);
}

TEST_F(SecretsManagerFaults, count_the_calls_of_many_clients_at_once) {
    std::vector<std::thread> clients;
    clients.reserve(8);
    for (int client = 0; client < 8; ++client) {
        clients.emplace_back([this] {
            RawSecretsManager raw(aws_);
            for (int i = 0; i < 20; ++i) raw.call("GetSecretValue", k_read);
        });
    }
    for (auto& client : clients) client.join();
    EXPECT_EQ(aws_.count("GetSecretValue"), 160U);
    EXPECT_EQ(aws_.connections(), 8U);
    for (const auto& call : aws_.calls()) EXPECT_EQ(call.status, 200);
}

}  // namespace
