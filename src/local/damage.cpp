// SPDX-License-Identifier: Apache-2.0
#include "local/damage.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "base/file.h"

namespace local {

namespace {

using std::filesystem::path;

// What initdb of Postgres 15 to 18 makes, and no server removes.
constexpr const char* k_parts[] = {
    "PG_VERSION",
    "global/pg_control",
    "global/pg_filenode.map",
    "base/1",
    "base",
    "pg_wal",
    "pg_xact",
    "pg_multixact/members",
    "pg_subtrans",
    "pg_tblspc",
    "pg_twophase",
    "pg_logical",
    "pg_notify",
    "pg_replslot",
    "pg_commit_ts",
    "pg_dynshmem",
    "pg_serial",
    "pg_snapshots",
    "pg_multixact/offsets",
    "pg_stat",
    "pg_stat_tmp",
    "postgresql.conf",
    "pg_hba.conf",
};

pid_t pid_of(const path& process) {
    const auto name = process.filename().string();
    pid_t pid = 0;
    std::from_chars(name.data(), name.data() + name.size(), pid);
    return pid;
}

// The kernel marks the working folder of a process that was removed.
std::vector<pid_t> servers_in_removed(const path& data) {
    std::vector<pid_t> found;
    const auto removed = data.string() + " (deleted)";
    std::error_code ignored;
    for (const auto& process : std::filesystem::directory_iterator("/proc", ignored)) {
        const pid_t pid = pid_of(process.path());
        if (pid <= 0) continue;
        std::error_code problem;
        const auto folder = std::filesystem::read_symlink(process.path() / "cwd", problem);
        if (problem || folder.string() != removed) continue;
        const auto name = base::read_file((process.path() / "comm").string());
        if (name && *name && (*name)->starts_with("postgres")) found.push_back(pid);
    }
    return found;
}

}  // namespace

std::optional<path> missing_part_of(const path& data) {
    for (const auto* part : k_parts) {
        std::error_code problem;
        const bool there = std::filesystem::exists(data / part, problem);
        // What cannot be looked at is not missing.
        if (!there && !problem) return data / part;
    }
    return std::nullopt;
}

base::Result<void> check_complete(const path& data) {
    const auto missing = missing_part_of(data);
    if (!missing) return {};
    return base::fail(
        base::ErrorKind::unavailable,
        fmt::format("the local server's data is damaged: {} is missing", missing->string()),
        "restore the folder from a backup, or remove the server with its databases: reviewdb "
        "local remove");
}

bool lost_shared_memory(pid_t postmaster) {
    const auto maps = base::read_file(fmt::format("/proc/{}/maps", postmaster));
    if (!maps || !*maps) return false;
    std::string_view rest = **maps;
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        // System V segments, which servers remove themselves, are called /SYSV… there.
        if (line.find("/dev/shm/PostgreSQL.") != std::string_view::npos &&
            line.ends_with(" (deleted)")) {
            return true;
        }
    }
    return false;
}

void end_servers_of_removed(const path& data, base::Deadline deadline) {
    constexpr auto k_pause = std::chrono::milliseconds(10);
    for (auto left = servers_in_removed(data); !left.empty(); left = servers_in_removed(data)) {
        // There is nothing left that an orderly shutdown could write to.
        for (const auto pid : left) kill(pid, SIGKILL);
        if (deadline.passed()) return;
        std::this_thread::sleep_for(k_pause);
    }
}

}  // namespace local
