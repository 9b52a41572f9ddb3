// SPDX-License-Identifier: Apache-2.0
#include "app/cli/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/duration.h"
#include "environment/policy.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::array<std::string_view, 7> k_keys{"server",    "project",    "state_dir", "deadline",
                                                 "log_level", "log_format", "actor"};

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

// Where it was found first. An empty one there is an error: nothing behind it is looked at.
Result<std::optional<Setting>> find(std::string_view key,
                                    const std::map<std::string, std::string>& flags,
                                    const Variables& variables,
                                    const std::optional<SettingsFile>& file) {
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
    BASE_TRY(look(flags, name, flag_of(key)));
    BASE_TRY(look(variables, variable_of(key), variable_of(key)));
    if (file) BASE_TRY(look(file->values, name, fmt::format("{} ({})", name, file->path.string())));
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

Result<void> add_claims(const Variables& variables, const std::optional<SettingsFile>& file,
                        Settings& settings) {
    for (const auto& definition : environment::policy_definitions()) {
        BASE_TRY_ASSIGN(const auto found, find(definition.key, {}, variables, file));
        if (!found) continue;
        if (auto checked = environment::Policy::check(found->key, found->value); !checked) {
            return base::fail(std::move(checked).error().during(found->origin));
        }
        settings.policy_claims[found->key] = found->value;
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

}  // namespace

Result<Settings> resolve_settings(const std::map<std::string, std::string>& flags,
                                  const Variables& variables,
                                  const std::optional<SettingsFile>& file) {
    if (file) BASE_TRY(refuse_unknown(*file));
    BASE_TRY_ASSIGN(auto project, environment::Project::parse("review"));
    Settings settings{.server = {},
                      .project = std::move(project),
                      .state_dir = {},
                      .log_format = {},
                      .actor = {},
                      .policy_claims = {},
                      .shown = {}};
    for (const auto key : k_keys) {
        BASE_TRY_ASSIGN(const auto found, find(key, flags, variables, file));
        if (found) {
            BASE_TRY(apply(*found, settings));
            settings.shown.push_back({found->key, shown_value(*found), found->origin});
        } else {
            settings.shown.push_back({std::string(key), default_of(key), "default"});
        }
    }
    BASE_TRY(add_claims(variables, file, settings));
    for (const auto* variable : {"REVIEWDB_KEY", "REVIEWDB_NAME"}) {
        const auto value = variables.find(variable);
        if (value != variables.end() && value->second.empty()) return empty_setting(variable);
    }
    return settings;
}

}  // namespace cli
