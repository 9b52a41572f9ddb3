// SPDX-License-Identifier: Apache-2.0
//
// How this caller reaches which server, and what it believes of policy: flag, then REVIEWDB_*, then
// reviewdb.toml, then default. Pure.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
    std::map<std::string, std::string> policy_claims;

    // All of them for a person to read; of the server only what holds no password.
    std::vector<Setting> shown;
};

// Fails invalid_input, naming the setting and where it stands: present and empty, not one that can
// be, or unknown in the file.
base::Result<Settings> resolve_settings(const std::map<std::string, std::string>& flags,
                                        const Variables& variables,
                                        const std::optional<SettingsFile>& file);

}  // namespace cli
