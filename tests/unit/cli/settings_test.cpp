// SPDX-License-Identifier: Apache-2.0
#include "app/cli/settings.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

using base::ErrorKind;

// As a file of the working tree, and as the caller's own.
SettingsFiles in_tree(std::map<std::string, std::string> values) {
    return {{}, SettingsFile{"/tree/reviewdb.toml", std::move(values)}};
}
SettingsFiles own(std::map<std::string, std::string> values) {
    return {SettingsFile{"/home/me/.config/reviewdb/reviewdb.toml", std::move(values)}, {}};
}
const SettingsFiles k_file = in_tree({{"project", "filed"}, {"deadline", "5m"}, {"ttl", "7d"}});
const Variables k_home{{"HOME", "/home/me"}};

TEST(Settings, has_defaults_and_no_server) {
    const auto settings = resolve_settings({}, {}, {});
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
        const auto settings = resolve_settings({}, {{variable, ""}}, {});
        ASSERT_FALSE(settings) << variable;
        EXPECT_EQ(settings.error().kind, ErrorKind::invalid_input);
        EXPECT_NE(settings.error().message.find(variable), std::string::npos);
        EXPECT_NE(settings.error().hint.find("withholds"), std::string::npos);
    }
    EXPECT_EQ(resolve_settings({{"server", ""}}, {}, {}).error().message,
              "--server is given and empty");
}

TEST(Settings, takes_policy_from_variables_and_file_as_claims) {
    const auto settings = resolve_settings({}, {{"REVIEWDB_PORT", "6432"}}, k_file);
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->policy_claims,
              (std::map<std::string, std::string>{{"port", "6432"}, {"ttl", "7d"}}));
}

TEST(Settings, refuses_unknown_keys_of_the_file_naming_them) {
    const auto settings = resolve_settings({}, {}, in_tree({{"projekt", "x"}, {"tll", "7d"}}));
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().message, "/tree/reviewdb.toml: unknown: 'projekt', 'tll'");
    EXPECT_FALSE(resolve_settings({}, {}, own({{"projekt", "x"}})));
}

TEST(Settings, refuses_values_that_cannot_be_naming_where_they_stand) {
    EXPECT_EQ(resolve_settings({}, {{"REVIEWDB_DEADLINE", "soon"}}, {}).error().message,
              "REVIEWDB_DEADLINE: 'soon' cannot be the deadline");
    EXPECT_FALSE(resolve_settings({{"log_level", "loud"}}, {}, {}));
    EXPECT_FALSE(resolve_settings({{"log_format", "xml"}}, {}, {}));
    EXPECT_FALSE(resolve_settings({{"project", "A B"}}, {}, {}));
    EXPECT_FALSE(resolve_settings({}, {{"REVIEWDB_PORT", "70000"}}, {}));
}

TEST(Settings, refuses_in_the_working_tree_what_would_redirect_a_call) {
    for (const auto* key : {"server", "state_dir", "actor"}) {
        const auto refused = resolve_settings({}, k_home, in_tree({{key, "local"}}));
        ASSERT_FALSE(refused) << key;
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
        EXPECT_NE(refused.error().message.find("/tree/reviewdb.toml: '" + std::string(key) + "'"),
                  std::string::npos);
        EXPECT_NE(refused.error().hint.find("/home/me/.config/reviewdb/reviewdb.toml"),
                  std::string::npos);
        // A flag that wins is no reason to accept the file.
        EXPECT_FALSE(resolve_settings({{key, "local"}}, k_home, in_tree({{key, "local"}})));
        EXPECT_TRUE(resolve_settings({}, k_home, own({{key, "local"}}))) << key;
    }
}

TEST(Settings, takes_the_callers_own_file_before_the_working_tree) {
    auto files = own({{"project", "mine"}});
    files.tree = k_file.tree;
    const auto settings = resolve_settings({}, k_home, files);
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->project.text(), "mine");
    EXPECT_FALSE(settings->project_from_tree);
    EXPECT_EQ(settings->deadline, std::chrono::minutes(5));
}

TEST(Settings, in_ci_the_working_tree_does_not_choose_the_project) {
    const Variables ci{{"CI", "true"}};
    const auto refused = resolve_settings({}, ci, in_tree({{"project", "web"}}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
    EXPECT_NE(refused.error().hint.find("REVIEWDB_PROJECT=web"), std::string::npos);
    EXPECT_TRUE(resolve_settings({}, ci, in_tree({{"deadline", "5m"}})));
    EXPECT_EQ(resolve_settings({{"project", "job"}}, ci, k_file)->project.text(), "job");
    EXPECT_EQ(
        resolve_settings({}, {{"CI", "true"}, {"REVIEWDB_PROJECT", "job"}}, k_file)->project.text(),
        "job");
}

TEST(Settings, the_working_tree_does_not_choose_where_something_is_destroyed) {
    Arguments arguments;
    const auto allowed = [&](const std::string& verb, const std::string& action,
                             const SettingsFiles& files) {
        arguments.verb = verb;
        arguments.action = action;
        return check_project_of(arguments, *resolve_settings({}, k_home, files)).has_value();
    };
    for (const auto* verb : {"delete", "reset", "release", "sweep", "uninstall"}) {
        EXPECT_FALSE(allowed(verb, "", k_file)) << verb;
        EXPECT_TRUE(allowed(verb, "", own({{"project", "mine"}}))) << verb;
        EXPECT_TRUE(allowed(verb, "", in_tree({{"deadline", "5m"}}))) << verb;
    }
    EXPECT_FALSE(allowed("trash", "empty", k_file));
    EXPECT_FALSE(allowed("template", "delete", k_file));
    EXPECT_TRUE(allowed("trash", "list", k_file));
    EXPECT_TRUE(allowed("create", "", k_file));
    EXPECT_TRUE(allowed("list", "", k_file));
}

TEST(Settings, init_writes_no_policy_that_the_working_tree_claims) {
    auto files = own({{"trash_window", "3d"}});
    files.tree = SettingsFile{"/tree/reviewdb.toml", {{"ttl", "7d"}}};
    const auto settings = resolve_settings({}, {{"REVIEWDB_PORT", "6432"}}, files);
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->policies_to_write,
              (std::map<std::string, std::string>{{"port", "6432"}, {"trash_window", "3d"}}));
    EXPECT_TRUE(settings->policy_claims.contains("ttl"));
}

TEST(Settings, never_shows_a_connection_string) {
    const auto settings = resolve_settings({{"server", "postgresql://u:hidden@h/d"}}, {}, {});
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
