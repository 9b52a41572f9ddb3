// SPDX-License-Identifier: Apache-2.0
#include "environment/default_name.h"

#include <gtest/gtest.h>

namespace {

using base::ErrorKind;
using environment::default_name;
using environment::is_ci;
using environment::origin_of;
using environment::Surroundings;

TEST(DefaultName, is_the_given_one_before_any_other) {
    Surroundings surroundings;
    surroundings.variables = {{"REVIEWDB_NAME", "staging"},
                              {"GITLAB_CI", "true"},
                              {"CI_MERGE_REQUEST_IID", "7"},
                              {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "x"},
                              {"CI_MERGE_REQUEST_PROJECT_PATH", "acme/shop"},
                              {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "acme/shop"}};
    surroundings.git_branch = "elsewhere";
    EXPECT_EQ(default_name(surroundings)->name, "staging");
    EXPECT_TRUE(default_name(surroundings)->may_be_shielded);
    EXPECT_EQ(default_name(surroundings)->origin.pull_request, 7);
    surroundings.variables["CI_MERGE_REQUEST_SOURCE_PROJECT_PATH"] = "eve/shop";
    EXPECT_EQ(default_name(surroundings)->name, "staging");
    EXPECT_FALSE(default_name(surroundings)->may_be_shielded);
}

TEST(DefaultName, is_refused_when_it_was_given_empty) {
    Surroundings surroundings;
    surroundings.variables = {{"REVIEWDB_NAME", ""}};
    surroundings.git_branch = "main";
    const auto found = default_name(surroundings);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().kind, ErrorKind::invalid_input);
    EXPECT_NE(found.error().message.find("REVIEWDB_NAME"), std::string::npos);
}

TEST(DefaultName, is_the_git_branch_of_a_person) {
    Surroundings surroundings;
    surroundings.git_branch = "login-form";
    surroundings.git_origin = "https://ada:s3cret@GitHub.com/acme/shop.git";
    const auto found = default_name(surroundings);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->name, "login-form");
    EXPECT_TRUE(found->may_be_shielded);
    EXPECT_EQ(found->origin,
              (environment::Origin{"github.com/acme/shop", "login-form", std::nullopt, ""}));
}

TEST(Origin, is_the_place_of_a_repository_whose_remote_names_no_host) {
    Surroundings surroundings;
    surroundings.git_branch = "main";
    surroundings.git_place = "laptop:/home/ada/shop";
    EXPECT_EQ(origin_of(surroundings).repository, "laptop:/home/ada/shop");
    surroundings.git_origin = "/srv/git/shop.git";
    EXPECT_EQ(origin_of(surroundings).repository, "laptop:/home/ada/shop");
    surroundings.git_origin = "git@github.com:acme/shop.git";
    EXPECT_EQ(origin_of(surroundings).repository, "github.com/acme/shop");
    // Each job of a CI has another folder.
    surroundings.git_origin.reset();
    surroundings.variables = {{"CI", "true"}, {"CIRCLECI", "true"}, {"CIRCLE_BRANCH", "main"}};
    EXPECT_EQ(origin_of(surroundings).repository, "");
}

TEST(DefaultName, says_where_it_looked_when_there_is_none) {
    Surroundings surroundings;
    const auto nowhere = default_name(surroundings).error();
    EXPECT_EQ(nowhere.kind, ErrorKind::invalid_input);
    EXPECT_NE(nowhere.message.find("REVIEWDB_NAME"), std::string::npos) << nowhere.message;
    EXPECT_NE(nowhere.message.find("git"), std::string::npos) << nowhere.message;
    surroundings.variables = {
        {"GITLAB_CI", "true"}, {"CI_COMMIT_TAG", "v1"}, {"CI_COMMIT_BRANCH", ""}};
    const auto of_tag = default_name(surroundings).error();
    EXPECT_NE(of_tag.message.find("tag"), std::string::npos) << of_tag.message;
    surroundings.variables.erase("CI_COMMIT_TAG");
    const auto in_ci = default_name(surroundings).error();
    EXPECT_NE(in_ci.message.find("CI_COMMIT_BRANCH"), std::string::npos) << in_ci.message;
    surroundings.variables.clear();
    surroundings.git_branch = "";
    EXPECT_FALSE(default_name(surroundings).has_value());
}

TEST(Origin, is_read_from_the_remote_where_the_ci_does_not_say) {
    Surroundings surroundings;
    surroundings.variables = {{"GITHUB_ACTIONS", "true"}};
    surroundings.git_origin = "git@github.com:acme/shop.git";
    EXPECT_EQ(origin_of(surroundings).repository, "github.com/acme/shop");
    surroundings.variables["GITHUB_REPOSITORY"] = "acme/other";
    EXPECT_EQ(origin_of(surroundings).repository, "github.com/acme/other");
    surroundings.variables["GITHUB_SERVER_URL"] = "https://git.example.com";
    EXPECT_EQ(origin_of(surroundings).repository, "git.example.com/acme/other");
}

TEST(Ci, is_known_by_its_variables) {
    for (const auto* name : {"CI", "GITHUB_ACTIONS", "GITLAB_CI", "BITBUCKET_BUILD_NUMBER",
                             "BUILDKITE", "CIRCLECI", "TF_BUILD", "JENKINS_URL", "TRAVIS",
                             "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_RUNTIME_API"}) {
        EXPECT_TRUE(is_ci({{name, "true"}})) << name;
        EXPECT_FALSE(is_ci({{name, ""}})) << name;
    }
    EXPECT_TRUE(is_ci({{"CI", "1"}}));
    EXPECT_FALSE(is_ci({{"CI", "false"}}));
    EXPECT_FALSE(is_ci({{"CI", "0"}}));
    EXPECT_TRUE(is_ci({{"CI", "false"}, {"GITLAB_CI", "true"}}));
    EXPECT_FALSE(is_ci({{"HOME", "/root"}, {"AWS_REGION", "eu-west-1"}, {"CIRCUS", "1"}}));
}

}  // namespace
