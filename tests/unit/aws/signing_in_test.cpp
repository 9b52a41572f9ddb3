// SPDX-License-Identifier: Apache-2.0
//
// From each place that hands out credentials to an answer of Secrets Manager, which knows no
// others.
#include <gtest/gtest.h>

#include <fstream>

#include "support/aws/credentials_server.h"
#include "support/temp_folder.h"
#include "unit/aws/aws_world.h"

namespace {

using unit::soon;
using Variables = std::map<std::string, std::string>;

struct SigningIn : testing::Test {
    // Reads a secret with what these variables lead to, and nothing else.
    std::string read(Variables variables) {
        variables.insert({{"HOME", temp.path().string()},
                          {"AWS_REGION", amazon.region()},
                          {"AWS_ENDPOINT_URL_SECRETS_MANAGER", amazon.endpoint()},
                          {"AWS_EC2_METADATA_DISABLED", "true"}});
        const auto settings = support::must(aws::read_settings(variables));
        http::Client http(settings.trust);
        aws::CredentialsChain chain(settings, http, unit::no_waiting());
        aws::SecretsManager manager(settings, chain, http, unit::no_waiting());
        auto found = manager.get_value("a", {}, soon());
        if (found && renewed) {
            identity.hand_out(*renewed);
            amazon.accept_only({*renewed});
            found = manager.get_value("a", {}, soon());
        }
        return found ? found->value.reveal() : found.error().message;
    }

    support::TempFolder temp;
    support::CredentialsStandIn identity;
    support::SecretsManagerStandIn amazon{{.accepts = {identity.credentials()}}};
    std::string arn = amazon.put("a", "read");
    std::optional<support::AwsCredentials> renewed;
};

TEST_F(SigningIn, works_from_an_instance) {
    auto variables = identity.metadata_variables();
    variables["AWS_EC2_METADATA_DISABLED"] = "false";
    EXPECT_EQ(read(variables), "read");
    EXPECT_EQ(identity.actions(), (std::vector<std::string>{"metadata/token", "metadata/role",
                                                            "metadata/credentials"}));
}

TEST_F(SigningIn, works_from_a_container) {
    EXPECT_EQ(read(identity.container_variables()), "read");
}

TEST_F(SigningIn, works_with_a_web_identity) {
    const auto file = (temp / "token").string();
    std::ofstream(file) << identity.web_identity_token();
    EXPECT_EQ(read(identity.role_variables(file)), "read");
}

TEST_F(SigningIn, works_with_a_role_that_a_profile_assumes) {
    const auto base = support::make_aws_credentials();
    identity.trust(base);
    identity.set_region(amazon.region());
    std::filesystem::create_directory(temp / ".aws");
    std::ofstream(temp / ".aws" / "config")
        << "[profile dev]\nrole_arn = " << identity.role_arn() << "\nsource_profile = base\n";
    std::ofstream(temp / ".aws" / "credentials")
        << "[base]\naws_access_key_id = " << base.access_key_id
        << "\naws_secret_access_key = " << base.secret_access_key
        << "\naws_session_token = " << base.session_token << "\n";
    EXPECT_EQ(
        read({{"AWS_PROFILE", "dev"},
              {"AWS_ENDPOINT_URL_STS", identity.role_variables().at("AWS_ENDPOINT_URL_STS")}}),
        "read");
}

TEST_F(SigningIn, goes_on_with_new_credentials_when_the_old_are_refused) {
    renewed = support::make_aws_credentials();
    EXPECT_EQ(read(identity.container_variables()), "read");
}

TEST_F(SigningIn, waits_out_what_passes) {
    identity.fail_next("container", support::Fault::internal_error());
    EXPECT_EQ(read(identity.container_variables()), "read");
}

}  // namespace
