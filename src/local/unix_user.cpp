// SPDX-License-Identifier: Apache-2.0
#include "local/unix_user.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace local {

namespace {

using base::ErrorKind;
using base::fail;
using std::filesystem::path;

constexpr int k_all_reachable = 255;

// The index of the first of `folders` that `user` cannot enter, or k_all_reachable.
int first_closed(const std::vector<std::string>& folders, const base::UnixUser& user) {
    const pid_t child = fork();
    if (child == 0) {
        if (setgroups(0, nullptr) != 0 || setgid(user.gid) != 0 || setuid(user.uid) != 0) _exit(0);
        int index = 0;
        for (const auto& folder : folders) {
            if (access(folder.c_str(), X_OK) != 0) _exit(index);
            ++index;
        }
        _exit(k_all_reachable);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

}  // namespace

base::Result<std::optional<ServerUser>> choose_server_user() {
    if (geteuid() != 0) return std::optional<ServerUser>();
    for (const char* name : {"postgres", "nobody"}) {
        if (const passwd* entry = getpwnam(name)) {
            return std::optional(ServerUser{name, {entry->pw_uid, entry->pw_gid}});
        }
    }
    return fail(
        ErrorKind::not_found,
        "Postgres does not run as root, and there is neither a user 'postgres' nor 'nobody'",
        "run as another user, or make one: useradd --system postgres");
}

base::Result<std::optional<ServerUser>> owner_of(const path& folder) {
    struct stat facts {};
    if (stat(folder.c_str(), &facts) != 0) {
        return fail(ErrorKind::denied,
                    fmt::format("cannot look at {}: {}", folder.string(), strerror(errno)));
    }
    const passwd* entry = getpwuid(facts.st_uid);
    const std::string name = entry != nullptr ? entry->pw_name : fmt::format("{}", facts.st_uid);
    const bool ours = facts.st_uid == geteuid();
    if (ours && facts.st_uid != 0) return std::optional<ServerUser>();
    if (ours || geteuid() != 0) {
        return fail(ErrorKind::denied,
                    fmt::format("{} belongs to {}, as whom Postgres cannot be run here",
                                folder.string(), name),
                    ours ? "give it to the user that ran Postgres before"
                         : fmt::format("run as {}, or name another folder", name));
    }
    return std::optional(ServerUser{name, {facts.st_uid, facts.st_gid}});
}

base::Result<void> check_reachable(const path& folder, const ServerUser& user) {
    std::vector<std::string> way;
    path so_far;
    for (const auto& part : std::filesystem::absolute(folder).lexically_normal()) {
        so_far /= part;
        if (way.size() + 1 < k_all_reachable) way.push_back(so_far.string());
    }
    const int closed = first_closed(way, user.id);
    if (closed == k_all_reachable) return {};
    return fail(
        ErrorKind::denied,
        fmt::format("Postgres does not run as root; it would run as '{}', which cannot enter {}",
                    user.name, way.at(static_cast<std::size_t>(closed))),
        "keep the local server where that user can reach it: REVIEWDB_STATE_DIR=/var/lib/reviewdb");
}

base::Result<void> give(const path& file, const std::optional<ServerUser>& user) {
    if (!user || lchown(file.c_str(), user->id.uid, user->id.gid) == 0) return {};
    return fail(ErrorKind::denied, fmt::format("cannot give {} to '{}': {}", file.string(),
                                               user->name, strerror(errno)));
}

}  // namespace local
