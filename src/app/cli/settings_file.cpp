// SPDX-License-Identifier: Apache-2.0
#include "app/cli/settings_file.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "base/trusted_file.h"

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

namespace {

namespace fs = std::filesystem;

constexpr const char* k_name = "reviewdb.toml";

fs::path home_of(const base::Variables& variables) {
    const fs::path named(base::find_variable(variables, "HOME").value_or(""));
    if (named.is_absolute()) return named;
    const passwd* entry = getpwuid(geteuid());  // NOLINT(concurrency-mt-unsafe): no threads yet
    return entry != nullptr ? fs::path(entry->pw_dir) : fs::path();
}

Result<std::optional<SettingsFile>> read_settings(const fs::path& path, base::Links links) {
    BASE_TRY_ASSIGN(const auto text, base::read_trusted_file(path, links));
    if (!text) return std::optional<SettingsFile>();
    BASE_TRY_ASSIGN(auto file, parse_settings_file(path, *text));
    return std::optional(std::move(file));
}

bool is_same(const fs::path& one, const fs::path& other) {
    std::error_code absent;
    return !other.empty() && fs::equivalent(one, other, absent);
}

Result<std::optional<SettingsFile>> find_in_tree(const fs::path& folder, const fs::path& home,
                                                 const fs::path& own) {
    for (auto place = folder;; place = place.parent_path()) {
        const auto path = place / k_name;
        std::error_code absent;
        const bool looked_at = place == folder || !base::is_open_to_all(place);
        if (looked_at && !fs::is_directory(path, absent) && !is_same(path, own)) {
            BASE_TRY_ASSIGN(auto file, read_settings(path, base::Links::refused));
            if (file) return file;
        }
        const bool ends = fs::exists(place / ".git", absent) || is_same(place, home);
        if (ends || !place.has_relative_path()) return std::optional<SettingsFile>();
    }
}

}  // namespace

fs::path own_settings_path(const base::Variables& variables) {
    // A relative path there is to be ignored (XDG Base Directory Specification).
    fs::path folder(base::find_variable(variables, "XDG_CONFIG_HOME").value_or(""));
    if (!folder.is_absolute()) {
        const auto home = home_of(variables);
        if (home.empty()) return {};
        folder = home / ".config";
    }
    return folder / "reviewdb" / k_name;
}

Result<SettingsFiles> find_settings_files(const fs::path& folder,
                                          const base::Variables& variables) {
    SettingsFiles files;
    const auto own = own_settings_path(variables);
    if (!own.empty()) {
        BASE_TRY_ASSIGN(files.own, read_settings(own, base::Links::followed));
    }
    if (!folder.empty()) {
        BASE_TRY_ASSIGN(files.tree, find_in_tree(folder, home_of(variables), own));
    }
    return files;
}

}  // namespace cli
