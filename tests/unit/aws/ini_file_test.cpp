// SPDX-License-Identifier: Apache-2.0
#include "aws/ini_file.h"

#include <gtest/gtest.h>

namespace {

using aws::parse_ini;
using aws::Section;

TEST(IniFile, reads_sections_and_keys_whatever_blanks_there_are) {
    const auto sections = parse_ini(
        "[default]\nregion=eu-central-1\n\n[ profile   dev ]\n  # a comment\nOutput =  json \r\n");
    EXPECT_EQ(sections.at("default"), (Section{{"region", "eu-central-1"}}));
    EXPECT_EQ(sections.at("profile dev"), (Section{{"output", "json"}}));
}

TEST(IniFile, takes_a_sign_for_a_comment_only_behind_a_blank) {
    const auto section = parse_ini(
                             "[default]\na = x#y;z\nb = x # said aside\nc = x ; said aside\n"
                             "d = # nothing\n")
                             .at("default");
    EXPECT_EQ(section.at("a"), "x#y;z");
    EXPECT_EQ(section.at("b"), "x");
    EXPECT_EQ(section.at("c"), "x");
}

TEST(IniFile, keeps_equals_signs_of_a_value) {
    EXPECT_EQ(parse_ini("[default]\naws_secret_access_key = ab=/c+==\n")
                  .at("default")
                  .at("aws_secret_access_key"),
              "ab=/c+==");
}

TEST(IniFile, names_the_keys_of_a_block_by_its_own) {
    const auto sections = parse_ini(
        "[services here]\nsecrets_manager =\n  endpoint_url = http://a\n\tother = b\nsts =\n"
        "  endpoint_url = http://c\nplain = d\n");
    EXPECT_EQ(sections.at("services here").at("secrets_manager.endpoint_url"), "http://a");
    EXPECT_EQ(sections.at("services here").at("secrets_manager.other"), "b");
    EXPECT_EQ(sections.at("services here").at("sts.endpoint_url"), "http://c");
    EXPECT_EQ(sections.at("services here").at("plain"), "d");
}

TEST(IniFile, takes_the_last_of_a_key_that_stands_twice_and_joins_sections_of_one_name) {
    const auto sections = parse_ini("[a]\nx = 1\n[b]\nx = 2\n[a]\nx = 3\ny = 4\n");
    EXPECT_EQ(sections.at("a"), (Section{{"x", "3"}, {"y", "4"}}));
}

TEST(IniFile, passes_over_what_it_cannot_read) {
    const auto sections = parse_ini("before = any\n[broken\nx = 1\n[a]\njust words\ny = 2\n");
    EXPECT_EQ(sections, (aws::Sections{{"a", {{"y", "2"}}}}));
}

}  // namespace
