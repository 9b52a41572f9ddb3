// SPDX-License-Identifier: Apache-2.0
#include "environment/repository.h"

#include <gtest/gtest.h>

namespace {

using environment::parse_repository;

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

}  // namespace
