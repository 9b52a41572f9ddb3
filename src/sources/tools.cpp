// SPDX-License-Identifier: Apache-2.0
#include "sources/tools.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <system_error>

#include "base/subprocess.h"

namespace sources {

namespace {

namespace fs = std::filesystem;

// How long a program may take to say its version.
constexpr std::chrono::seconds k_patience(5);

std::vector<fs::path> folders_of(const ToolPlaces& places) {
    std::vector<fs::path> folders;
    std::string_view rest = places.path;
    while (!rest.empty()) {
        const auto colon = std::min(rest.find(':'), rest.size());
        if (colon > 0) folders.emplace_back(rest.substr(0, colon));
        rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
    std::error_code none;
    for (const auto& major : fs::directory_iterator(places.majors, none)) {
        folders.push_back(major.path() / "bin");
    }
    return folders;
}

// Not a script: Debian's /usr/bin/pg_dump is one, in Perl.
bool is_binary(const fs::path& program) {
    std::error_code none;
    if (access(program.c_str(), X_OK) != 0 || !fs::is_regular_file(program, none)) return false;
    std::ifstream file(program, std::ios::binary);
    return file.get() != '#' || file.get() != '!';
}

// "pg_dump (PostgreSQL) 16.4 (Debian 16.4-1)", "… 17beta2".
std::optional<ClientTool> asked(const fs::path& program, base::Deadline deadline) {
    auto finished =
        base::run({.arguments = {program, "--version"}, .inherits = base::Environment::bare},
                  deadline.at_most(k_patience));
    if (!finished || finished->exit_code != 0) return std::nullopt;
    constexpr std::string_view k_before = "(PostgreSQL) ";
    const auto at = finished->out.find(k_before);
    if (at == std::string::npos) return std::nullopt;
    ClientTool tool{program};
    const char* end = finished->out.data() + finished->out.size();
    const auto [next, problem] =
        std::from_chars(finished->out.data() + at + k_before.size(), end, tool.major);
    if (problem != std::errc()) return std::nullopt;
    if (next < end && *next == '.') std::from_chars(next + 1, end, tool.minor);
    return tool;
}

}  // namespace

base::Result<ClientTool> find_tool(const std::string& name, int major, const ToolPlaces& places,
                                   base::Deadline deadline) {
    std::optional<ClientTool> newest;
    for (const auto& folder : folders_of(places)) {
        const auto program = folder / name;
        if (!is_binary(program)) continue;
        const auto tool = asked(program, deadline);
        if (!tool) continue;
        if (!newest ||
            std::pair(tool->major, tool->minor) > std::pair(newest->major, newest->minor)) {
            newest = tool;
        }
    }
    if (newest && newest->major >= major) return *newest;
    return base::fail(
        base::ErrorKind::not_found,
        newest
            ? fmt::format("{} of Postgres {} or newer is needed, and the newest here is {}.{}, {}",
                          name, major, newest->major, newest->minor, newest->path.string())
            : fmt::format("{} is needed, of Postgres {} or newer, and there is none here", name,
                          major),
        fmt::format("apt-get install postgresql-client-{} (majors that Debian does not have are at "
                    "https://apt.postgresql.org)",
                    major));
}

}  // namespace sources
