// SPDX-License-Identifier: Apache-2.0
//
// The two settings files, read into keys and texts, not judged: the caller's own, in the folder of
// their configuration, and the one of the working tree, which anybody may have written.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/variables.h"

namespace cli {

struct SettingsFile {
    std::filesystem::path path;
    std::map<std::string, std::string> values;
};

struct SettingsFiles {
    std::optional<SettingsFile> own = {};
    std::optional<SettingsFile> tree = {};
};

// Where the caller's own file is looked for: $XDG_CONFIG_HOME/reviewdb/reviewdb.toml, or below
// ~/.config; empty without a home.
std::filesystem::path own_settings_path(const base::Variables& variables);

// The caller's own file, and the nearest reviewdb.toml from `folder` upwards: not above a folder
// with .git in it, not above the home folder, and in no folder above `folder` that every user may
// write to. Fails denied for a file that others than the caller and root can change, and for a link
// in the tree; invalid_input.
base::Result<SettingsFiles> find_settings_files(const std::filesystem::path& folder,
                                                const base::Variables& variables);

// Keys with texts or whole numbers. Fails invalid_input, naming file and line; never quotes a
// value.
base::Result<SettingsFile> parse_settings_file(const std::filesystem::path& path,
                                               std::string_view text);

}  // namespace cli
