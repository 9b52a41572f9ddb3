// SPDX-License-Identifier: Apache-2.0
//
// What the stand-in for Secrets Manager refuses and AWS's own client would not send.
#include <gtest/gtest.h>

#include <string>

#include "unit/support/raw_secrets_manager.h"

namespace {

using boost::json::object;
using support::RawSecretsManager;
using support::SecretsManagerStandIn;

constexpr const char* k_token = "0123456789abcdef0123456789abcdef";

class StrictSecretsManager : public testing::Test {
   protected:
    StrictSecretsManager() { aws_.put("s", "value"); }

    std::string refusal(const std::string& action, const object& members) {
        return raw_.call(action, members).type;
    }
    std::string refusal_of_text(const std::string& action, const std::string& body) {
        return raw_.call_text(action, body).type;
    }
    SecretsManagerStandIn aws_;
    RawSecretsManager raw_{aws_};
};

TEST_F(StrictSecretsManager, refuses_what_is_not_a_json_object) {
    for (const char* body : {"", "{", "[]", "null", "{\"SecretId\":\"s\"}x"}) {
        EXPECT_EQ(refusal_of_text("GetSecretValue", body), "SerializationException") << body;
    }
}

TEST_F(StrictSecretsManager, refuses_members_that_an_action_does_not_have) {
    EXPECT_EQ(refusal("GetSecretValue", {{"SecretId", "s"}, {"Secretstring", "x"}}),
              "SerializationException");
    EXPECT_EQ(refusal("GetSecretValue", {{"SecretId", "s"}, {"ClientRequestToken", k_token}}),
              "SerializationException");
}

TEST_F(StrictSecretsManager, refuses_members_of_another_type) {
    EXPECT_EQ(refusal("GetSecretValue", {{"SecretId", 1}}), "SerializationException");
    EXPECT_EQ(refusal("DeleteSecret", {{"SecretId", "s"}, {"RecoveryWindowInDays", "7"}}),
              "SerializationException");
    EXPECT_EQ(refusal("DeleteSecret", {{"SecretId", "s"}, {"ForceDeleteWithoutRecovery", 1}}),
              "SerializationException");
    EXPECT_EQ(refusal("TagResource", {{"SecretId", "s"}, {"Tags", object{{"a", "b"}}}}),
              "SerializationException");
    EXPECT_EQ(refusal("PutSecretValue",
                      {{"SecretId", "s"}, {"SecretString", "x"}, {"VersionStages", "AWSCURRENT"}}),
              "SerializationException");
}

TEST_F(StrictSecretsManager, refuses_what_is_missing_or_of_a_forbidden_length) {
    EXPECT_EQ(refusal("GetSecretValue", {}), "ValidationException");
    EXPECT_EQ(refusal("GetSecretValue", {{"SecretId", ""}}), "ValidationException");
    EXPECT_EQ(refusal("GetSecretValue", {{"SecretId", std::string(2049, 'x')}}),
              "ValidationException");
    EXPECT_EQ(refusal("GetSecretValue", {{"SecretId", "s"}, {"VersionId", "short"}}),
              "ValidationException");
    EXPECT_EQ(refusal("CreateSecret", {{"Name", std::string(513, 'x')}}), "ValidationException");
    EXPECT_EQ(refusal("TagResource", {{"SecretId", "s"}, {"Tags", {object{{"Value", "b"}}}}}),
              "ValidationException");
}

TEST_F(StrictSecretsManager, counts_a_value_in_bytes) {
    std::string umlauts;
    for (int i = 0; i < 32769; ++i) umlauts += "ä";
    object put{{"SecretId", "s"}, {"ClientRequestToken", k_token}, {"SecretString", umlauts}};
    EXPECT_EQ(refusal("PutSecretValue", put), "ValidationException");
    put["SecretString"] = umlauts.substr(2);
    EXPECT_EQ(raw_.call("PutSecretValue", put).status, 200);
}

TEST_F(StrictSecretsManager, takes_only_the_names_that_aws_takes) {
    for (const char* name : {"a b", "ä", "a!b", "a:b", "a\tb"}) {
        EXPECT_EQ(refusal("CreateSecret", {{"Name", name}}), "ValidationException") << name;
    }
    EXPECT_EQ(raw_.call("CreateSecret", {{"Name", "Az09/_+=.@-"}}).status, 200);
}

TEST_F(StrictSecretsManager, wants_a_token_of_32_to_64_characters_with_a_value) {
    EXPECT_EQ(refusal("CreateSecret", {{"Name", "t"}, {"SecretString", "x"}}),
              "InvalidRequestException");
    EXPECT_FALSE(aws_.secret("t"));
    for (const std::size_t length : {31U, 65U}) {
        EXPECT_EQ(refusal("PutSecretValue", {{"SecretId", "s"},
                                             {"SecretString", "x"},
                                             {"ClientRequestToken", std::string(length, 'x')}}),
                  "InvalidParameterException");
    }
    EXPECT_EQ(aws_.versions("s"), 1U);
}

TEST_F(StrictSecretsManager, wants_its_content_type_target_and_method) {
    auto type = raw_.request("GetSecretValue", R"({"SecretId":"s"})");
    type.headers[1].second = "application/json";
    sign(type, {"eu-central-1", "secretsmanager"}, aws_.credentials());
    EXPECT_EQ(raw_.send(type).type, "UnknownOperationException");
    EXPECT_EQ(refusal("GetSecret", {{"SecretId", "s"}}), "UnknownOperationException");
    auto method = raw_.request("GetSecretValue", R"({"SecretId":"s"})");
    method.method = "PUT";
    sign(method, {"eu-central-1", "secretsmanager"}, aws_.credentials());
    EXPECT_EQ(raw_.send(method).type, "UnknownOperationException");
}

TEST_F(StrictSecretsManager, finds_a_secret_by_name_arn_and_partial_arn) {
    const auto arn = aws_.put("x-abcdef", "value");
    EXPECT_EQ(raw_.call("GetSecretValue", {{"SecretId", arn}}).status, 200);
    EXPECT_EQ(raw_.call("GetSecretValue", {{"SecretId", "x-abcdef"}}).status, 200);
    // Without its own suffix it ends like a complete one.
    EXPECT_EQ(refusal("GetSecretValue", {{"SecretId", arn.substr(0, arn.size() - 7)}}),
              "ResourceNotFoundException");
    const auto plain = aws_.put("plain", "value");
    EXPECT_EQ(raw_.call("GetSecretValue", {{"SecretId", plain.substr(0, plain.size() - 7)}}).status,
              200);
    EXPECT_EQ(refusal("GetSecretValue", {{"SecretId", plain.substr(0, plain.size() - 8)}}),
              "ResourceNotFoundException");
}

TEST_F(StrictSecretsManager, limits_tags_and_keeps_those_of_aws) {
    aws_.put("stack", "value", {{"aws:cloudformation:stack-id", "arn"}});
    boost::json::array fifty;
    for (int i = 0; i < 50; ++i) fifty.push_back({{"Key", std::to_string(i)}, {"Value", ""}});
    EXPECT_EQ(raw_.call("TagResource", {{"SecretId", "stack"}, {"Tags", fifty}}).status, 200);
    EXPECT_EQ(refusal("TagResource", {{"SecretId", "stack"}, {"Tags", {object{{"Key", "more"}}}}}),
              "InvalidParameterException");
    EXPECT_EQ(refusal("UntagResource",
                      {{"SecretId", "stack"}, {"TagKeys", {"aws:cloudformation:stack-id"}}}),
              "InvalidParameterException");
    EXPECT_EQ(aws_.secret("stack")->tags.size(), 51U);
    EXPECT_EQ(refusal("TagResource",
                      {{"SecretId", "s"}, {"Tags", {object{{"Key", "a"}}, object{{"Key", "a"}}}}}),
              "InvalidParameterException");
}

TEST_F(StrictSecretsManager, keeps_callers_from_what_a_service_owns) {
    aws_.put_managed("rds!db-1", "value");
    EXPECT_EQ(raw_.call("GetSecretValue", {{"SecretId", "rds!db-1"}}).status, 200);
    EXPECT_EQ(raw_.call("DescribeSecret", {{"SecretId", "rds!db-1"}}).text("OwningService"), "rds");
    EXPECT_EQ(
        refusal("DeleteSecret", {{"SecretId", "rds!db-1"}, {"ForceDeleteWithoutRecovery", true}}),
        "InvalidRequestException");
    EXPECT_EQ(
        refusal("PutSecretValue",
                {{"SecretId", "rds!db-1"}, {"SecretString", "x"}, {"ClientRequestToken", k_token}}),
        "InvalidRequestException");
    EXPECT_EQ(aws_.value("rds!db-1"), "value");
}

}  // namespace
