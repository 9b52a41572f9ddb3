// SPDX-License-Identifier: Apache-2.0
#include "support/aws/signature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "unit/support/raw_secrets_manager.h"

namespace {

using std::chrono::minutes;
using support::AwsCredentials;
using support::HttpRequest;
using support::RawSecretsManager;
using support::SecretsManagerStandIn;

constexpr const char* k_invalid = "InvalidSignatureException";
constexpr const char* k_incomplete = "IncompleteSignatureException";

void replace(HttpRequest& request, const std::string& name, const std::string& value) {
    for (auto& header : request.headers) {
        if (header.first == name) header.second = value;
    }
}
void replace_in(HttpRequest& request, const std::string& from, const std::string& to) {
    auto text = *request.header("Authorization");
    text.replace(text.find(from), from.size(), to);
    replace(request, "Authorization", text);
}

// The test `get-vanilla` of the suite that AWS publishes for this algorithm.
TEST(Signature, is_that_of_the_published_example) {
    HttpRequest request{
        .method = "GET",
        .target = "/",
        .headers = {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}};
    const AwsCredentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
    support::sign(request, {"us-east-1", "service"}, credentials);
    EXPECT_EQ(*request.header("Authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
              "SignedHeaders=host;x-amz-date, "
              "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

class SignedCall : public testing::Test {
   protected:
    SignedCall() { aws_.put("s", "value"); }

    HttpRequest good() const {
        return raw_.signed_request("GetSecretValue", R"({"SecretId":"s"})");
    }
    HttpRequest not_signed() const { return raw_.request("GetSecretValue", R"({"SecretId":"s"})"); }
    std::string verdict(const HttpRequest& request) {
        const auto answer = raw_.send(request);
        return answer.status == 200 ? "accepted" : answer.type;
    }
    std::string verdict_signed_by(const AwsCredentials& credentials,
                                  const support::SignatureScope& scope) {
        auto request = not_signed();
        sign(request, scope, credentials);
        return verdict(request);
    }
    const support::SignatureScope scope_{"eu-central-1", "secretsmanager"};
    SecretsManagerStandIn aws_;
    RawSecretsManager raw_{aws_};
};

TEST_F(SignedCall, is_accepted) { EXPECT_EQ(verdict(good()), "accepted"); }

TEST_F(SignedCall, is_refused_without_a_signature) {
    EXPECT_EQ(verdict(not_signed()), "MissingAuthenticationTokenException");
}

TEST_F(SignedCall, is_refused_by_another_secret_key) {
    auto credentials = aws_.credentials();
    credentials.secret_access_key += "x";
    EXPECT_EQ(verdict_signed_by(credentials, scope_), k_invalid);
}

TEST_F(SignedCall, is_refused_by_an_unknown_key_id_or_session_token) {
    auto credentials = aws_.credentials();
    credentials.access_key_id = "ASIANOBODY";
    EXPECT_EQ(verdict_signed_by(credentials, scope_), "UnrecognizedClientException");
    auto request = not_signed();
    replace(request, "X-Amz-Security-Token", "another");
    sign(request, scope_, aws_.credentials());
    EXPECT_EQ(verdict(request), "UnrecognizedClientException");
}

TEST_F(SignedCall, is_refused_for_another_region_service_or_day) {
    EXPECT_EQ(verdict_signed_by(aws_.credentials(), {"us-east-1", "secretsmanager"}), k_invalid);
    EXPECT_EQ(verdict_signed_by(aws_.credentials(), {"eu-central-1", "s3"}), k_invalid);
    auto request = good();
    const auto today = request.header("X-Amz-Date")->substr(0, 8);
    replace_in(request, '/' + today + '/', "/20150830/");
    EXPECT_EQ(verdict(request), k_invalid);
}

TEST_F(SignedCall, is_refused_when_anything_signed_was_changed) {
    auto body = good();
    body.body = R"({"SecretId":"t"})";
    EXPECT_EQ(verdict(body), k_invalid);
    auto target = good();
    replace(target, "X-Amz-Target", "secretsmanager.DeleteSecret");
    EXPECT_EQ(verdict(target), k_invalid);
    auto host = good();
    replace(host, "Host", "elsewhere");
    EXPECT_EQ(verdict(host), k_invalid);
}

TEST_F(SignedCall, is_refused_when_a_header_that_has_to_be_signed_is_not) {
    for (const std::string name :
         {"Host", "Content-Type", "X-Amz-Target", "X-Amz-Security-Token"}) {
        auto request = not_signed();
        const auto header = std::find_if(request.headers.begin(), request.headers.end(),
                                         [&](const auto& entry) { return entry.first == name; });
        const auto left_out = *header;
        request.headers.erase(header);
        sign(request, scope_, aws_.credentials());
        request.headers.push_back(left_out);
        EXPECT_EQ(verdict(request), k_invalid) << name;
    }
}

TEST_F(SignedCall, is_refused_when_it_is_more_than_five_minutes_off) {
    for (const int off : {-6, 6}) {
        aws_.skew_clock(minutes(off));
        EXPECT_EQ(verdict(good()), k_invalid) << off;
    }
    for (const int off : {-4, 4}) {
        aws_.skew_clock(minutes(off));
        EXPECT_EQ(verdict(good()), "accepted") << off;
    }
}

TEST_F(SignedCall, is_incomplete_without_each_of_its_parts) {
    for (const std::string part : {"Credential=", "SignedHeaders=", "Signature="}) {
        auto request = good();
        replace_in(request, part, "X");
        EXPECT_EQ(verdict(request), k_incomplete) << part;
    }
    auto algorithm = good();
    replace_in(algorithm, "AWS4-HMAC-SHA256", "AWS3");
    EXPECT_EQ(verdict(algorithm), k_incomplete);
    auto scope = good();
    replace_in(scope, "/aws4_request", "");
    EXPECT_EQ(verdict(scope), k_incomplete);
    auto date = not_signed();
    replace(date, "X-Amz-Date", "today");
    sign(date, scope_, aws_.credentials());
    EXPECT_EQ(verdict(date), k_incomplete);
}

}  // namespace
