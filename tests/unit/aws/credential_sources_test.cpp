// SPDX-License-Identifier: Apache-2.0
#include "aws/credential_sources.h"

#include <gtest/gtest.h>

namespace {

using aws::split_command;
using base::ErrorKind;
using base::Secret;
using Words = std::vector<std::string>;

TEST(SplitCommand, splits_and_quotes_as_a_shell_does_and_expands_nothing) {
    EXPECT_EQ(split_command("tool  --a b\t'c d' \"e 'f'\" g\\ h ''"),
              (Words{"tool", "--a", "b", "c d", "e 'f'", "g h", ""}));
    EXPECT_EQ(split_command(R"(a"b"'c' "x\"y\\z\n")"), (Words{"abc", "x\"y\\z\\n"}));
    EXPECT_EQ(split_command("echo $HOME `id` $(id) ; rm *"),
              (Words{"echo", "$HOME", "`id`", "$(id)", ";", "rm", "*"}));
    EXPECT_EQ(split_command("   "), Words{});
    EXPECT_FALSE(split_command("tool 'open"));
}

TEST(CredentialsJson, reads_both_names_of_the_token) {
    for (const auto* token : {"Token", "SessionToken"}) {
        const auto found = aws::parse_credentials_json(
            Secret(
                R"({"AccessKeyId":"id","SecretAccessKey":"s","Expiration":"2026-02-25T06:03:31Z",")" +
                std::string(token) + R"(":"t"})"),
            "here");
        ASSERT_TRUE(found);
        EXPECT_EQ(found->access_key_id, "id");
        EXPECT_EQ(found->secret_access_key.reveal(), "s");
        EXPECT_EQ(found->session_token.reveal(), "t");
        EXPECT_TRUE(found->expires_at);
        EXPECT_EQ(found->source, "here");
    }
}

TEST(CredentialsJson, names_its_source_and_quotes_nothing_of_what_is_wrong) {
    for (const auto* text : {"", "<html>hush", "[]", R"({"AccessKeyId":"hush"})",
                             R"({"SecretAccessKey":"hush"})", R"({"AccessKeyId":1})"}) {
        const auto found = aws::parse_credentials_json(Secret(text), "the container");
        ASSERT_FALSE(found) << text;
        EXPECT_EQ(found.error().kind, ErrorKind::internal);
        EXPECT_NE(found.error().message.find("the container"), std::string::npos);
        EXPECT_EQ(found.error().message.find("hush"), std::string::npos);
    }
}

TEST(ContainerHost, is_asked_in_the_clear_only_where_nobody_listens) {
    const auto may = [](const std::string& url) {
        const auto parts = http::parse_url(url);
        return parts && aws::may_ask_container_host(*parts);
    };
    for (const auto* url :
         {"http://127.0.0.1:1/x", "http://127.9.9.9/", "http://[::1]:80/", "http://localhost/",
          "http://169.254.170.2/v2", "http://169.254.170.23/v1", "http://[fd00:ec2::23]/v1",
          "https://example.com/x"}) {
        EXPECT_TRUE(may(url)) << url;
    }
    for (const auto* url : {"http://example.com/", "http://10.0.0.1/", "http://169.254.169.254/",
                            "http://127.0.0.1.example.com/", "http://localhost.example.com/",
                            "http://127.0.0.1@example.com/", "ftp://127.0.0.1/", "127.0.0.1"}) {
        EXPECT_FALSE(may(url)) << url;
    }
}

}  // namespace
