// SPDX-License-Identifier: Apache-2.0
//
// A Postgres data folder: made once, configured before each start. Knows nothing of the folder
// around it, nor of running servers. The caller sees to it that two do not work on one at once.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/deadline.h"
#include "base/result.h"
#include "base/secret.h"
#include "local/installation.h"
#include "local/unix_user.h"

namespace local {

enum class Durability { on_disk, none };

struct NewDataFolder {
    std::filesystem::path path;      // must not exist
    std::optional<ServerUser> user;  // who will own it and run Postgres on it
    std::string superuser;
    base::Secret password;
    Durability durability = Durability::on_disk;
};

// Runs initdb: UTF-8, SCRAM for every connection. The folder appears under its name only when it is
// complete; a crash leaves `<path>.new-…` entries behind (see remove_leftovers). Blocks on initdb,
// about a second. Fails denied, deadline, or internal with what initdb said.
base::Result<void> make_data_folder(const Installation& installation, const NewDataFolder& wanted,
                                    base::Deadline deadline);

// Removes what interrupted writers left beside `wanted`: `<wanted>.new-…`. Never fails; waits up to
// two seconds for an initdb that was orphaned to give up.
void remove_leftovers(const std::filesystem::path& wanted);

// The major that made the data folder. Fails internal when it does not say.
base::Result<int> major_of(const std::filesystem::path& data);

using Settings = std::map<std::string, std::string>;

// Makes `settings` (plain values, quoted here) those that the next start reads, over
// postgresql.conf and under ALTER SYSTEM. Fails denied, internal.
base::Result<void> write_settings(const std::filesystem::path& data, const Settings& settings,
                                  const std::optional<ServerUser>& user);

}  // namespace local
