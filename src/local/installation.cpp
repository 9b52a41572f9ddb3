// SPDX-License-Identifier: Apache-2.0
#include "local/installation.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/subprocess.h"

namespace local {

namespace {

using base::ErrorKind;
using base::fail;
using std::filesystem::path;

constexpr const char* k_install_hint =
    "install Postgres 15 or newer (Debian: apt-get install postgresql), or set REVIEWDB_PG_BIN to "
    "the folder that holds its programs initdb and postgres";

bool has_programs(const path& bin) {
    return base::find_program((bin / "initdb").string()) &&
           base::find_program((bin / "postgres").string());
}

// The folders `parent`/*/bin, where Debian (/usr/lib/postgresql) puts each major.
std::vector<path> folders_of_majors(const path& parent) {
    std::vector<path> folders;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(parent, ignored)) {
        folders.push_back(entry.path() / "bin");
    }
    return folders;
}

// "postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)" has "15.8", "18beta1" and the like too.
std::optional<std::pair<int, std::string>> parse_version(std::string_view answer) {
    constexpr std::string_view k_before = "(PostgreSQL) ";
    const auto start = answer.find(k_before);
    if (start == std::string_view::npos) return std::nullopt;
    answer.remove_prefix(start + k_before.size());
    const auto version = answer.substr(0, answer.find_first_of(" \n"));
    int major = 0;
    const auto parsed = std::from_chars(version.data(), version.data() + version.size(), major);
    if (parsed.ec != std::errc()) return std::nullopt;
    return std::pair(major, std::string(version));
}

base::Result<Installation> inspect_choice(const path& chosen, std::optional<int> major,
                                          base::Deadline deadline) {
    if (chosen.empty()) {
        return fail(ErrorKind::invalid_input, "REVIEWDB_PG_BIN is set and empty",
                    "unset it, or set it to the folder that holds initdb and postgres");
    }
    auto found = inspect_installation(chosen, deadline);
    if (!found) {
        auto error = std::move(found).error().during("REVIEWDB_PG_BIN");
        if (error.kind == ErrorKind::not_found) error.kind = ErrorKind::invalid_input;
        return fail(std::move(error));
    }
    if (found->major < k_oldest_major || (major && found->major != *major)) {
        const auto wanted =
            major ? fmt::format("{}", *major) : fmt::format("{} or newer", k_oldest_major);
        return fail(ErrorKind::invalid_input,
                    fmt::format("REVIEWDB_PG_BIN: {} holds Postgres {}, needed is {}",
                                chosen.string(), found->version, wanted),
                    fmt::format("set it to the programs of Postgres {}, or unset it", wanted));
    }
    return found;
}

}  // namespace

SearchPlaces places_of_environment() {
    SearchPlaces places;
    if (const char* chosen = getenv("REVIEWDB_PG_BIN")) places.chosen = chosen;
    const char* variable = getenv("PATH");
    std::string_view rest = variable != nullptr ? variable : "";
    while (!rest.empty()) {
        const auto folder = rest.substr(0, rest.find(':'));
        if (!folder.empty()) places.folders.emplace_back(folder);
        rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    }
    for (auto& folder : folders_of_majors("/usr/lib/postgresql")) {
        places.folders.push_back(std::move(folder));
    }
    return places;
}

base::Result<Installation> inspect_installation(const path& bin, base::Deadline deadline) {
    if (!has_programs(bin)) {
        return fail(ErrorKind::not_found,
                    fmt::format("{} does not hold initdb and postgres", bin.string()));
    }
    // PATH may lead to a link; initdb and postgres find their share folder from the real place.
    std::error_code unresolved;
    auto real = std::filesystem::canonical(bin / "postgres", unresolved).parent_path();
    if (unresolved || !has_programs(real)) real = bin;
    const auto postgres = (real / "postgres").string();
    BASE_TRY_ASSIGN(const auto told, base::run({.arguments = {postgres, "--version"}}, deadline));
    const auto version = parse_version(told.out);
    if (told.exit_code != 0 || !version) {
        return fail(ErrorKind::invalid_input,
                    fmt::format("'{} --version' does not answer like a Postgres", postgres));
    }
    return Installation{real, version->first, version->second};
}

base::Result<Installation> find_installation(const SearchPlaces& places, std::optional<int> major,
                                             base::Deadline deadline) {
    if (places.chosen) return inspect_choice(*places.chosen, major, deadline);
    std::optional<Installation> best;
    std::string seen;
    for (const auto& folder : places.folders) {
        if (!has_programs(folder)) continue;
        auto found = inspect_installation(folder, deadline);
        // A broken installation elsewhere is no reason not to use a good one.
        if (!found) continue;
        seen += fmt::format("{}{} in {}", seen.empty() ? "" : ", ", found->version,
                            found->bin.string());
        const bool fits = major ? found->major == *major : found->major >= k_oldest_major;
        if (fits && (!best || found->major > best->major)) best = std::move(*found);
    }
    if (best) return *best;
    const auto wanted = major ? fmt::format("Postgres {}", *major)
                              : fmt::format("Postgres {} or newer", k_oldest_major);
    return fail(ErrorKind::not_found,
                fmt::format("the programs of {} are not on this machine{}", wanted,
                            seen.empty() ? "" : "; found " + seen),
                k_install_hint);
}

}  // namespace local
