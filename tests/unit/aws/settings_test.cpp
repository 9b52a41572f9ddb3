// SPDX-License-Identifier: Apache-2.0
#include "aws/settings.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/must.h"
#include "support/temp_folder.h"

namespace {

using aws::endpoint_of;
using aws::merge_shared_config;
using aws::Service;
using aws::Variables;
using base::ErrorKind;
using support::must;

struct AwsSettings : testing::Test {
    aws::Settings settings_with(Variables variables) const {
        variables.emplace("HOME", temp.path().string());
        return must(aws::read_settings(variables));
    }
    void write(const std::string& file, const std::string& text) const {
        std::filesystem::create_directories(temp / ".aws");
        std::ofstream(temp / ".aws" / file) << text;
    }
    std::string secrets_manager(const Variables& variables,
                                const std::string& region = "eu-central-1") const {
        return endpoint_of(settings_with(variables), Service::secrets_manager, region);
    }

    support::TempFolder temp;
};

TEST_F(AwsSettings, finds_the_region_in_variables_before_the_profile) {
    write("config", "[default]\nregion = eu-west-3\n[profile dev]\nregion = eu-west-2\n");
    EXPECT_EQ(settings_with({}).region, "eu-west-3");
    EXPECT_EQ(settings_with({{"AWS_PROFILE", "dev"}}).region, "eu-west-2");
    EXPECT_EQ(settings_with({{"AWS_DEFAULT_REGION", "eu-west-1"}}).region, "eu-west-1");
    EXPECT_EQ(settings_with({{"AWS_DEFAULT_REGION", "a"}, {"AWS_REGION", "b"}}).region, "b");
    EXPECT_EQ(settings_with({{"AWS_REGION", ""}}).region, "eu-west-3");
}

TEST_F(AwsSettings, refuses_a_region_that_would_lead_to_another_host) {
    for (const auto* region : {"eu.example.com/", "EU", "a b", "x@y"}) {
        EXPECT_EQ(aws::read_settings({{"AWS_REGION", region}}).error().kind,
                  ErrorKind::invalid_input);
    }
}

TEST_F(AwsSettings, reads_the_files_that_variables_name) {
    write("mine", "[default]\nregion = eu-west-3\nca_bundle = /ca.pem\nmax_attempts = 4\n");
    const auto settings = settings_with({{"AWS_CONFIG_FILE", "~/.aws/mine"}});
    EXPECT_EQ(settings.region, "eu-west-3");
    EXPECT_EQ(settings.trust.file, "/ca.pem");
    EXPECT_EQ(settings.max_attempts, 4);
}

TEST_F(AwsSettings, refuses_a_number_of_attempts_that_is_none) {
    for (const auto* number : {"0", "-1", "3x", "many"}) {
        EXPECT_EQ(aws::read_settings({{"AWS_MAX_ATTEMPTS", number}}).error().kind,
                  ErrorKind::invalid_input);
    }
}

TEST_F(AwsSettings, trusts_the_authorities_that_aws_is_told_of_before_everybodys) {
    EXPECT_EQ(settings_with({{"SSL_CERT_FILE", "/all"}, {"AWS_CA_BUNDLE", "/aws"}}).trust.file,
              "/aws");
    EXPECT_EQ(settings_with({{"SSL_CERT_FILE", "/all"}}).trust.file, "/all");
}

TEST(SharedConfig, joins_both_files_and_lets_the_credentials_win) {
    const auto shared = merge_shared_config(
        "[default]\nregion = a\nx = 1\n[profile default]\nx = 2\n[profile dev]\nx = 3\ny = 4\n"
        "[dev]\nx = ignored\n[services s]\nsts =\n  endpoint_url = u\n",
        "[dev]\nx = 5\n[only]\nz = 6\n");
    EXPECT_EQ(shared.profiles.at("default").at("x"), "2");
    EXPECT_EQ(shared.profiles.at("dev"), (aws::Section{{"x", "5"}, {"y", "4"}}));
    EXPECT_EQ(shared.profiles.at("only").at("z"), "6");
    EXPECT_EQ(shared.services.at("s").at("sts.endpoint_url"), "u");
}

TEST_F(AwsSettings, knows_the_hosts_of_aws) {
    EXPECT_EQ(secrets_manager({}), "https://secretsmanager.eu-central-1.amazonaws.com");
    EXPECT_EQ(secrets_manager({}, "cn-north-1"),
              "https://secretsmanager.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(secrets_manager({{"AWS_USE_FIPS_ENDPOINT", "true"}}, "us-east-1"),
              "https://secretsmanager-fips.us-east-1.amazonaws.com");
    EXPECT_EQ(secrets_manager({{"AWS_USE_DUALSTACK_ENDPOINT", "true"}}),
              "https://secretsmanager.eu-central-1.api.aws");
    EXPECT_EQ(endpoint_of(settings_with({}), Service::sts, "eu-west-1"),
              "https://sts.eu-west-1.amazonaws.com");
}

TEST_F(AwsSettings, prefers_the_narrowest_endpoint_that_is_configured) {
    write("config",
          "[default]\nendpoint_url = http://profile\nservices = here\n"
          "[profile plain]\nendpoint_url = http://profile\n"
          "[services here]\nsecrets_manager =\n  endpoint_url = http://section\n");
    EXPECT_EQ(secrets_manager({{"AWS_PROFILE", "plain"}}), "http://profile");
    EXPECT_EQ(secrets_manager({}), "http://section");
    EXPECT_EQ(endpoint_of(settings_with({}), Service::sts, "eu-west-1"), "http://profile");
    EXPECT_EQ(secrets_manager({{"AWS_ENDPOINT_URL", "http://all"}}), "http://all");
    EXPECT_EQ(secrets_manager({{"AWS_ENDPOINT_URL", "http://all"},
                               {"AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://one"}}),
              "http://one");
    EXPECT_EQ(secrets_manager({{"AWS_ENDPOINT_URL", "http://all"},
                               {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}}),
              "https://secretsmanager.eu-central-1.amazonaws.com");
}

}  // namespace
