// SPDX-License-Identifier: Apache-2.0
#include "app/cli/settings_file.h"

#include <fmt/format.h>

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "base/file.h"

namespace cli {

using base::ErrorKind;
using base::Result;

Result<SettingsFile> parse_settings_file(const std::filesystem::path& path, std::string_view text) {
    const auto parsed = toml::parse(text);
    if (!parsed) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("{}, line {}: this is not TOML", path.string(),
                                      parsed.error().source().begin.line),
                          "write lines of KEY = \"VALUE\"");
    }
    SettingsFile file{path, {}};
    for (const auto& [key, node] : parsed.table()) {
        const std::string name(key.str());
        if (const auto* words = node.as_string()) {
            file.values[name] = words->get();
        } else if (const auto* number = node.as_integer()) {
            file.values[name] = fmt::format("{}", number->get());
        } else {
            return base::fail(
                ErrorKind::invalid_input,
                fmt::format("{}: '{}' is neither a text nor a whole number", path.string(), name),
                "write KEY = \"VALUE\"; there are no sections");
        }
    }
    return file;
}

Result<std::optional<SettingsFile>> find_settings_file(const std::filesystem::path& folder) {
    for (auto place = folder;; place = place.parent_path()) {
        const auto path = place / "reviewdb.toml";
        std::error_code ignored;
        if (std::filesystem::is_regular_file(path, ignored)) {
            BASE_TRY_ASSIGN(const auto text, base::read_file(path));
            if (text) {
                BASE_TRY_ASSIGN(auto file, parse_settings_file(path, *text));
                return std::optional<SettingsFile>(std::move(file));
            }
        }
        if (!place.has_relative_path()) return std::optional<SettingsFile>();
    }
}

}  // namespace cli
