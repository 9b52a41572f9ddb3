// SPDX-License-Identifier: Apache-2.0
#include "branches/address.h"

#include <gmock/gmock.h>

#include "support/must.h"

namespace {

using branches::Address;
using branches::parse_address;
using testing::HasSubstr;
using testing::Not;
using Kind = Address::Kind;

TEST(AddressOfBranches, is_one_of_four_kinds) {
    const auto is = [](const std::string& text, Kind kind, const std::string& of) {
        const auto address = support::must(parse_address(text));
        EXPECT_EQ(address.kind, kind) << text;
        EXPECT_EQ(address.of, of);
        EXPECT_EQ(to_text(address), text);
    };
    is("-", Kind::standard_input, "");
    is("git:origin", Kind::git, "origin");
    is("git:/srv/git/shop.git", Kind::git, "/srv/git/shop.git");
    is("git:git@github.com:acme/shop.git", Kind::git, "git@github.com:acme/shop.git");
    is("git:https://github.com/acme/shop", Kind::git, "https://github.com/acme/shop");
    is("github:acme/shop.js", Kind::github, "acme/shop.js");
    is("gitlab:acme/back-end/shop_2", Kind::gitlab, "acme/back-end/shop_2");
}

TEST(AddressOfBranches, is_refused_with_what_it_should_be) {
    for (const auto* text :
         {"", "origin", "git:", "git:--upload-pack=x", "git:a\nb", "github:", "github:acme",
          "github:acme/", "github:/shop", "github:acme/shop/more", "github:acme/..",
          "github:acme/sh op", "github:acme/shop?x=1", "github:acme%2fshop", "gitlab:shop",
          "gitlab:acme//shop", "gitlab:../acme", "svn:acme/shop", "GITHUB:acme/shop"}) {
        const auto error = parse_address(text).error();
        EXPECT_EQ(error.kind, base::ErrorKind::invalid_input) << text;
        EXPECT_FALSE(error.hint.empty()) << text;
    }
}

TEST(AddressOfBranches, does_not_show_credentials) {
    EXPECT_EQ(to_text(support::must(parse_address("git:https://u:hush@host/a/b?token=hush"))),
              "git:https://host/a/b");
    EXPECT_THAT(parse_address("https://u:hush@host/a/b").error().message, Not(HasSubstr("hush")));
}

}  // namespace
