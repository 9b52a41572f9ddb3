// SPDX-License-Identifier: Apache-2.0
#include "aws/secret_id.h"

#include <gtest/gtest.h>

namespace {

using aws::may_be_same_secret;
using aws::possible_names;

const std::string k_prefix = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:";

TEST(SecretId, reads_region_and_resource_of_an_arn) {
    const auto arn = aws::parse_secret_arn(k_prefix + "a/b:c-AbCdEf");
    ASSERT_TRUE(arn);
    EXPECT_EQ(arn->region, "eu-central-1");
    EXPECT_EQ(arn->resource, "a/b:c-AbCdEf");
}

TEST(SecretId, takes_nothing_else_for_an_arn) {
    for (const auto* id :
         {"", "review_a", "arn:aws:s3:::bucket", "arn:aws:secretsmanager:r:1:other:a",
          "urn:aws:secretsmanager:r:1:secret:a", "arn:aws:secretsmanager:r:1:secret"}) {
        EXPECT_FALSE(aws::parse_secret_arn(id)) << id;
    }
}

TEST(SecretId, knows_that_an_arn_may_end_in_six_characters_more_than_the_name) {
    using Names = std::vector<std::string>;
    EXPECT_EQ(possible_names("dev-AbCdEf"), Names{"dev-AbCdEf"});
    EXPECT_EQ(possible_names(k_prefix + "dev"), Names{"dev"});
    EXPECT_EQ(possible_names(k_prefix + "dev-AbCdEf"), (Names{"dev-AbCdEf", "dev"}));
    EXPECT_EQ(possible_names(k_prefix + "dev-AbC_Ef"), Names{"dev-AbC_Ef"});
    EXPECT_EQ(possible_names(k_prefix + "-AbCdEf"), Names{"-AbCdEf"});
}

TEST(SecretId, finds_one_secret_under_each_of_its_forms) {
    const std::vector<std::string> forms{"dev", k_prefix + "dev", k_prefix + "dev-AbCdEf",
                                         "arn:aws-us-gov:secretsmanager:x:2:secret:dev-AbCdEf"};
    for (const auto& a : forms) {
        for (const auto& b : forms) EXPECT_TRUE(may_be_same_secret(a, b)) << a << " " << b;
        EXPECT_FALSE(may_be_same_secret(a, "dev2")) << a;
        EXPECT_FALSE(may_be_same_secret(a, "Dev")) << a;
        EXPECT_FALSE(may_be_same_secret(a, k_prefix + "dev2-AbCdEf")) << a;
    }
}

TEST(SecretId, takes_for_a_name_what_secrets_manager_takes) {
    EXPECT_TRUE(aws::is_secret_name("a/b_c+d=e.f@g-H9"));
    EXPECT_TRUE(aws::is_secret_name(std::string(512, 'a')));
    for (const auto& name : {std::string(), std::string(513, 'a'), std::string("a b"),
                             std::string("ä"), std::string("a:b"), std::string("a\"")}) {
        EXPECT_FALSE(aws::is_secret_name(name)) << name;
    }
}

}  // namespace
