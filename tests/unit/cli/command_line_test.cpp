// SPDX-License-Identifier: Apache-2.0
#include "app/cli/command_line.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

Arguments parsed(std::vector<std::string> words) {
    auto answer = parse_command_line(std::move(words));
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    return std::get<Arguments>(answer.value());
}

std::string refusal(std::vector<std::string> words) {
    const auto answer = parse_command_line(std::move(words));
    EXPECT_FALSE(answer);
    if (answer) return {};
    EXPECT_EQ(answer.error().kind, base::ErrorKind::invalid_input);
    return answer.error().message;
}

TEST(CommandLine, takes_settings_before_and_behind_the_verb) {
    EXPECT_EQ(parsed({"--server", "local", "create", "x"}).flags.at("server"), "local");
    EXPECT_EQ(parsed({"create", "x", "--server=local"}).flags.at("server"), "local");
    EXPECT_EQ(parsed({"list", "--server", ""}).flags.at("server"), "");
}

TEST(CommandLine, takes_a_name_that_is_also_a_verb) {
    EXPECT_EQ(parsed({"create", "list"}).name, "list");
    EXPECT_EQ(parsed({"rm", "delete"}).name, "delete");
    EXPECT_EQ(parsed({"rm", "delete"}).verb, "delete");
}

TEST(CommandLine, takes_a_name_with_a_dash_in_front_only_behind_two) {
    EXPECT_EQ(parsed({"create", "--", "-x"}).name, "-x");
    EXPECT_EQ(refusal({"create", "-x"}), "create: '-x' is not expected here");
}

TEST(CommandLine, leaves_the_command_behind_two_dashes_alone) {
    const auto arguments = parsed({"exec", "x", "--", "ls", "--server", "--"});
    EXPECT_EQ(arguments.name, "x");
    EXPECT_EQ(arguments.command, (std::vector<std::string>{"ls", "--server", "--"}));
    EXPECT_FALSE(parsed({"psql", "--", "-c", "select 1"}).name);
    EXPECT_EQ(refusal({"exec", "x"}), "there is no command to run");
}

TEST(CommandLine, says_one_sentence_of_what_is_wrong) {
    EXPECT_EQ(refusal({}), "there is no verb in this call");
    EXPECT_EQ(refusal({"creat"}), "there is no verb 'creat'");
    EXPECT_EQ(refusal({"get", "a", "b"}), "get: 'b' is not expected here");
    EXPECT_EQ(refusal({"list", "-o", "yaml"}), "there is no output 'yaml'");
    EXPECT_EQ(refusal({"list", "--server"}), "list: --server needs a value");
    EXPECT_EQ(refusal({"create", "--pull-request", "abc"}),
              "create: 'abc' is not a number from 1 upwards");
}

TEST(CommandLine, has_help_with_an_example_for_each_verb) {
    for (const auto* verb : {"create", "delete", "list", "init", "config", "local"}) {
        const auto answer = parse_command_line({verb, "--help"});
        ASSERT_TRUE(answer);
        EXPECT_NE(std::get<Shown>(*answer).text.find("Example:"), std::string::npos) << verb;
    }
}

}  // namespace
}  // namespace cli
