// SPDX-License-Identifier: Apache-2.0
#include "branches/remote_url.h"

#include <gtest/gtest.h>

namespace {

using branches::origin_of;
using branches::parse_remote_url;
using branches::shown_url;
using branches::without_credentials;

TEST(RemoteUrl, takes_credentials_apart_from_the_rest) {
    const auto url = parse_remote_url("https://x-access-token:h%40sh@GitHub.com:443/acme/shop.git");
    EXPECT_EQ(url.plain, "https://GitHub.com:443/acme/shop.git");
    EXPECT_EQ(url.origin, "https://github.com:443");
    EXPECT_EQ(url.user.reveal(), "x-access-token");
    EXPECT_EQ(url.password.reveal(), "h@sh");
}

TEST(RemoteUrl, takes_a_token_in_the_place_of_a_user) {
    const auto url = parse_remote_url("https://hush@host/acme/shop");
    EXPECT_EQ(url.plain, "https://host/acme/shop");
    EXPECT_EQ(url.user.reveal(), "hush");
    EXPECT_TRUE(url.password.empty());
}

TEST(RemoteUrl, takes_a_password_that_is_not_encoded) {
    const auto url = parse_remote_url("https://u:a/b@c@host/acme/shop");
    EXPECT_EQ(url.plain, "https://host/acme/shop");
    EXPECT_EQ(url.password.reveal(), "a/b@c");
}

TEST(RemoteUrl, leaves_other_remotes_as_they_are) {
    for (const auto* text : {"git@github.com:acme/shop.git", "ssh://git@host:22/acme/shop",
                             "/srv/git/shop", "../shop", "origin", "file:///srv/git", ""}) {
        const auto url = parse_remote_url(text);
        EXPECT_EQ(url.plain, text);
        EXPECT_FALSE(url.has_credentials());
    }
}

TEST(RemoteUrl, shows_nothing_that_may_be_secret) {
    EXPECT_EQ(shown_url("https://u:hush@host/a?token=hush#hush"), "https://host/a");
    EXPECT_EQ(shown_url("ssh://git:hush@host/a"), "ssh://host/a");
    EXPECT_EQ(shown_url("git@host:a/b"), "git@host:a/b");
}

TEST(RemoteUrl, takes_credentials_out_of_what_others_say) {
    const auto url = parse_remote_url("https://user-1:h%40sh1@host/a");
    EXPECT_EQ(
        without_credentials("unable to access 'https://user-1:h%40sh1@host/a/': h@sh1 403", url),
        "unable to access 'https://host/a/': … 403");
    EXPECT_EQ(without_credentials("h%40sh1 of user-1", url), "… of …");
    EXPECT_EQ(without_credentials("see https://other@elsewhere/x, a@b", url),
              "see https://elsewhere/x, a@b");
    EXPECT_EQ(without_credentials("nothing", {}), "nothing");
}

TEST(RemoteUrl, has_an_origin_only_on_the_web_and_without_a_user) {
    EXPECT_EQ(origin_of("HTTPS://Api.GitHub.com/repos"), "https://api.github.com");
    EXPECT_EQ(origin_of("http://127.0.0.1:80?x"), "http://127.0.0.1:80");
    EXPECT_EQ(origin_of("https://host"), "https://host");
    for (const auto* text : {"https://a@host/", "https://host@evil/", "https:///a", "ftp://host/",
                             "host", "", "https://user:a/b@host/"}) {
        EXPECT_FALSE(origin_of(text)) << text;
    }
    EXPECT_EQ(origin_of("https://host/a@b"), std::nullopt);  // better one too many
}

}  // namespace
