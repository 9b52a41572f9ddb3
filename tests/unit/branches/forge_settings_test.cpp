// SPDX-License-Identifier: Apache-2.0
//
// Which host is asked, and which token goes there.
#include <gmock/gmock.h>

#include "branches/github.h"
#include "branches/gitlab.h"
#include "support/must.h"

namespace {

using base::ErrorKind;
using branches::github;
using branches::gitlab;
using support::must;
using testing::HasSubstr;
using testing::Not;

TEST(GitHubSettings, find_the_api_of_every_kind_of_host) {
    const auto both = [](const base::Variables& variables) {
        const auto forge = must(github("acme/shop", variables));
        return forge.api + " " + forge.host;
    };
    EXPECT_EQ(both({}), "https://api.github.com github.com");
    EXPECT_EQ(both({{"GITHUB_API_URL", "https://api.github.com/"}}),
              "https://api.github.com github.com");
    EXPECT_EQ(both({{"GITHUB_API_URL", "https://Git.Acme.example/api/v3"}}),
              "https://git.acme.example/api/v3 git.acme.example");
    EXPECT_EQ(both({{"GH_HOST", "git.acme.example"}}),
              "https://git.acme.example/api/v3 git.acme.example");
    EXPECT_EQ(both({{"GH_HOST", "github.com"}}), "https://api.github.com github.com");
    EXPECT_EQ(both({{"GH_HOST", "octo.ghe.com"}}), "https://api.octo.ghe.com octo.ghe.com");
    EXPECT_EQ(both({{"GITHUB_API_URL", "https://api.octo.ghe.com"}}),
              "https://api.octo.ghe.com octo.ghe.com");
    EXPECT_EQ(both({{"GH_HOST", "api.acme.example:8443"}}),
              "https://api.acme.example:8443/api/v3 api.acme.example");
}

TEST(GitHubSettings, keep_a_workflow_token_for_the_host_that_runs_it) {
    base::Variables variables{{"GITHUB_TOKEN", "of-the-job"},
                              {"GITHUB_API_URL", "https://api.github.com"}};
    EXPECT_EQ(must(github("acme/shop", variables)).token.reveal(), "of-the-job");
    variables["GH_HOST"] = "git.acme.example";
    EXPECT_TRUE(must(github("acme/shop", variables)).token.empty());
    variables["GH_TOKEN"] = "of-a-person";
    EXPECT_EQ(must(github("acme/shop", variables)).token.reveal(), "of-a-person");
    variables.erase("GH_HOST");
    EXPECT_EQ(must(github("acme/shop", variables)).token.reveal(), "of-a-person");
}

TEST(GitLabSettings, find_the_api_of_every_kind_of_host) {
    const auto both = [](const base::Variables& variables) {
        const auto forge = must(gitlab("acme/backend/shop", variables));
        return forge.api + " " + forge.host;
    };
    EXPECT_EQ(both({}), "https://gitlab.com/api/v4 gitlab.com");
    EXPECT_EQ(both({{"GITLAB_HOST", "gitlab.acme.example"}}),
              "https://gitlab.acme.example/api/v4 gitlab.acme.example");
    EXPECT_EQ(both({{"GITLAB_HOST", "https://gitlab.acme.example:8443/"}}),
              "https://gitlab.acme.example:8443/api/v4 gitlab.acme.example");
    EXPECT_EQ(both({{"CI_API_V4_URL", "https://acme.example/gitlab/api/v4"}}),
              "https://acme.example/gitlab/api/v4 acme.example");
}

TEST(GitLabSettings, keep_a_job_token_for_the_host_that_runs_it) {
    base::Variables variables{{"CI_JOB_TOKEN", "of-the-job"}};
    EXPECT_TRUE(must(gitlab("acme/shop", variables)).token.empty());
    variables["CI_API_V4_URL"] = "https://gitlab.com/api/v4";
    EXPECT_EQ(must(gitlab("acme/shop", variables)).token_header, "JOB-TOKEN");
    variables["GITLAB_HOST"] = "gitlab.acme.example";
    EXPECT_TRUE(must(gitlab("acme/shop", variables)).token.empty());
    variables["GITLAB_TOKEN"] = "of-a-person";
    EXPECT_EQ(must(gitlab("acme/shop", variables)).token_header, "PRIVATE-TOKEN");
}

TEST(ForgeSettings, refuse_a_token_that_was_withheld_or_is_none) {
    for (const auto* token : {"", "hush hush", "hush\n", "hush\r\nX-Evil: 1", "h\xc3\xbcsh"}) {
        for (const auto& error : {github("acme/shop", {{"GITHUB_TOKEN", token}}).error(),
                                  gitlab("acme/shop", {{"GITLAB_TOKEN", token}}).error()}) {
            EXPECT_EQ(error.kind, ErrorKind::invalid_input);
            EXPECT_THAT(error.message, HasSubstr("_TOKEN"));
            EXPECT_THAT(error.message + error.hint, Not(HasSubstr("hush")));
        }
    }
}

TEST(ForgeSettings, refuse_what_is_no_address_of_an_api) {
    for (const auto* url : {"ftp://host", "api.github.com", "https://user:hush@host/", "https://",
                            "https://host/?a=b", "https://host/ x", "file:///etc/passwd"}) {
        const auto error = github("acme/shop", {{"GITHUB_API_URL", url}}).error();
        EXPECT_EQ(error.kind, ErrorKind::invalid_input) << url;
        EXPECT_THAT(error.message, Not(HasSubstr("hush")));
        EXPECT_EQ(gitlab("acme/shop", {{"CI_API_V4_URL", url}}).error().kind,
                  ErrorKind::invalid_input)
            << url;
    }
}

}  // namespace
