// SPDX-License-Identifier: Apache-2.0
//
// The folder around the local server: whose it is, what lies in it, and the lock on it. Nothing is
// made, changed or removed in a folder that carries somebody else's files and no marker of ours.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/result.h"

namespace local {

// Held by the one program that makes, starts, stops or removes the server; freed when it dies.
class FolderLock {
   public:
    explicit FolderLock(int file) : file_(file) {}
    FolderLock(FolderLock&& other) noexcept;
    FolderLock& operator=(FolderLock&&) = delete;
    ~FolderLock();

   private:
    int file_;
};

class StateFolder {
   public:
    explicit StateFolder(const std::filesystem::path& folder);

    const std::filesystem::path& path() const { return folder_; }
    std::filesystem::path data() const { return folder_ / "data"; }
    std::filesystem::path log() const { return folder_ / "log"; }

    enum class Owner { nobody, us };
    // nobody: there is no such folder, or it is empty. Fails conflict when it is somebody else's,
    // denied when it may not be looked at.
    base::Result<Owner> owner() const;

    // Makes the folder, and makes it ours, when it is nobody's; then waits for the lock on it.
    // Fails as owner(), and overloaded when another program holds the lock past `deadline`.
    base::Result<FolderLock> take(base::Deadline deadline) const;
    // The same for a folder that is ours already; nothing when it is nobody's.
    base::Result<std::optional<FolderLock>> take_existing(base::Deadline deadline) const;

    // Small files beside the data folder, readable by nobody else.
    base::Result<std::optional<std::string>> read(std::string_view name) const;
    base::Result<void> write(std::string_view name, std::string_view content) const;
    base::Result<void> forget(std::string_view name) const;

    // Puts a log that has grown large aside, as log.1.
    void rotate_log() const;
    // Removes what writers left behind that were killed.
    void remove_leftovers() const;
    // Removes all that is ours, and the folder when nothing else is in it. Fails denied.
    base::Result<void> remove_all() const;

   private:
    std::filesystem::path marker() const;
    base::Result<void> make() const;
    base::Result<int> open_marker() const;
    base::Result<std::optional<FolderLock>> lock(int file, base::Deadline deadline) const;

    std::filesystem::path folder_;
};

// $XDG_STATE_HOME/reviewdb, else ~/.local/state/reviewdb; for root /var/lib/reviewdb, since the
// user that Postgres then runs as cannot enter /root. Fails invalid_input when there is no home.
base::Result<std::filesystem::path> default_state_dir();

}  // namespace local
