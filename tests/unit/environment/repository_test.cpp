// SPDX-License-Identifier: Apache-2.0
#include "environment/repository.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace {

using environment::parse_repository;
using environment::project_of;
using environment::repository_at;

TEST(Repository, has_one_spelling_for_every_way_to_reach_it) {
    for (const auto* remote :
         {"https://github.com/acme/shop", "https://github.com/acme/shop.git",
          "https://github.com/acme/shop/", "https://GitHub.com:443/acme/shop.git",
          "https://ada@github.com/acme/shop", "https://ada:ghp_s3cret@github.com/acme/shop.git",
          "http://github.com/acme/shop", "git://github.com/acme/shop.git",
          "ssh://git@github.com/acme/shop.git", "ssh://git@github.com:2222/acme/shop.git",
          "git+ssh://git@github.com/acme/shop", "SSH://git@github.com//acme/shop.git/",
          "git@github.com:acme/shop.git", "git@github.com:/acme/shop.git", "github.com:acme/shop",
          "https://github.com/acme/shop.git?token=abc#x"}) {
        EXPECT_EQ(parse_repository(remote), "github.com/acme/shop") << remote;
    }
}

TEST(Repository, keeps_nested_groups_and_the_case_of_its_path) {
    EXPECT_EQ(parse_repository("git@gitlab.example.com:Group/sub/team/app.git"),
              "gitlab.example.com/Group/sub/team/app");
    EXPECT_EQ(parse_repository("https://[2001:DB8::1]:8443/acme/shop.git"),
              "[2001:db8::1]/acme/shop");
    EXPECT_EQ(parse_repository("https://acme@dev.azure.com/acme/My%20Project/_git/shop"),
              "dev.azure.com/acme/My%20Project/_git/shop");
}

TEST(Repository, is_nothing_for_a_local_path) {
    for (const auto* remote :
         {"", "/srv/git/shop.git", "./shop", "../shop.git", "shop", "file:///srv/git/shop.git",
          "C:\\code\\shop", "C:/code/shop", "./a:b/c", "~/shop", "https://", "https://github.com",
          "https://github.com/", "https:///acme/shop", "https://github.com/../shop",
          "ext::sh -c whoami", "https://github.com/acme/sh op", "https://github.com/acme/sh\nop"}) {
        EXPECT_EQ(parse_repository(remote), std::nullopt) << remote;
    }
}

TEST(Repository, never_carries_a_password_on_however_badly_it_was_written) {
    for (const auto* remote :
         {"https://ada:s3cret@github.com/acme/shop", "https://ada:s3cret/x@github.com/acme/shop",
          "https://s3cret@ada@github.com/acme/shop", "ada:s3cret@github.com:acme/shop",
          "ada:s3cret@github.com/acme/shop", "s3cret@github.com:acme/shop",
          "https://github.com/acme/shop?private_token=s3cret", "ssh://ada:s3cret@h:22/x/y",
          "https://ada:s3cret#1@github.com/acme/shop", "https://ada:12/s3cret@github.com/acme/shop",
          "ada:s3cret/x@github.com:acme/shop"}) {
        EXPECT_EQ(parse_repository(remote).value_or("").find("s3cret"), std::string::npos)
            << remote;
    }
}

TEST(Repository, without_a_remote_is_its_folder) {
    EXPECT_EQ(repository_at("", "/home/ada/shop/.git"), "/home/ada/shop");
    EXPECT_EQ(repository_at("Laptop", "/home/ada/shop/.git"), "laptop:/home/ada/shop");
    EXPECT_EQ(repository_at("", "/srv/git/shop.git"), "/srv/git/shop.git");
    EXPECT_EQ(parse_repository(repository_at("laptop", "/home/ada/shop")),
              parse_repository("laptop:/home/ada/shop"));
}

TEST(Repository, in_a_folder_that_cannot_be_recorded_has_its_digest) {
    const std::string deep(300, 'x');
    const auto first = repository_at("laptop", "/" + deep + "/a");
    const auto second = repository_at("laptop", "/" + deep + "/b");
    EXPECT_NE(first, second);
    EXPECT_NE(first, repository_at("desktop", "/" + deep + "/a"));
    EXPECT_TRUE(first.starts_with("laptop:/")) << first;
    EXPECT_NE(repository_at("", "/a\nb"), repository_at("", "/a\tb"));
    for (const auto& text : {first, repository_at("", "/a\nb"), repository_at("", "/\xff"),
                             repository_at(std::string(255, 'h'), "/" + deep)}) {
        EXPECT_LE(text.size(), 255U);
        EXPECT_TRUE(environment::is_clean_utf8(text)) << text;
    }
}

TEST(Repository, gives_a_project_that_people_recognise_and_no_other_repository_has) {
    EXPECT_TRUE(project_of("github.com/acme/shop").text().starts_with("shop"));
    EXPECT_TRUE(project_of("/home/ada/My.Web-Site").text().starts_with("mywebs"));
    EXPECT_TRUE(project_of("/home/ada/2048").text().starts_with("r"));
    EXPECT_TRUE(project_of("/home/ada/\xc3\xbc").text().starts_with("r"));
    std::set<std::string> projects;
    for (int i = 0; i < 1000; ++i) {
        const auto owner = std::to_string(i);
        projects.insert(project_of("github.com/" + owner + "/shop").text());
        projects.insert(project_of("/home/" + owner + "/shop").text());
    }
    EXPECT_EQ(projects.size(), 2000U);
}

}  // namespace
