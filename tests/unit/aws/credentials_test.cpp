// SPDX-License-Identifier: Apache-2.0
//
// The chain of places, each answered here by a server of a few lines.
#include "aws/credentials.h"

#include <gmock/gmock.h>

#include <fstream>
#include <mutex>

#include "base/bytes.h"
#include "support/aws/http_server.h"
#include "support/must.h"
#include "support/temp_folder.h"
#include "unit/aws/aws_world.h"

namespace {

using aws::Variables;
using base::ErrorKind;
using support::must;
using testing::HasSubstr;
using testing::Not;
using unit::soon;

const std::string k_role = "arn:aws:iam::123456789012:role/deploy";

std::string json_of(const std::string& id, const std::string& expires = "2099-01-01T00:00:00Z") {
    return R"({"AccessKeyId":")" + id + R"(","SecretAccessKey":"hush","Token":"t","Expiration":")" +
           expires + R"("})";
}

std::string xml_of(const std::string& id) {
    return "<R><Credentials><AccessKeyId>" + id +
           "</AccessKeyId><SecretAccessKey>a&amp;lt;b</SecretAccessKey><SessionToken>t"
           "</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></R>";
}

struct CredentialsTest : testing::Test {
    using Answers = std::map<std::string, support::HttpAnswer>;

    // What current() finds with these variables, and nothing else than what they name.
    base::Result<aws::Credentials> find(Variables variables) {
        variables.emplace("HOME", temp.path().string());
        variables.emplace("AWS_EC2_METADATA_DISABLED", "true");
        settings = must(aws::read_settings(variables));
        chain.emplace(settings, http, unit::no_waiting(), [this] { return now; });
        return chain->current(soon());
    }
    std::string found(const Variables& variables) {
        const auto result = find(variables);
        return result ? result->access_key_id + " from " + result->source : result.error().message;
    }
    void write(const std::string& file, const std::string& text) const {
        std::filesystem::create_directories(temp / ".aws");
        std::ofstream(temp / ".aws" / file) << text;
    }
    std::string path_of(const std::string& file) const { return (temp / ".aws" / file).string(); }
    std::string url(const std::string& path = "") const {
        return "http://" + server.address() + path;
    }
    Variables instance() const {
        return {{"AWS_EC2_METADATA_DISABLED", "false"},
                {"AWS_EC2_METADATA_SERVICE_ENDPOINT", url()}};
    }
    void give_instance_a_role() {
        answers["PUT /latest/api/token"] = {200, {}, "token"};
        answers["GET /latest/meta-data/iam/security-credentials/"] = {200, {}, "web\n"};
        answers["GET /latest/meta-data/iam/security-credentials/web"] = {200, {}, json_of("IMDS")};
    }

    support::TempFolder temp;
    std::mutex mutex;
    Answers answers;  // by method and path
    std::vector<support::HttpRequest> requests;
    support::HttpServer server{[this](const support::HttpRequest& request) {
        const std::lock_guard lock(mutex);
        requests.push_back(request);
        const auto known = answers.find(request.method + " " + request.target);
        return known == answers.end() ? support::HttpAnswer{404, {}, ""} : known->second;
    }};
    aws::Settings settings;
    http::Client http;
    aws::Time now = std::chrono::system_clock::from_time_t(1'800'000'000);
    std::optional<aws::CredentialsChain> chain;
};

TEST_F(CredentialsTest, looks_into_one_place_after_the_other) {
    give_instance_a_role();
    answers["GET /container"] = {200, {}, json_of("CONTAINER")};
    answers["POST /"] = {200, {}, xml_of("STS")};
    write("token", "web-token\n");
    write("credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");

    auto variables = instance();
    variables["AWS_SHARED_CREDENTIALS_FILE"] = "/nowhere";
    EXPECT_EQ(found(variables), "IMDS from instance metadata, role web");
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url("/container");
    EXPECT_EQ(found(variables), "CONTAINER from container");
    variables.erase("AWS_SHARED_CREDENTIALS_FILE");
    EXPECT_EQ(found(variables), "FILE from profile default");
    variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = path_of("token");
    variables["AWS_ROLE_ARN"] = k_role;
    variables["AWS_ENDPOINT_URL_STS"] = url();
    EXPECT_EQ(found(variables), "STS from role " + k_role);
    variables["AWS_ACCESS_KEY_ID"] = "ENV";
    variables["AWS_SECRET_ACCESS_KEY"] = "s";
    EXPECT_EQ(found(variables), "ENV from environment");
}

TEST_F(CredentialsTest, says_where_it_looked_when_there_are_none) {
    const auto error = find({}).error();
    EXPECT_EQ(error.kind, ErrorKind::denied);
    for (const auto* place :
         {"AWS_ACCESS_KEY_ID is not set", "AWS_WEB_IDENTITY_TOKEN_FILE is not set", ".aws/config",
          "AWS_CONTAINER_CREDENTIALS_FULL_URI is not set", "instance metadata"}) {
        EXPECT_THAT(error.message, HasSubstr(place));
    }
    EXPECT_THAT(error.hint, HasSubstr("AWS_PROFILE"));
}

TEST_F(CredentialsTest, is_not_somebody_else_when_a_place_fails) {
    write("credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
    answers["POST /"] = {403,
                         {},
                         "<Error><Code>AccessDenied</Code><Message>Not authorized to "
                         "perform sts:AssumeRoleWithWebIdentity</Message></Error>"};
    write("token", "web-token");
    const auto error = find({{"AWS_WEB_IDENTITY_TOKEN_FILE", path_of("token")},
                             {"AWS_ROLE_ARN", k_role},
                             {"AWS_ENDPOINT_URL", url()}})
                           .error();
    EXPECT_EQ(error.kind, ErrorKind::denied);
    EXPECT_THAT(error.message, HasSubstr("web identity"));
    EXPECT_THAT(error.message, HasSubstr("Not authorized to perform"));
}

TEST_F(CredentialsTest, names_the_half_that_is_missing) {
    EXPECT_THAT(found({{"AWS_ACCESS_KEY_ID", "a"}}), HasSubstr("AWS_SECRET_ACCESS_KEY is not"));
    EXPECT_THAT(found({{"AWS_SECRET_ACCESS_KEY", "a"}}), HasSubstr("AWS_ACCESS_KEY_ID is not"));
    EXPECT_THAT(found({{"AWS_WEB_IDENTITY_TOKEN_FILE", "a"}}), HasSubstr("AWS_ROLE_ARN is not"));
    EXPECT_THAT(found({{"AWS_PROFILE", "gone"}}), HasSubstr("no profile \"gone\""));
    write("credentials", "[default]\naws_access_key_id = FILE\n");
    EXPECT_THAT(found({}), HasSubstr("half of a key"));
}

TEST_F(CredentialsTest, exchanges_a_web_identitys_token_unsigned) {
    answers["POST /"] = {200, {}, xml_of("STS")};
    write("token", "web+token\n");
    const auto credentials = must(find({{"AWS_WEB_IDENTITY_TOKEN_FILE", path_of("token")},
                                        {"AWS_ROLE_ARN", k_role},
                                        {"AWS_ROLE_SESSION_NAME", "me"},
                                        {"AWS_ENDPOINT_URL", url()}}));
    EXPECT_EQ(credentials.secret_access_key.reveal(), "a&lt;b");
    EXPECT_EQ(credentials.session_token.reveal(), "t");
    EXPECT_TRUE(credentials.expires_at);
    EXPECT_EQ(requests.at(0).body, "Version=2011-06-15&Action=AssumeRoleWithWebIdentity&RoleArn=" +
                                       base::percent_encoded(k_role) +
                                       "&RoleSessionName=me&WebIdentityToken=web%2Btoken");
    EXPECT_FALSE(requests.at(0).header("Authorization"));
}

TEST_F(CredentialsTest, quotes_no_token_that_sts_quotes) {
    answers["POST /"] = {400,
                         {},
                         "<Error><Code>AccessDenied</Code><Message>bad hush-token</Message>"
                         "</Error>"};
    write("token", "hush-token");
    EXPECT_THAT(found({{"AWS_WEB_IDENTITY_TOKEN_FILE", path_of("token")},
                       {"AWS_ROLE_ARN", k_role},
                       {"AWS_ENDPOINT_URL", url()}}),
                Not(HasSubstr("hush")));
}

TEST_F(CredentialsTest, assumes_the_role_of_a_profile_with_the_keys_of_another) {
    answers["POST /"] = {200, {}, xml_of("STS")};
    write("config", "[profile dev]\nrole_arn = " + k_role +
                        "\nsource_profile = base\nexternal_id = x\nregion = eu-central-1\n"
                        "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = s\n");
    EXPECT_EQ(found({{"AWS_PROFILE", "dev"}, {"AWS_ENDPOINT_URL", url()}}),
              "STS from role " + k_role);
    EXPECT_THAT(requests.at(0).body, HasSubstr("Action=AssumeRole&"));
    EXPECT_THAT(requests.at(0).body, HasSubstr("ExternalId=x"));
    EXPECT_THAT(*requests.at(0).header("Authorization"),
                testing::MatchesRegex("AWS4-HMAC-SHA256 Credential=BASE/.*/eu-central-1/sts/.*"));
}

TEST_F(CredentialsTest, assumes_the_role_of_a_profile_with_the_instances_or_the_environments) {
    give_instance_a_role();
    answers["POST /"] = {200, {}, xml_of("STS")};
    for (const auto& [source, key] :
         Variables{{"Ec2InstanceMetadata", "IMDS"}, {"EcsContainer", "CONTAINER"}}) {
        answers["GET /container"] = {200, {}, json_of("CONTAINER")};
        write("config",
              "[default]\nrole_arn = " + k_role + "\ncredential_source = " + source + "\n");
        auto variables = instance();
        variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url("/container");
        variables["AWS_ENDPOINT_URL_STS"] = url();
        EXPECT_EQ(found(variables), "STS from role " + k_role);
        EXPECT_THAT(*requests.back().header("Authorization"), HasSubstr("Credential=" + key + "/"));
    }
}

TEST_F(CredentialsTest, refuses_profiles_that_cannot_be_followed) {
    const auto message = [&](const std::string& config) {
        write("config", config);
        return found({});
    };
    EXPECT_THAT(message("[default]\nrole_arn = r\nsource_profile = a\n[profile a]\nrole_arn = r\n"
                        "source_profile = default\n"),
                HasSubstr("its own source_profile"));
    EXPECT_THAT(message("[default]\nrole_arn = r\n"), HasSubstr("without a source_profile"));
    EXPECT_THAT(message("[default]\nrole_arn = r\nsource_profile = gone\n"), HasSubstr("gone"));
    EXPECT_THAT(message("[default]\nrole_arn = r\nmfa_serial = m\nsource_profile = default\n"),
                HasSubstr("mfa_serial"));
    EXPECT_THAT(message("[default]\nsso_session = s\n"), HasSubstr("Identity Center"));
}

TEST_F(CredentialsTest, runs_a_process_without_a_shell) {
    write("out.json", json_of("PROCESS"));
    write("config", "[default]\ncredential_process = cat \"" + path_of("out.json") + "\"\n");
    EXPECT_THAT(found({}), HasSubstr("PROCESS from credential_process"));
    write("config", "[default]\ncredential_process = cat /nowhere/$HOME\n");
    const auto error = find({}).error();
    EXPECT_EQ(error.kind, ErrorKind::denied);
    EXPECT_THAT(error.message, HasSubstr("ended with 1"));
}

TEST_F(CredentialsTest, shows_the_container_the_token_of_the_file_each_time) {
    answers["GET /container"] = {200, {}, json_of("CONTAINER", "2027-01-15T08:02:00Z")};
    write("authorization", "first\n");
    Variables variables{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/container")},
                        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "plain"}};
    must(find(variables));
    EXPECT_EQ(requests.back().header("Authorization"), "plain");
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = path_of("authorization");
    must(find(variables));
    EXPECT_EQ(requests.back().header("Authorization"), "first");
    write("authorization", "second");
    must(chain->current(soon()));
    EXPECT_EQ(requests.back().header("Authorization"), "second");
    write("authorization", "hush\r\nX-Evil: 1");
    chain->forget();
    const auto refused = chain->current(soon());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, Not(HasSubstr("hush")));
}

TEST_F(CredentialsTest, sends_no_token_to_a_container_far_away) {
    const auto error =
        find({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/"}}).error();
    EXPECT_EQ(error.kind, ErrorKind::invalid_input);
    EXPECT_THAT(error.message, HasSubstr("the container"));
}

TEST_F(CredentialsTest, asks_instance_metadata_only_with_a_token) {
    give_instance_a_role();
    must(find(instance()));
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_EQ(requests[0].header("X-aws-ec2-metadata-token-ttl-seconds"), "21600");
    EXPECT_EQ(requests[1].header("X-aws-ec2-metadata-token"), "token");
    EXPECT_EQ(requests[2].header("X-aws-ec2-metadata-token"), "token");
}

TEST_F(CredentialsTest, passes_over_an_instance_without_metadata_or_role) {
    EXPECT_THAT(found(instance()), HasSubstr("answered 404 to the request for a token"));
    answers["PUT /latest/api/token"] = {200, {}, "token"};
    EXPECT_THAT(found(instance()), HasSubstr("the instance has no role"));
    EXPECT_THAT(found({{"AWS_EC2_METADATA_DISABLED", "false"},
                       {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1"}}),
                HasSubstr("instance metadata (no answer)"));
}

TEST_F(CredentialsTest, renews_what_ends_within_five_minutes) {
    const Variables variables{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/container")}};
    const auto ends = now + std::chrono::minutes(30);
    answers["GET /container"] = {200, {}, json_of("FIRST", "2027-01-15T08:30:00Z")};
    ASSERT_EQ(must(find(variables)).expires_at, ends);
    answers["GET /container"] = {200, {}, json_of("SECOND")};
    now = ends - std::chrono::minutes(6);
    EXPECT_EQ(must(chain->current(soon())).access_key_id, "FIRST");
    now = ends - std::chrono::minutes(4);
    EXPECT_EQ(must(chain->current(soon())).access_key_id, "SECOND");
    EXPECT_EQ(requests.size(), 2U);
}

TEST_F(CredentialsTest, uses_what_it_has_to_its_end_when_it_cannot_be_renewed) {
    answers["GET /container"] = {200, {}, json_of("FIRST", "2027-01-15T08:30:00Z")};
    const auto ends =
        *must(find({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/container")}})).expires_at;
    answers["GET /container"] = {500, {}, ""};
    now = ends - std::chrono::minutes(1);
    EXPECT_EQ(must(chain->current(soon())).access_key_id, "FIRST");
    now = ends + std::chrono::minutes(1);
    EXPECT_EQ(chain->current(soon()).error().kind, ErrorKind::unavailable);
}

TEST_F(CredentialsTest, looks_again_after_they_were_called_expired) {
    answers["GET /container"] = {200, {}, json_of("FIRST")};
    must(find({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/container")}}));
    answers["GET /container"] = {200, {}, json_of("SECOND")};
    EXPECT_EQ(must(chain->current(soon())).access_key_id, "FIRST");
    chain->forget();
    EXPECT_EQ(must(chain->current(soon())).access_key_id, "SECOND");
}

}  // namespace
