// SPDX-License-Identifier: Apache-2.0
#include "local/state_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include "base/file.h"
#include "local/data_folder.h"

namespace local {

namespace {

using base::ErrorKind;
using base::fail;

// Also the lock: it comes first and goes last, so a folder with it is ours at every moment.
constexpr const char* k_marker = "reviewdb-local-server";
// The recipes of templates, which need no local server.
constexpr const char* k_recipes = "recipes";
constexpr std::array<const char*, 6> k_entries{"data", "log",           "log.1",
                                               "port", "administrator", "operator"};
constexpr std::uintmax_t k_largest_log = 10 << 20;
constexpr auto k_lock_interval = std::chrono::milliseconds(5);

tl::unexpected<base::Error> failed(const char* attempt, const std::filesystem::path& path,
                                   int reason) {
    const bool denied = reason == EACCES || reason == EPERM || reason == EROFS;
    return fail(
        denied ? ErrorKind::denied : ErrorKind::internal,
        fmt::format("cannot {} {}: {}", attempt, path.string(), strerror(reason)),
        denied ? "run as the user that owns it, or name another folder: REVIEWDB_STATE_DIR" : "");
}

// What root makes in another user's folder belongs to that user, who will want to use it later.
void give_to_owner_of(const std::filesystem::path& folder, const std::filesystem::path& file) {
    struct stat facts {};
    if (geteuid() != 0 || stat(folder.c_str(), &facts) != 0) return;
    [[maybe_unused]] const int ignored = lchown(file.c_str(), facts.st_uid, facts.st_gid);
}

bool same_file(int file, const std::filesystem::path& path) {
    struct stat opened {};
    struct stat named {};
    return fstat(file, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

FolderLock::FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
FolderLock::~FolderLock() {
    if (file_ >= 0) close(file_);
}

StateFolder::StateFolder(const std::filesystem::path& folder)
    : folder_(std::filesystem::absolute(folder).lexically_normal()) {
    if (!folder_.has_filename()) folder_ = folder_.parent_path();
}

std::filesystem::path StateFolder::marker() const { return folder_ / k_marker; }

base::Result<StateFolder::Owner> StateFolder::owner() const {
    if (access(marker().c_str(), F_OK) == 0) return Owner::us;
    if (errno == EACCES) return failed("look into", folder_, errno);
    std::error_code problem;
    const std::filesystem::directory_iterator entries(folder_, problem);
    if (problem == std::errc::no_such_file_or_directory) return Owner::nobody;
    if (problem && problem != std::errc::not_a_directory) {
        return failed("look into", folder_, problem.value());
    }
    const bool is_free = !problem && std::all_of(begin(entries), end(entries), [](const auto& one) {
        return one.path().filename() == k_recipes;
    });
    if (is_free) return Owner::nobody;
    // Somebody may have made it ours between the two looks.
    if (access(marker().c_str(), F_OK) == 0) return Owner::us;
    return fail(ErrorKind::conflict,
                fmt::format("{} is not a folder of reviewdb's local server: it holds other files, "
                            "and no file '{}'",
                            folder_.string(), k_marker),
                "name an empty or a new folder: REVIEWDB_STATE_DIR");
}

base::Result<void> StateFolder::make() const {
    const bool as_root = geteuid() == 0;
    const bool is_new = access(folder_.c_str(), F_OK) != 0;
    // Root's Postgres runs as another user, who has to pass through; each file guards itself.
    const mode_t mode = as_root ? 0755 : 0700;
    BASE_TRY(base::make_folder(folder_, mode));
    if (is_new && chmod(folder_.c_str(), mode) != 0) return failed("set up", folder_, errno);
    return {};
}

base::Result<int> StateFolder::open_marker() const {
    const int file = open(marker().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file >= 0) {
        give_to_owner_of(folder_, marker());
        return file;
    }
    if (errno == ENOENT) return -1;
    return failed("write", marker(), errno);
}

// Waits for the lock on the open marker, which it then owns; nothing when the marker was removed by
// whoever held the lock before.
base::Result<std::optional<FolderLock>> StateFolder::lock(int file, base::Deadline deadline) const {
    FolderLock lock(file);
    while (flock(file, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return failed("lock", marker(), errno);
        if (deadline.passed()) {
            return fail(ErrorKind::overloaded,
                        fmt::format("another program is starting or stopping the local server in "
                                    "{}, and is not done yet",
                                    folder_.string()));
        }
        std::this_thread::sleep_for(k_lock_interval);
    }
    if (!same_file(file, marker())) return std::optional<FolderLock>();
    return std::optional(std::move(lock));
}

base::Result<FolderLock> StateFolder::take(base::Deadline deadline) const {
    for (;;) {
        BASE_TRY_ASSIGN(const auto whose, owner());
        if (whose == Owner::nobody) BASE_TRY(make());
        BASE_TRY_ASSIGN(const auto file, open_marker());
        if (file < 0) continue;
        BASE_TRY_ASSIGN(auto held, lock(file, deadline));
        if (held) return std::move(*held);
    }
}

base::Result<std::optional<FolderLock>> StateFolder::take_existing(base::Deadline deadline) const {
    BASE_TRY_ASSIGN(const auto whose, owner());
    if (whose == Owner::nobody) return std::optional<FolderLock>();
    const int file = open(marker().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0 && errno == ENOENT) return std::optional<FolderLock>();
    if (file < 0) return failed("open", marker(), errno);
    return lock(file, deadline);
}

base::Result<std::optional<std::string>> StateFolder::read(std::string_view name) const {
    return base::read_file(folder_ / name);
}

base::Result<void> StateFolder::write(std::string_view name, std::string_view content) const {
    BASE_TRY(base::write_file(folder_ / name, content, 0600));
    give_to_owner_of(folder_, folder_ / name);
    return {};
}

base::Result<void> StateFolder::forget(std::string_view name) const {
    const auto file = folder_ / name;
    if (unlink(file.c_str()) == 0 || errno == ENOENT) return {};
    return failed("remove", file, errno);
}

void StateFolder::rotate_log() const {
    std::error_code absent;
    const auto size = std::filesystem::file_size(log(), absent);
    if (!absent && size > k_largest_log) rename(log().c_str(), (folder_ / "log.1").c_str());
}

void StateFolder::remove_leftovers() const {
    for (const auto* entry : k_entries) local::remove_leftovers(folder_ / entry);
}

base::Result<void> StateFolder::remove_all() const {
    // Under the name of a leftover, so that a removal that is cut short leaves no half a server.
    auto dying = data();
    dying += ".new-removed";
    std::error_code problem;
    std::filesystem::remove_all(dying, problem);
    if (rename(data().c_str(), dying.c_str()) != 0 && errno != ENOENT) {
        return failed("remove", data(), errno);
    }
    std::filesystem::remove_all(dying, problem);
    if (problem) return failed("remove", dying, problem.value());
    for (const auto* entry : k_entries) BASE_TRY(forget(entry));
    remove_leftovers();
    BASE_TRY(forget(k_marker));
    // Stays when somebody has put something else there.
    rmdir(folder_.c_str());
    return {};
}

base::Result<std::filesystem::path> default_state_dir() {
    const char* state_home = getenv("XDG_STATE_HOME");
    // A relative path there is to be ignored (XDG Base Directory Specification).
    if (state_home != nullptr && *state_home == '/') {
        return std::filesystem::path(state_home) / "reviewdb";
    }
    if (geteuid() == 0) return std::filesystem::path("/var/lib/reviewdb");
    const char* home = getenv("HOME");
    const passwd* entry = getpwuid(geteuid());
    if ((home == nullptr || *home != '/') && entry != nullptr) home = entry->pw_dir;
    if (home != nullptr && *home == '/') {
        return std::filesystem::path(home) / ".local/state/reviewdb";
    }
    return fail(ErrorKind::invalid_input, "there is no home folder to keep the local server in",
                "name a folder: REVIEWDB_STATE_DIR");
}

}  // namespace local
