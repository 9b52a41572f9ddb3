// SPDX-License-Identifier: Apache-2.0
//
// reviewdb.toml: found by walking up, read into keys and texts, not judged.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cli {

struct SettingsFile {
    std::filesystem::path path;
    std::map<std::string, std::string> values;
};

// The nearest reviewdb.toml in `folder` or above it; nothing when there is none. Fails denied,
// invalid_input.
base::Result<std::optional<SettingsFile>> find_settings_file(const std::filesystem::path& folder);

// Keys with texts, whole numbers or booleans. Fails invalid_input, naming file and line; never
// quotes a value.
base::Result<SettingsFile> parse_settings_file(const std::filesystem::path& path,
                                               std::string_view text);

}  // namespace cli
