// SPDX-License-Identifier: Apache-2.0
#include "app/cli/settings.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

using base::ErrorKind;

const SettingsFile k_file{"/home/me/reviewdb.toml",
                          {{"project", "filed"}, {"deadline", "5m"}, {"ttl", "7d"}}};

TEST(Settings, has_defaults_and_no_server) {
    const auto settings = resolve_settings({}, {}, std::nullopt);
    ASSERT_TRUE(settings);
    EXPECT_FALSE(settings->server);
    EXPECT_EQ(settings->project.text(), "review");
    EXPECT_EQ(settings->deadline, std::chrono::seconds(60));
    EXPECT_TRUE(settings->policy_claims.empty());
}

TEST(Settings, takes_the_flag_before_the_variable_before_the_file) {
    const Variables variables{{"REVIEWDB_PROJECT", "varied"}};
    EXPECT_EQ(resolve_settings({{"project", "flagged"}}, variables, k_file)->project.text(),
              "flagged");
    EXPECT_EQ(resolve_settings({}, variables, k_file)->project.text(), "varied");
    EXPECT_EQ(resolve_settings({}, {}, k_file)->project.text(), "filed");
    EXPECT_EQ(resolve_settings({}, {}, k_file)->deadline, std::chrono::minutes(5));
}

TEST(Settings, refuses_what_is_given_and_empty_naming_it) {
    for (const auto* variable : {"REVIEWDB_SERVER", "REVIEWDB_TTL", "REVIEWDB_KEY"}) {
        const auto settings = resolve_settings({}, {{variable, ""}}, std::nullopt);
        ASSERT_FALSE(settings) << variable;
        EXPECT_EQ(settings.error().kind, ErrorKind::invalid_input);
        EXPECT_NE(settings.error().message.find(variable), std::string::npos);
        EXPECT_NE(settings.error().hint.find("withholds"), std::string::npos);
    }
    EXPECT_EQ(resolve_settings({{"server", ""}}, {}, std::nullopt).error().message,
              "--server is given and empty");
}

TEST(Settings, takes_policy_from_variables_and_file_as_claims) {
    const auto settings = resolve_settings({}, {{"REVIEWDB_PORT", "6432"}}, k_file);
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->policy_claims,
              (std::map<std::string, std::string>{{"port", "6432"}, {"ttl", "7d"}}));
}

TEST(Settings, refuses_unknown_keys_of_the_file_naming_them) {
    const SettingsFile file{"/home/me/reviewdb.toml", {{"projekt", "x"}, {"tll", "7d"}}};
    const auto settings = resolve_settings({}, {}, file);
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().message, "/home/me/reviewdb.toml: unknown: 'projekt', 'tll'");
}

TEST(Settings, refuses_values_that_cannot_be_naming_where_they_stand) {
    EXPECT_EQ(resolve_settings({}, {{"REVIEWDB_DEADLINE", "soon"}}, std::nullopt).error().message,
              "REVIEWDB_DEADLINE: 'soon' cannot be the deadline");
    EXPECT_FALSE(resolve_settings({{"log_level", "loud"}}, {}, std::nullopt));
    EXPECT_FALSE(resolve_settings({{"log_format", "xml"}}, {}, std::nullopt));
    EXPECT_FALSE(resolve_settings({{"project", "A B"}}, {}, std::nullopt));
    EXPECT_FALSE(resolve_settings({}, {{"REVIEWDB_PORT", "70000"}}, std::nullopt));
}

TEST(Settings, never_shows_a_connection_string) {
    const auto settings =
        resolve_settings({{"server", "postgresql://u:hidden@h/d"}}, {}, std::nullopt);
    ASSERT_TRUE(settings);
    for (const auto& shown : settings->shown) {
        EXPECT_EQ(shown.value.find("hidden"), std::string::npos);
    }
}

TEST(SettingsFile, reads_texts_and_whole_numbers) {
    const auto file = parse_settings_file("/f", "project = \"web\"\nport = 6432\n");
    ASSERT_TRUE(file);
    EXPECT_EQ(file->values,
              (std::map<std::string, std::string>{{"project", "web"}, {"port", "6432"}}));
    EXPECT_EQ(parse_settings_file("/f", "project = \n").error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(parse_settings_file("/f", "[server]\n").error().kind, ErrorKind::invalid_input);
}

}  // namespace
}  // namespace cli
