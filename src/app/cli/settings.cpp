// SPDX-License-Identifier: Apache-2.0
#include "app/cli/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/duration.h"
#include "environment/default_name.h"
#include "environment/policy.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::array<std::string_view, 7> k_keys{"server",    "project",    "state_dir", "deadline",
                                                 "log_level", "log_format", "actor"};

// The origin of what nothing chose.
constexpr std::string_view k_default = "default";

// What the working tree does not decide.
constexpr std::array<std::string_view, 3> k_not_in_tree{"server", "state_dir", "actor"};

std::string variable_of(std::string_view key) {
    std::string name = "REVIEWDB_";
    for (const char c : key) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return name;
}

std::string flag_of(std::string_view key) {
    std::string flag = "--" + std::string(key);
    std::ranges::replace(flag, '_', '-');
    return flag;
}

tl::unexpected<base::Error> empty_setting(const std::string& where) {
    return base::fail(ErrorKind::invalid_input, fmt::format("{} is given and empty", where),
                      "leave it out, or give it a value; CI gives an empty string for a secret "
                      "that it withholds, for example from a fork's pull request");
}

tl::unexpected<base::Error> unfit(const Setting& setting, std::string hint) {
    return base::fail(
        ErrorKind::invalid_input,
        fmt::format("{}: '{}' cannot be the {}", setting.origin, setting.value, setting.key),
        std::move(hint));
}

struct Places {
    const std::map<std::string, std::string>& flags;
    const Variables& variables;
    const SettingsFiles& files;
};

std::string origin_in(const SettingsFile& file, std::string_view key) {
    return fmt::format("{} ({})", key, file.path.string());
}

// Where it was found first. An empty one there is an error: nothing behind it is looked at.
Result<std::optional<Setting>> find(std::string_view key, const Places& places) {
    const std::string name(key);
    std::optional<Setting> found;
    const auto look = [&](const std::map<std::string, std::string>& values, const std::string& in,
                          std::string where) -> Result<void> {
        const auto value = values.find(in);
        if (found || value == values.end()) return {};
        if (value->second.empty()) return empty_setting(where);
        found = Setting{name, value->second, std::move(where)};
        return {};
    };
    BASE_TRY(look(places.flags, name, flag_of(key)));
    BASE_TRY(look(places.variables, variable_of(key), variable_of(key)));
    for (const auto* file : {&places.files.own, &places.files.tree}) {
        if (*file) BASE_TRY(look((*file)->values, name, origin_in(**file, name)));
    }
    return found;
}

Result<base::LogLevel> parse_level(const Setting& setting) {
    constexpr std::array<std::string_view, 6> k_levels{"trace",   "debug", "info",
                                                       "warning", "error", "off"};
    const auto* found = std::ranges::find(k_levels, setting.value);
    if (found == k_levels.end()) return unfit(setting, "trace, debug, info, warning, error or off");
    return static_cast<base::LogLevel>(found - k_levels.begin());
}

Result<base::LogFormat> parse_format(const Setting& setting) {
    if (setting.value == "text") return base::LogFormat::text;
    if (setting.value == "json") return base::LogFormat::json;
    return unfit(setting, "text or json");
}

Result<void> apply(const Setting& setting, Settings& settings) {
    if (setting.key == "server") settings.server = base::Secret(setting.value);
    if (setting.key == "state_dir") settings.state_dir = setting.value;
    if (setting.key == "actor") {
        if (!environment::is_clean_utf8(setting.value) || setting.value.size() > 255) {
            return base::fail(ErrorKind::invalid_input,
                              fmt::format("{} cannot be the actor", setting.origin),
                              "at most 255 bytes of UTF-8 without control characters");
        }
        settings.actor = setting.value;
    }
    if (setting.key == "project") {
        auto project = environment::Project::parse(setting.value);
        if (!project) return base::fail(std::move(project).error().during(setting.origin));
        settings.project = *std::move(project);
    }
    if (setting.key == "deadline") {
        const auto time = base::parse_duration(setting.value);
        if (!time) return unfit(setting, "a time such as 90s or 5m");
        settings.deadline = *time;
    }
    if (setting.key == "log_level") {
        BASE_TRY_ASSIGN(settings.log_level, parse_level(setting));
    }
    if (setting.key == "log_format") {
        BASE_TRY_ASSIGN(settings.log_format, parse_format(setting));
    }
    return {};
}

std::string default_of(std::string_view key) {
    if (key == "project") return "review";
    if (key == "deadline") return "60s";
    if (key == "log_level") return "info";
    if (key == "server") return "local, for a person";
    if (key == "state_dir") return "$XDG_STATE_HOME/reviewdb (root: /var/lib/reviewdb)";
    if (key == "log_format") return "text on a terminal, else json";
    if (key == "actor") return "the CI's run, or user@host";
    return {};
}

// A connection string may hold a password, so it is only said that there is one.
std::string shown_value(const Setting& setting) {
    if (setting.key != "server" || setting.value == "local") return setting.value;
    return "(a connection string)";
}

bool is_from_tree(const Setting& setting, const SettingsFiles& files) {
    return files.tree && setting.origin == origin_in(*files.tree, setting.key);
}

Result<void> add_claims(const Places& places, Settings& settings) {
    for (const auto& definition : environment::policy_definitions()) {
        BASE_TRY_ASSIGN(const auto found,
                        find(definition.key, {{}, places.variables, places.files}));
        if (!found) continue;
        if (auto checked = environment::Policy::check(found->key, found->value); !checked) {
            return base::fail(std::move(checked).error().during(found->origin));
        }
        settings.policy_claims[found->key] = found->value;
        if (!is_from_tree(*found, places.files)) {
            settings.policies_to_write[found->key] = found->value;
        }
        settings.shown.push_back(*found);
    }
    return {};
}

Result<void> refuse_unknown(const SettingsFile& file) {
    std::string unknown;
    const auto policies = environment::policy_definitions();
    for (const auto& entry : file.values) {
        const auto& key = entry.first;
        const bool known =
            std::ranges::find(k_keys, key) != k_keys.end() ||
            std::ranges::any_of(policies, [&](const auto& policy) { return policy.key == key; });
        if (!known) unknown += fmt::format("{}'{}'", unknown.empty() ? "" : ", ", key);
    }
    if (unknown.empty()) return {};
    std::string names;
    for (const auto key : k_keys) names += fmt::format(" {}", key);
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("{}: unknown: {}", file.path.string(), unknown),
                      "settings are:" + names + "; and the keys that 'reviewdb config' shows");
}

// Why a file in the working tree may not say this.
Result<void> refuse_misplaced(const SettingsFile& tree, const Variables& variables) {
    std::string misplaced;
    for (const auto key : k_not_in_tree) {
        if (!tree.values.contains(std::string(key))) continue;
        misplaced += fmt::format("{}'{}'", misplaced.empty() ? "" : ", ", key);
    }
    if (misplaced.empty()) return {};
    const auto own = own_settings_path(variables);
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("{}: {} cannot be set in the working tree, which others write to",
                                  tree.path.string(), misplaced),
                      fmt::format("move it to {}, or use the flag or the variable, as {}",
                                  own.empty() ? "~/.config/reviewdb/reviewdb.toml" : own.string(),
                                  variable_of(k_not_in_tree.front())));
}

Result<void> judge_project(const Setting& project, const Places& places, Settings& settings) {
    if (!is_from_tree(project, places.files)) return {};
    settings.project_from_tree = places.files.tree->path.string();
    if (!environment::is_ci(places.variables)) return {};
    return base::fail(
        ErrorKind::invalid_input,
        fmt::format("{}: in a CI job the working tree does not choose the project",
                    *settings.project_from_tree),
        fmt::format("set it in the job: REVIEWDB_PROJECT={}", settings.project.text()));
}

bool destroys(const Arguments& arguments) {
    constexpr std::array<std::string_view, 5> k_verbs{"delete", "reset", "release", "sweep",
                                                      "uninstall"};
    constexpr std::array<std::string_view, 2> k_actions{"trash empty", "template delete"};
    return std::ranges::find(k_verbs, arguments.verb) != k_verbs.end() ||
           std::ranges::find(k_actions, arguments.verb + " " + arguments.action) != k_actions.end();
}

Setting& shown_project(std::vector<Setting>& shown) {
    return *std::ranges::find(shown, "project", &Setting::key);
}

}  // namespace

bool is_local(const Settings& settings) {
    return !settings.server || settings.server->reveal() == "local";
}

bool has_default_project(const Settings& settings) {
    return std::ranges::any_of(settings.shown, [](const Setting& setting) {
        return setting.key == "project" && setting.origin == k_default;
    });
}

void set_project(Settings& settings, environment::Project project, std::string origin) {
    auto& shown = shown_project(settings.shown);
    shown.value = project.text();
    shown.origin = std::move(origin);
    settings.project = std::move(project);
}

Result<void> check_project_of(const Arguments& arguments, const Settings& settings) {
    if (!settings.project_from_tree || !destroys(arguments)) return {};
    return base::fail(
        ErrorKind::invalid_input,
        fmt::format("the project '{}' comes from {}, and the working tree does not choose where "
                    "'{}' destroys something",
                    settings.project.text(), *settings.project_from_tree, arguments.verb),
        fmt::format("add --project {}, or set REVIEWDB_PROJECT", settings.project.text()));
}

Result<Settings> resolve_settings(const std::map<std::string, std::string>& flags,
                                  const Variables& variables, const SettingsFiles& files) {
    for (const auto* file : {&files.own, &files.tree}) {
        if (*file) BASE_TRY(refuse_unknown(**file));
    }
    if (files.tree) BASE_TRY(refuse_misplaced(*files.tree, variables));
    const Places places{flags, variables, files};
    BASE_TRY_ASSIGN(auto project, environment::Project::parse("review"));
    Settings settings{.server = {},
                      .project = std::move(project),
                      .state_dir = {},
                      .log_format = {},
                      .actor = {},
                      .policy_claims = {},
                      .policies_to_write = {},
                      .project_from_tree = {},
                      .shown = {}};
    for (const auto key : k_keys) {
        BASE_TRY_ASSIGN(const auto found, find(key, places));
        if (found) {
            BASE_TRY(apply(*found, settings));
            if (key == "project") BASE_TRY(judge_project(*found, places, settings));
            settings.shown.push_back({found->key, shown_value(*found), found->origin});
        } else {
            settings.shown.push_back({std::string(key), default_of(key), std::string(k_default)});
        }
    }
    BASE_TRY(add_claims(places, settings));
    for (const auto* variable : {"REVIEWDB_KEY", "REVIEWDB_NAME"}) {
        const auto value = variables.find(variable);
        if (value != variables.end() && value->second.empty()) return empty_setting(variable);
    }
    return settings;
}

}  // namespace cli
