// SPDX-License-Identifier: Apache-2.0
#include "aws/secrets_manager.h"

#include <gmock/gmock.h>

#include "unit/aws/aws_world.h"

namespace {

using aws::Code;
using base::ErrorKind;
using base::Secret;
using support::Fault;
using testing::HasSubstr;
using testing::Not;
using unit::must;
using unit::soon;

const std::string k_value = R"({"host":"h","password":"correct-horse-battery"})";

struct SecretsManagerTest : unit::AwsWorld {
    std::string create(const std::string& name, const std::string& token) {
        return must(
            manager.create({name, Secret(k_value), "for people", {{"a", "b"}}}, token, soon()));
    }
};

TEST_F(SecretsManagerTest, creates_reads_and_describes) {
    const auto arn = create("review/a", aws::make_request_token());
    const auto version = must(manager.get_value("review/a", {}, soon()));
    EXPECT_EQ(version.arn, arn);
    EXPECT_EQ(version.name, "review/a");
    EXPECT_EQ(version.value.reveal(), k_value);
    EXPECT_EQ(version.stages, std::vector<std::string>{"AWSCURRENT"});
    const auto description = must(manager.describe(arn, soon()));
    EXPECT_EQ(description.arn, arn);
    EXPECT_EQ(description.tags, (aws::Tags{{"a", "b"}}));
    EXPECT_EQ(description.stages.at(version.version_id), version.stages);
    EXPECT_FALSE(description.deleted_at);
    EXPECT_FALSE(description.rotation_enabled);
    EXPECT_EQ(amazon.secret("review/a")->description, "for people");
}

TEST_F(SecretsManagerTest, keeps_one_connection) {
    create("a", aws::make_request_token());
    for (int i = 0; i < 5; ++i) must(manager.get_value("a", {}, soon()));
    EXPECT_EQ(amazon.connections(), 1U);
}

TEST_F(SecretsManagerTest, reads_versions_by_id_and_by_stage) {
    create("a", aws::make_request_token());
    const auto first = must(manager.get_value("a", {}, soon())).version_id;
    const auto token = aws::make_request_token();
    must(manager.put_value("a", {Secret("second"), token, {"AWSPENDING"}}, soon()));
    EXPECT_EQ(must(manager.get_value("a", {token, ""}, soon())).value.reveal(), "second");
    EXPECT_EQ(must(manager.get_value("a", {token, "AWSPENDING"}, soon())).value.reveal(), "second");
    EXPECT_EQ(must(manager.get_value("a", {}, soon())).version_id, first);
    must(manager.move_stage("a", {"AWSCURRENT", first, token}, soon()));
    EXPECT_EQ(must(manager.get_value("a", {}, soon())).version_id, token);
    EXPECT_EQ(must(manager.get_value("a", {"", "AWSPREVIOUS"}, soon())).version_id, first);
}

TEST_F(SecretsManagerTest, tells_the_states_of_a_secret_apart) {
    EXPECT_EQ(manager.get_value("a", {}, soon()).error().code, Code::not_found);
    EXPECT_EQ(manager.describe("a", soon()).error().code, Code::not_found);
    create("a", aws::make_request_token());
    EXPECT_EQ(manager.create({"a", Secret("x")}, aws::make_request_token(), soon()).error().code,
              Code::exists);
    must(manager.schedule_deletion("a", 7, soon()));
    EXPECT_EQ(manager.get_value("a", {}, soon()).error().code, Code::invalid_request);
    EXPECT_EQ(manager.create({"a", Secret("x")}, aws::make_request_token(), soon()).error().code,
              Code::invalid_request);
    EXPECT_TRUE(must(manager.describe("a", soon())).deleted_at);
    must(manager.restore("a", soon()));
    EXPECT_FALSE(must(manager.describe("a", soon())).deleted_at);
    must(manager.delete_at_once("a", soon()));
    must(manager.delete_at_once("a", soon()));
    EXPECT_EQ(amazon.names(), std::vector<std::string>{});
}

TEST_F(SecretsManagerTest, tags_and_sets_a_rotation_without_rotating) {
    create("a", aws::make_request_token());
    must(manager.tag("a", {{"c", "d"}}, soon()));
    EXPECT_EQ(must(manager.describe("a", soon())).tags, (aws::Tags{{"a", "b"}, {"c", "d"}}));
    must(manager.set_rotation("a", {"arn:aws:lambda:eu-central-1:123456789012:function:rotate", 14},
                              soon()));
    EXPECT_TRUE(must(manager.describe("a", soon())).rotation_enabled);
    EXPECT_EQ(amazon.secret("a")->rotation_rules.after_days, 14);
    EXPECT_EQ(value_of("a"), k_value);
}

TEST_F(SecretsManagerTest, gives_the_bytes_of_a_secret_in_base64) {
    support::StoredSecret secret;
    secret.name = "a";
    secret.versions = {{aws::make_request_token(), {}, "AAEC", {"AWSCURRENT"}}};
    amazon.put(secret);
    EXPECT_EQ(must(manager.get_value("a", {}, soon())).value.reveal(), "AAEC");
}

TEST_F(SecretsManagerTest, repeats_a_call_whose_failure_passes_and_writes_once) {
    const std::vector<Fault> faults{Fault::throttle(),
                                    Fault::internal_error(),
                                    Fault::unavailable(),
                                    Fault::html(),
                                    Fault::text(200, "ok"),
                                    Fault::empty_body(),
                                    Fault::close(),
                                    Fault::close_half_way(),
                                    Fault::lose_answer(),
                                    Fault::internal_error().after_effect(),
                                    Fault::text(200, "[1]").after_effect()};
    int number = 0;
    for (const auto& fault : faults) {
        const auto name = "s" + std::to_string(++number);
        amazon.fail_next("CreateSecret", fault);
        create(name, aws::make_request_token());
        EXPECT_EQ(amazon.versions(name), 1U) << number;
        amazon.fail_next("PutSecretValue", fault);
        must(manager.put_value(name, {Secret("2"), aws::make_request_token(), {}}, soon()));
        EXPECT_EQ(amazon.versions(name), 2U) << number;
        amazon.fail_next("GetSecretValue", fault, 3);
        EXPECT_EQ(must(manager.get_value(name, {}, soon())).value.reveal(), "2") << number;
        amazon.fail_next("DeleteSecret", fault);
        must(manager.delete_at_once(name, soon()));
    }
}

TEST_F(SecretsManagerTest, repeats_a_call_that_was_never_answered) {
    settings.attempt_limit = std::chrono::milliseconds(100);
    amazon.fail_next("CreateSecret", Fault::hang());
    create("a", aws::make_request_token());
    EXPECT_EQ(actions(), (Actions{"CreateSecret", "CreateSecret"}));
}

TEST_F(SecretsManagerTest, gives_up_after_so_many_attempts) {
    settings.max_attempts = 4;
    amazon.fail_always(Fault::throttle());
    const auto failure = manager.get_value("a", {}, soon()).error();
    EXPECT_EQ(failure.kind, ErrorKind::overloaded);
    EXPECT_EQ(failure.code, Code::throttled);
    EXPECT_THAT(failure.message, HasSubstr("tried 4 times"));
    EXPECT_EQ(amazon.count("GetSecretValue"), 4U);
}

TEST_F(SecretsManagerTest, gives_up_at_the_deadline) {
    amazon.fail_always(Fault::hang());
    const auto failure =
        manager.get_value("a", {}, base::Deadline::after(std::chrono::milliseconds(100))).error();
    EXPECT_EQ(failure.kind, ErrorKind::deadline);
    EXPECT_THAT(failure.message, HasSubstr("GetSecretValue on secret \"a\""));
}

TEST_F(SecretsManagerTest, repeats_nothing_that_will_not_pass) {
    for (const auto* exception : {"AccessDeniedException", "InvalidParameterException",
                                  "LimitExceededException", "SomethingNew"}) {
        amazon.forget_calls();
        amazon.fail_next(Fault::error(400, exception, "text"));
        EXPECT_FALSE(manager.get_value("a", {}, soon())) << exception;
        EXPECT_EQ(amazon.count("GetSecretValue"), 1U) << exception;
    }
}

TEST_F(SecretsManagerTest, gets_new_credentials_once_when_they_have_expired) {
    create("a", aws::make_request_token());
    amazon.fail_next("GetSecretValue", Fault::expired_token());
    EXPECT_EQ(must(manager.get_value("a", {}, soon())).value.reveal(), k_value);
    amazon.forget_calls();
    amazon.fail_always("GetSecretValue", Fault::expired_token());
    EXPECT_EQ(manager.get_value("a", {}, soon()).error().code, Code::expired);
    EXPECT_EQ(amazon.count("GetSecretValue"), 2U);
}

TEST_F(SecretsManagerTest, names_the_permission_that_is_missing) {
    amazon.put("a", k_value);
    amazon.deny("GetSecretValue");
    const auto failure = manager.get_value("a", {}, soon()).error();
    EXPECT_EQ(failure.kind, ErrorKind::denied);
    EXPECT_THAT(failure.hint, HasSubstr("allow secretsmanager:GetSecretValue on arn:aws"));
    amazon.deny("kms:GenerateDataKey");
    aws::NewSecret secret{"b", Secret(k_value)};
    secret.kms_key_id = "alias/mine";
    const auto refused = manager.create(secret, aws::make_request_token(), soon()).error();
    EXPECT_EQ(refused.kind, ErrorKind::denied);
    EXPECT_THAT(refused.hint, HasSubstr("kms:GenerateDataKey"));
}

TEST_F(SecretsManagerTest, blames_the_credentials_for_a_signature_that_is_refused) {
    auto variables = amazon.variables();
    variables["AWS_SECRET_ACCESS_KEY"] = "another-secret-key";
    const auto wrong = support::must(aws::read_settings(variables));
    aws::CredentialsChain chain(wrong, http);
    aws::SecretsManager other(wrong, chain, http, unit::no_waiting());
    const auto failure = other.get_value("a", {}, soon()).error();
    EXPECT_EQ(failure.kind, ErrorKind::denied);
    EXPECT_THAT(failure.hint, HasSubstr("secret access key"));
    EXPECT_THAT(failure.message, Not(HasSubstr("another-secret-key")));
    EXPECT_THAT(failure.message, Not(HasSubstr(amazon.credentials().session_token)));
}

TEST_F(SecretsManagerTest, asks_in_the_region_of_an_arn) {
    const auto arn = create("a", aws::make_request_token());
    auto variables = amazon.variables();
    variables["AWS_REGION"] = "us-west-2";
    const auto elsewhere = support::must(aws::read_settings(variables));
    aws::CredentialsChain chain(elsewhere, http);
    aws::SecretsManager other(elsewhere, chain, http, unit::no_waiting());
    EXPECT_EQ(must(other.get_value(arn, {}, soon())).name, "a");
    EXPECT_FALSE(other.get_value("a", {}, soon()));
}

TEST_F(SecretsManagerTest, wants_a_region_for_a_plain_name_and_asks_nobody_without) {
    settings.region.reset();
    const auto failure = manager.get_value("a", {}, soon()).error();
    EXPECT_EQ(failure.kind, ErrorKind::invalid_input);
    EXPECT_THAT(failure.hint, HasSubstr("AWS_REGION"));
    EXPECT_EQ(actions(), Actions{});
}

TEST_F(SecretsManagerTest, puts_no_value_into_an_error) {
    const std::vector<std::string> messages{k_value, "x correct-horse-battery x"};
    for (const auto& message : messages) {
        for (const auto* exception : {"InvalidParameterException", "InvalidRequestException",
                                      "AccessDeniedException", "ThrottlingException", "Other"}) {
            amazon.fail_always(Fault::error(400, exception, message));
            const auto failure =
                manager.create({"a", Secret(k_value)}, aws::make_request_token(), soon()).error();
            EXPECT_THAT(failure.message, Not(HasSubstr("battery")));
            EXPECT_THAT(failure.hint, Not(HasSubstr("battery")));
            amazon.clear_faults();
        }
    }
}

}  // namespace
