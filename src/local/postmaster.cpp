// SPDX-License-Identifier: Apache-2.0
#include "local/postmaster.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>
#include <thread>

#include "base/file.h"

namespace local {

namespace {

using base::ErrorKind;
using base::fail;
using std::filesystem::path;
using namespace std::chrono_literals;

// How long the children of a killed postmaster get to notice and end by themselves.
constexpr auto k_orphan_patience = 3s;
constexpr auto k_poll_interval = 5ms;

path pid_file(const path& data) { return data / "postmaster.pid"; }

int to_number(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// Lines 1, 4 and 8 of postmaster.pid; nothing where the file does not say.
std::optional<Postmaster> parse_pid_file(std::string_view text) {
    constexpr std::size_t k_pid = 0;
    constexpr std::size_t k_port = 3;
    constexpr std::size_t k_status = 7;
    std::array<std::string_view, 8> lines;
    for (auto& line : lines) {
        line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
    const int pid = to_number(lines[k_pid]);
    if (pid <= 0) return std::nullopt;
    return Postmaster{pid, to_number(lines[k_port]), lines[k_status].starts_with("ready")};
}

// Every process of a server works in its data folder and is called postgres; a pid alone may long
// belong to something else. A zombie works nowhere.
bool serves(pid_t pid, const struct stat& data) {
    const auto process = fmt::format("/proc/{}", pid);
    struct stat folder {};
    if (stat((process + "/cwd").c_str(), &folder) != 0) return false;
    if (folder.st_dev != data.st_dev || folder.st_ino != data.st_ino) return false;
    const auto name = base::read_file(process + "/comm");
    return name && *name &&
           ((*name)->starts_with("postgres") || (*name)->starts_with("postmaster"));
}

base::Result<std::optional<Postmaster>> read_pid_file(const path& data) {
    BASE_TRY_ASSIGN(const auto text, base::read_file(pid_file(data)));
    return text ? parse_pid_file(*text) : std::nullopt;
}

// Takes the exit status of a child of ours that has ended; nobody else's.
bool reap(pid_t pid) { return waitpid(pid, nullptr, WNOHANG) == pid; }

// Whether the server process `pid` has ended. Postgres removes postmaster.pid a moment before that.
bool has_ended(pid_t pid, const path& data) {
    const auto reaped = waitpid(pid, nullptr, WNOHANG);
    if (reaped >= 0) return reaped == pid;
    struct stat folder {};
    return stat(data.c_str(), &folder) != 0 || !serves(pid, folder);
}

bool wait_for_end_of_all(const path& data, base::Deadline deadline) {
    while (!processes_of(data).empty()) {
        if (deadline.passed()) return false;
        std::this_thread::sleep_for(k_poll_interval);
    }
    return true;
}

void signal_all(const path& data, int signal) {
    for (const auto pid : processes_of(data)) kill(pid, signal);
}

// Postgres takes any living process under the number in postmaster.pid for a server, and a file it
// cannot read for a running one. Whoever calls has seen that nothing serves the folder.
base::Result<void> clear_stale(const path& data, base::Deadline deadline) {
    const auto patience =
        std::chrono::duration_cast<base::Deadline::Milliseconds>(k_orphan_patience);
    if (!wait_for_end_of_all(data, deadline.at_most(patience))) {
        signal_all(data, SIGQUIT);
        if (!wait_for_end_of_all(data, deadline.at_most(patience))) signal_all(data, SIGKILL);
        if (!wait_for_end_of_all(data, deadline)) {
            return fail(ErrorKind::deadline,
                        fmt::format("processes of a dead server still work on {}", data.string()));
        }
    }
    BASE_TRY_ASSIGN(const auto named, read_pid_file(data));
    const bool dead = named && kill(named->pid, 0) != 0 && errno == ESRCH;
    if (!dead && unlink(pid_file(data).c_str()) != 0 && errno != ENOENT) {
        return fail(ErrorKind::denied, fmt::format("cannot remove the stale {}: {}",
                                                   pid_file(data).string(), strerror(errno)));
    }
    return {};
}

// The size of the log before a start, so that a failure is looked for in what came after.
base::Result<std::size_t> prepare_log(const Launch& launch) {
    const int file =
        open(launch.log.c_str(),
             O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
    if (file < 0) {
        return fail(ErrorKind::denied, fmt::format("cannot write the server's log {}: {}",
                                                   launch.log.string(), strerror(errno)));
    }
    struct stat facts {};
    fstat(file, &facts);
    // Another name of a file elsewhere would be given away with it.
    const bool plain = S_ISREG(facts.st_mode) && facts.st_nlink == 1;
    const bool given =
        plain && (!launch.user || fchown(file, launch.user->id.uid, launch.user->id.gid) == 0);
    close(file);
    if (given) return static_cast<std::size_t>(facts.st_size);
    return fail(ErrorKind::denied,
                fmt::format("the server's log {} is not a plain file of {}", launch.log.string(),
                            launch.user ? launch.user->name : "this user"),
                "remove it; the next start makes a new one");
}

// The last FATAL or PANIC line after `offset`, else the last line.
std::string last_complaint(const path& log, std::size_t offset) {
    const auto content = base::read_file(log);
    if (!content || !*content || (*content)->size() <= offset) return "(nothing)";
    std::string_view text = std::string_view(**content).substr(offset);
    std::string_view last;
    bool fatal = false;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const bool complains = line.find("FATAL:") != std::string_view::npos ||
                               line.find("PANIC:") != std::string_view::npos;
        if (!line.empty() && (complains || !fatal)) last = line;
        fatal = fatal || complains;
    }
    return std::string(last);
}

base::Result<pid_t> spawn_postgres(const Installation& installation, const Launch& launch) {
    base::Command postgres{
        .arguments = {(installation.bin / "postgres").string(), "-D", launch.data.string()},
        .inherits = base::Environment::bare,
        .folder = "/",
    };
    if (launch.user) postgres.user = launch.user->id;
    return base::spawn(postgres, launch.log.string(), launch.lifetime);
}

}  // namespace

base::Result<std::optional<Postmaster>> find_postmaster(const path& data) {
    BASE_TRY_ASSIGN(auto named, read_pid_file(data));
    struct stat folder {};
    if (!named || stat(data.c_str(), &folder) != 0) return std::optional<Postmaster>();
    if (!serves(named->pid, folder)) return std::optional<Postmaster>();
    return named;
}

std::vector<pid_t> processes_of(const path& data) {
    std::vector<pid_t> pids;
    struct stat folder {};
    if (stat(data.c_str(), &folder) != 0) return pids;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        const int pid = to_number(entry.path().filename().string());
        if (pid > 0 && serves(pid, folder)) pids.push_back(pid);
    }
    return pids;
}

base::Result<Postmaster> start_postmaster(const Installation& installation, const Launch& launch,
                                          base::Deadline deadline) {
    BASE_TRY(clear_stale(launch.data, deadline));
    BASE_TRY_ASSIGN(const auto log_start, prepare_log(launch));
    BASE_TRY_ASSIGN(const auto pid, spawn_postgres(installation, launch));
    for (;;) {
        if (reap(pid)) {
            return fail(ErrorKind::unavailable,
                        fmt::format("the server on {} did not start: {}", launch.data.string(),
                                    last_complaint(launch.log, log_start)),
                        fmt::format("its log is {}", launch.log.string()));
        }
        BASE_TRY_ASSIGN(const auto named, read_pid_file(launch.data));
        if (named && named->pid == pid && named->ready) return *named;
        if (deadline.passed()) {
            return fail(ErrorKind::deadline,
                        fmt::format("the server on {} is still starting: {}", launch.data.string(),
                                    last_complaint(launch.log, log_start)),
                        fmt::format("its log is {}", launch.log.string()));
        }
        std::this_thread::sleep_for(k_poll_interval);
    }
}

base::Result<Postmaster> wait_until_ready(const path& data, base::Deadline deadline) {
    for (;;) {
        BASE_TRY_ASSIGN(const auto found, find_postmaster(data));
        if (!found) {
            return fail(ErrorKind::unavailable,
                        fmt::format("the server on {} ended while it started", data.string()));
        }
        if (found->ready) return *found;
        if (deadline.passed()) {
            return fail(ErrorKind::deadline,
                        fmt::format("the server on {} is still starting", data.string()));
        }
        std::this_thread::sleep_for(k_poll_interval);
    }
}

base::Result<bool> stop_postmaster(const path& data, Shutdown how, base::Deadline deadline) {
    BASE_TRY_ASSIGN(const auto found, find_postmaster(data));
    if (!found) return false;
    if (kill(found->pid, how == Shutdown::fast ? SIGINT : SIGQUIT) != 0 && errno != ESRCH) {
        return fail(ErrorKind::denied, fmt::format("cannot stop the server on {}, process {}: {}",
                                                   data.string(), found->pid, strerror(errno)));
    }
    while (!has_ended(found->pid, data)) {
        if (deadline.passed()) {
            return fail(ErrorKind::deadline,
                        fmt::format("the server on {}, process {}, is still shutting down",
                                    data.string(), found->pid));
        }
        std::this_thread::sleep_for(k_poll_interval);
    }
    return true;
}

}  // namespace local
