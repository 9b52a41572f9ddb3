// SPDX-License-Identifier: Apache-2.0
#include "support/aws/credentials_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

#include <string>

#include "support/aws/http_client.h"
#include "support/aws/signature.h"

namespace {

using support::CredentialsStandIn;
using support::Fault;
using support::HttpAnswer;
using support::HttpClient;
using support::HttpHeaders;
using support::HttpRequest;
using testing::HasSubstr;

constexpr const char* k_roles = "/latest/meta-data/iam/security-credentials/";
constexpr const char* k_ttl = "X-aws-ec2-metadata-token-ttl-seconds";

class Credentials : public testing::Test {
   protected:
    HttpAnswer call(const std::string& method, const std::string& target,
                    const HttpHeaders& headers = {}, const std::string& body = "") {
        return client_.call({.method = method, .target = target, .headers = headers, .body = body})
            .value();
    }
    std::string metadata_token() {
        return call("PUT", "/latest/api/token", {{k_ttl, "21600"}}).body;
    }
    HttpAnswer metadata(const std::string& path, const std::string& token) {
        return call("GET", path, {{"X-aws-ec2-metadata-token", token}});
    }
    HttpRequest form(const std::string& parameters) const {
        return {.method = "POST",
                .target = "/",
                .headers = {{"Host", "127.0.0.1"},
                            {"Content-Type", "application/x-www-form-urlencoded"},
                            {"X-Amz-Date", support::amz_date(std::chrono::system_clock::now())}},
                .body = "Version=2011-06-15&RoleArn=" + identity_.role_arn() + "&" + parameters};
    }
    std::string web_identity(const std::string& token) const {
        return "Action=AssumeRoleWithWebIdentity&RoleSessionName=test&WebIdentityToken=" + token;
    }

    CredentialsStandIn identity_;
    HttpClient client_{std::stoi(identity_.endpoint().substr(identity_.endpoint().rfind(':') + 1))};
};

TEST_F(Credentials, of_an_instance_need_a_session_token) {
    EXPECT_EQ(call("GET", k_roles).status, 401);
    EXPECT_EQ(metadata(k_roles, "guessed").status, 401);
    const auto token = metadata_token();
    const auto role = metadata(k_roles, token).body;
    EXPECT_EQ(role, identity_.role_name());
    const auto shown = boost::json::parse(metadata(k_roles + role, token).body);
    EXPECT_EQ(shown.at("Code").as_string(), "Success");
    EXPECT_EQ(shown.at("AccessKeyId").as_string(), identity_.credentials().access_key_id);
    EXPECT_EQ(metadata(std::string(k_roles) + "other", token).status, 404);
    EXPECT_EQ(metadata("/latest/meta-data/placement/region", token).body, "eu-central-1");
    identity_.forget_metadata_tokens();
    EXPECT_EQ(metadata(k_roles, token).status, 401);
}

TEST_F(Credentials, give_a_session_token_for_a_time_that_is_allowed) {
    for (const char* lifetime : {"", "0", "21601", "soon"}) {
        EXPECT_EQ(call("PUT", "/latest/api/token", {{k_ttl, lifetime}}).status, 400) << lifetime;
    }
    EXPECT_EQ(call("PUT", "/latest/api/token").status, 400);
    EXPECT_EQ(call("GET", "/latest/api/token", {{k_ttl, "60"}}).status, 405);
    EXPECT_EQ(
        call("PUT", "/latest/api/token", {{k_ttl, "60"}, {"X-Forwarded-For", "10.0.0.1"}}).status,
        403);
}

TEST_F(Credentials, of_a_container_need_its_token) {
    const auto variables = identity_.container_variables();
    const auto path =
        variables.at("AWS_CONTAINER_CREDENTIALS_FULL_URI").substr(identity_.endpoint().size());
    EXPECT_EQ(call("GET", path).status, 401);
    const auto token = variables.at("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    const auto shown = boost::json::parse(call("GET", path, {{"Authorization", token}}).body);
    EXPECT_EQ(shown.at("SecretAccessKey").as_string(), identity_.credentials().secret_access_key);
    identity_.change_container_token("another");
    EXPECT_EQ(call("GET", path, {{"Authorization", token}}).status, 401);
}

TEST_F(Credentials, expire_when_a_test_wants) {
    identity_.hand_out(support::make_aws_credentials(), std::chrono::seconds(-60));
    const auto token = metadata_token();
    const auto shown = boost::json::parse(metadata(k_roles + identity_.role_name(), token).body);
    EXPECT_LT(std::string(shown.at("Expiration").as_string()),
              std::string(shown.at("LastUpdated").as_string()));
}

TEST_F(Credentials, of_a_role_are_for_who_has_the_web_identity) {
    const auto given = client_.call(form(web_identity(identity_.web_identity_token()))).value();
    EXPECT_EQ(given.status, 200);
    EXPECT_THAT(given.body, HasSubstr("<AccessKeyId>" + identity_.credentials().access_key_id));
    EXPECT_THAT(given.body, HasSubstr("<AssumeRoleWithWebIdentityResult>"));
    const auto refused = client_.call(form(web_identity("another"))).value();
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr("<Code>InvalidIdentityToken</Code>"));
}

TEST_F(Credentials, of_a_role_are_for_who_signs) {
    const std::string parameters = "Action=AssumeRole&RoleSessionName=test";
    EXPECT_EQ(client_.call(form(parameters))->status, 403);
    const auto trusted = support::make_aws_credentials();
    auto request = form(parameters);
    request.headers.emplace_back("X-Amz-Security-Token", trusted.session_token);
    sign(request, {"eu-central-1", "sts"}, trusted);
    const auto refused = client_.call(request).value();
    EXPECT_THAT(refused.body, HasSubstr("<Code>InvalidClientTokenId</Code>"));
    identity_.trust(trusted);
    EXPECT_EQ(client_.call(request)->status, 200);
}

TEST_F(Credentials, of_a_role_are_refused_to_what_is_not_a_proper_request) {
    const auto token = identity_.web_identity_token();
    EXPECT_EQ(client_.call(form(web_identity(token) + "&Other=1"))->status, 400);
    EXPECT_EQ(client_.call(form("Action=Unknown"))->status, 400);
    EXPECT_EQ(client_
                  .call(form("Action=AssumeRoleWithWebIdentity&WebIdentityToken=" + token +
                             "&RoleSessionName=a%20b"))
                  ->status,
              400);
    auto other = form(web_identity(token));
    other.body.replace(other.body.find("role/reviewdb"), 13, "role/another1");
    EXPECT_EQ(client_.call(other)->status, 403);
}

TEST_F(Credentials, fail_on_demand_in_the_form_of_the_service) {
    identity_.fail_next("AssumeRoleWithWebIdentity", Fault::expired_token());
    const auto refused = client_.call(form(web_identity(identity_.web_identity_token()))).value();
    EXPECT_THAT(refused.body, HasSubstr("<Code>ExpiredTokenException</Code>"));
    identity_.fail_next("metadata/token", Fault::close());
    EXPECT_FALSE(client_.call({.method = "PUT", .target = "/latest/api/token"}));
    EXPECT_THAT(identity_.actions(),
                testing::ElementsAre("AssumeRoleWithWebIdentity", "metadata/token"));
}

}  // namespace
