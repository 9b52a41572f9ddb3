// SPDX-License-Identifier: Apache-2.0
#include "aws/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using aws::Code;
using aws::failure_of;
using aws::Refusal;
using base::ErrorKind;
using base::Secret;
using testing::HasSubstr;
using testing::Not;

const aws::Attempt k_put{"PutSecretValue",
                         "review_a",
                         "eu-central-1",
                         {Secret("{\"password\":\"hunter2-hunter2\"}"), Secret("hunter2-hunter2"),
                          Secret("session-token")}};

TEST(AwsError, has_a_kind_and_a_code_for_each_exception) {
    const auto expect = [](const Refusal& refusal, Code code, ErrorKind kind) {
        const auto failure = failure_of(k_put, refusal);
        EXPECT_EQ(failure.code, code) << refusal.exception;
        EXPECT_EQ(failure.kind, kind) << refusal.exception;
        EXPECT_THAT(failure.message, HasSubstr("PutSecretValue on secret \"review_a\""));
    };
    expect({400, "ResourceNotFoundException", ""}, Code::not_found, ErrorKind::not_found);
    expect({400, "ResourceExistsException", ""}, Code::exists, ErrorKind::conflict);
    expect({400, "InvalidRequestException", ""}, Code::invalid_request, ErrorKind::conflict);
    expect({400, "InvalidParameterException", ""}, Code::invalid_input, ErrorKind::invalid_input);
    expect({400, "AccessDeniedException", ""}, Code::denied, ErrorKind::denied);
    expect({400, "DecryptionFailure", ""}, Code::denied, ErrorKind::denied);
    expect({400, "ThrottlingException", ""}, Code::throttled, ErrorKind::overloaded);
    expect({400, "LimitExceededException", ""}, Code::other, ErrorKind::overloaded);
    expect({429, "", ""}, Code::throttled, ErrorKind::overloaded);
    expect({500, "InternalServiceError", ""}, Code::server, ErrorKind::unavailable);
    expect({503, "", ""}, Code::server, ErrorKind::unavailable);
    expect({400, "ExpiredTokenException", ""}, Code::expired, ErrorKind::denied);
    expect({400, "InvalidSignatureException", ""}, Code::other, ErrorKind::denied);
    expect({400, "SomethingNew", ""}, Code::other, ErrorKind::internal);
    expect({407, "", ""}, Code::server, ErrorKind::unavailable);
}

TEST(AwsError, repeats_only_what_may_do_better) {
    EXPECT_TRUE(aws::passes(Code::throttled));
    EXPECT_TRUE(aws::passes(Code::server));
    for (const auto code : {Code::other, Code::not_found, Code::exists, Code::invalid_request,
                            Code::invalid_input, Code::denied, Code::expired}) {
        EXPECT_FALSE(aws::passes(code));
    }
}

TEST(AwsError, hints_at_the_permission_that_is_missing) {
    EXPECT_THAT(failure_of(k_put, {400, "AccessDeniedException", "no"}).hint,
                HasSubstr("allow secretsmanager:PutSecretValue on "
                          "arn:aws:secretsmanager:eu-central-1:*:secret:review_a-??????, and "
                          "kms:GenerateDataKey"));
    EXPECT_EQ(failure_of({"CreateSecret", "a", "eu-central-1"},
                         {400, "AccessDeniedException",
                          "User: arn:x is not authorized to perform: kms:GenerateDataKey on "
                          "resource: arn:aws:kms:eu-central-1:1:key/2 because …"})
                  .hint,
              "allow kms:GenerateDataKey on arn:aws:kms:eu-central-1:1:key/2");
    EXPECT_THAT(failure_of({"CreateSecret", "a", "eu-central-1"},
                           {400, "AccessDeniedException",
                            "User: arn:x is not authorized to perform: secretsmanager:TagResource "
                            "on resource: a"})
                    .hint,
                HasSubstr("allow secretsmanager:TagResource on arn:"));
}

TEST(AwsError, takes_the_arn_of_a_secret_for_the_resource) {
    const std::string arn = "arn:aws:secretsmanager:eu-west-1:1:secret:a-AbCdEf";
    EXPECT_EQ(
        failure_of({"DescribeSecret", arn, "eu-west-1"}, {400, "AccessDeniedException", ""}).hint,
        "allow secretsmanager:DescribeSecret on " + arn);
}

TEST(AwsError, never_quotes_a_value_or_a_part_of_one) {
    for (const auto* message : {"bad: {\"password\":\"hunter2-hunter2\"}", "hunter2-hunter2?",
                                "canonical: session-token"}) {
        const auto failure = failure_of(k_put, {400, "InvalidParameterException", message});
        EXPECT_THAT(failure.message, Not(HasSubstr("hunter2")));
        EXPECT_THAT(failure.message, Not(HasSubstr("session-token")));
        EXPECT_THAT(failure.message, HasSubstr("InvalidParameterException"));
    }
}

TEST(AwsError, quotes_only_exceptions_that_are_known_to_be_written_for_people) {
    const auto quoted = [](const std::string& exception, const std::string& message) {
        return aws::quotable(exception, message, 400, {});
    };
    EXPECT_EQ(quoted("AccessDeniedException", "is not allowed"),
              "AccessDeniedException: is not allowed");
    EXPECT_EQ(quoted("InvalidSignatureException", "x-amz-security-token:abc"),
              "InvalidSignatureException");
    EXPECT_EQ(quoted("Whatever", "text"), "Whatever");
    EXPECT_EQ(quoted("", "text"), "it answered 400");
    EXPECT_EQ(quoted("<html>", "text"), "it answered 400");
    EXPECT_EQ(quoted("AccessDenied", "one\ntwo"), "AccessDenied: one");
    EXPECT_EQ(quoted("AccessDenied", "a\x1b[0m"), "AccessDenied: a?[0m");
    EXPECT_EQ(quoted("AccessDenied", "a {\"b\":1}"), "AccessDenied");
    EXPECT_LT(quoted("AccessDenied", std::string(10'000, 'x')).size(), 400U);
}

}  // namespace
