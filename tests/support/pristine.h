// SPDX-License-Identifier: Apache-2.0
//
// One initdb per run of ./dev test and major, in the folder REVIEWDB_TEST_PRISTINE, or per test
// program without that variable; every cluster is a copy of its outcome.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "local/installation.h"
#include "local/unix_user.h"
#include "support/temp_folder.h"

namespace support {

inline constexpr const char* k_superuser = "test_superuser";

// How the name of a folder of this process begins: "pristine" or "cluster". The next run removes
// those of processes that are dead.
std::string prefix_of(std::string_view kind);

// The programs of `major`, and the unix user of the test servers. Throw std::runtime_error.
local::Installation installation_of(int major);
std::optional<local::ServerUser> server_user();

// The superuser's password in every cluster of this program, or of the run.
const base::Secret& superuser_password();

// Puts a fresh data folder at `target`. Throws std::runtime_error.
void copy_pristine(const local::Installation& installation, const std::filesystem::path& target);

// Copies `source`, with its owners and rights, to `target`, which must not be there. Throws
// std::runtime_error.
void copy_folder(const std::filesystem::path& source, const std::filesystem::path& target);

// Forgets what copy_pristine keeps in /tmp, at the end of the program.
void remove_pristine();

}  // namespace support
