// SPDX-License-Identifier: Apache-2.0
//
// The unix user that a private Postgres runs as: ourselves, unless we are root, which Postgres
// refuses to be.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/subprocess.h"

namespace local {

struct ServerUser {
    std::string name;
    base::UnixUser id;
};

// The user to run a new Postgres as: `postgres`, else `nobody`; nothing when we are not root and it
// runs as ourselves. Fails not_found when there is neither.
base::Result<std::optional<ServerUser>> choose_server_user();

// The user that owns `folder`, which must exist; nothing when that is ourselves. Fails denied for
// another user's folder unless we are root, and for root's own.
base::Result<std::optional<ServerUser>> owner_of(const std::filesystem::path& folder);

// Fails denied, naming the first folder on the way to `folder`, itself included, that `user` cannot
// enter. Forks, to ask the kernel as that user.
base::Result<void> check_reachable(const std::filesystem::path& folder, const ServerUser& user);

// Gives `file` to `user`; nothing to do without one. Fails denied.
base::Result<void> give(const std::filesystem::path& file, const std::optional<ServerUser>& user);

}  // namespace local
