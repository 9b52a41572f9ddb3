// SPDX-License-Identifier: Apache-2.0
#include "app/cli/formats.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "app/cli/similar.h"
#include "base/subprocess.h"

namespace {

using base::Secret;
using cli::Exported;
using cli::formatted;

Exported with_password(const std::string& password) {
    Exported variables;
    variables["PGHOST"] = Secret("db.example.org");
    variables["PGPASSWORD"] = Secret(password);
    return variables;
}

TEST(Formats, a_posix_shell_is_given_quoted_exports_and_loses_what_misleads_libpq) {
    EXPECT_EQ(*formatted("env", with_password("it's $HOME `id` \\ \"x\"")),
              "unset PGHOSTADDR PGSERVICE\n"
              "export PGHOST='db.example.org'\n"
              "export PGPASSWORD='it'\\''s $HOME `id` \\ \"x\"'\n");
    EXPECT_EQ(*formatted("", with_password("x")), *formatted("env", with_password("x")));
    auto by_address = with_password("x");
    by_address["PGHOSTADDR"] = Secret("127.0.0.1");
    EXPECT_TRUE(formatted("env", by_address)->starts_with("unset PGSERVICE\n"));
}

TEST(Formats, fish_is_given_its_own_words) {
    EXPECT_EQ(*formatted("fish", with_password("it's \\ $HOME")),
              "set -e PGHOSTADDR PGSERVICE\n"
              "set -gx PGHOST 'db.example.org'\n"
              "set -gx PGPASSWORD 'it\\'s \\\\ $HOME'\n");
}

// What each of these shells makes of a value; the test says nothing about one that is not
// installed.
TEST(Formats, shells_read_back_the_value_that_was_printed) {
    struct Shell {
        const char* program;
        const char* format;
    };
    for (const auto& [program, format] :
         {Shell{"sh", "env"}, {"dash", "env"}, {"bash", "env"}, {"zsh", "env"}, {"fish", "fish"}}) {
        if (!base::find_program(program)) continue;
        for (const std::string value :
             {"it's", "a\"b", "$HOME ${HOME} $(id) `id`", "\\ \\\\ \\n \\'", "two\nlines\n",
              " a  b ", "!x !!", "größe", "-n", "%s %d", "*?[a]~", "#;&|<>(){}", "\t\r\x01", "'",
              ""}) {
            const auto script = *formatted(format, with_password(value)) +
                                "printf '<%s>' \"$PGHOST\" \"$PGPASSWORD\"";
            const auto told = base::run({.arguments = {program, "-c", script}},
                                        base::Deadline::after(std::chrono::seconds(30)));
            ASSERT_TRUE(told) << program;
            EXPECT_EQ(told->out, "<db.example.org><" + value + ">") << program << told->err;
        }
    }
}

TEST(Formats, dotenv_has_no_quotes_and_refuses_what_it_cannot_carry) {
    EXPECT_EQ(*formatted("dotenv", with_password("it's $HOME #1 \"x\"")),
              "PGHOST=db.example.org\nPGPASSWORD=it's $HOME #1 \"x\"\n");
    EXPECT_EQ(*formatted("dotenv", with_password("größe")),
              "PGHOST=db.example.org\nPGPASSWORD=größe\n");
    for (const auto* password : {"a\nPATH=/evil", "a\r", "a\x1b", "\xff", " a", "a ", "a\tb"}) {
        const auto refused = formatted("dotenv", with_password(password));
        ASSERT_FALSE(refused) << password;
        EXPECT_EQ(refused.error().kind, base::ErrorKind::invalid_input);
        EXPECT_NE(refused.error().message.find("PGPASSWORD"), std::string::npos);
        EXPECT_EQ(refused.error().message.find("evil"), std::string::npos);
    }
}

TEST(Formats, gitlab_refuses_blanks_too) {
    EXPECT_EQ(*formatted("gitlab", with_password("ab")), "PGHOST=db.example.org\nPGPASSWORD=ab\n");
    EXPECT_FALSE(formatted("gitlab", with_password("a b")));
    EXPECT_FALSE(formatted("gitlab", with_password("a\nb")));
}

TEST(Formats, json_is_one_object) {
    const std::string password = "a\"\\\n\x01$'";
    const auto parsed = boost::json::parse(*formatted("json", with_password(password)));
    EXPECT_EQ(parsed.at("PGPASSWORD").as_string(), password);
    EXPECT_EQ(parsed.as_object().size(), 2);
}

TEST(SimilarNames, are_found_by_letters_by_case_and_by_their_last_part) {
    const std::vector<std::string> names{"feature/login", "feature/logout", "main", "fix/cart"};
    using Names = std::vector<std::string>;
    EXPECT_EQ(cli::similar_names("feature/lgoin", names), (Names{"feature/login"}));
    EXPECT_EQ(cli::similar_names("Feature/Login", names).front(), "feature/login");
    EXPECT_EQ(cli::similar_names("cart", names), (Names{"fix/cart"}));
    EXPECT_EQ(cli::similar_names("zzz", names), Names{});
    EXPECT_EQ(cli::similar_names("", names), Names{});
    EXPECT_EQ(cli::similar_names("mian", {"main", "mian2", "mia", "miau", "mien"}).size(), 3);
}

}  // namespace
