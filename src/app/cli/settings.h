// SPDX-License-Identifier: Apache-2.0
//
// How this caller reaches which server, and what it believes of policy: flag, then REVIEWDB_*, then
// the caller's own reviewdb.toml, then the working tree's, then default. Pure.
//
// Anybody may have written the working tree. What it says decides neither where credentials go, nor
// which program runs, nor whom the history names, nor what is destroyed.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/settings_file.h"
#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "environment/name.h"

namespace cli {

using Variables = std::map<std::string, std::string>;

// A value in words, and where it was found: --flag, a variable, a file, or "default".
struct Setting {
    std::string key;
    std::string value;
    std::string origin;
};

struct Settings {
    std::optional<base::Secret> server;  // nothing: nobody named one
    environment::Project project;
    std::optional<std::string> state_dir;
    std::chrono::seconds deadline{60};
    base::LogLevel log_level = base::LogLevel::info;
    std::optional<base::LogFormat> log_format;
    std::optional<std::string> actor;
    // What this call believes of policy, and the part of it that does not come from the working
    // tree, which `init` may write.
    std::map<std::string, std::string> policy_claims;
    std::map<std::string, std::string> policies_to_write;
    // The working tree's file, if `project` stands there and nowhere before it.
    std::optional<std::string> project_from_tree;

    // All of them for a person to read; of the server only what holds no password.
    std::vector<Setting> shown;
};

// Fails invalid_input, naming the setting and where it stands: present and empty, an invalid value,
// unknown in a file, or one that the working tree may not set (server, state_dir and actor; in CI
// project as well, unless it is set elsewhere).
base::Result<Settings> resolve_settings(const std::map<std::string, std::string>& flags,
                                        const Variables& variables, const SettingsFiles& files);

// Whether the server is the local one, which only this machine reaches.
bool is_local(const Settings& settings);

// Whether nothing chose the project.
bool has_default_project(const Settings& settings);

// Sets the project that the repository of the call gives; `origin` says so to a person.
void set_project(Settings& settings, environment::Project project, std::string origin);

// Fails invalid_input if the working tree chose the project in which `arguments` would destroy
// something.
base::Result<void> check_project_of(const Arguments& arguments, const Settings& settings);

}  // namespace cli
