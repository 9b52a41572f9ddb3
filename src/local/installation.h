// SPDX-License-Identifier: Apache-2.0
//
// Where the programs of a Postgres are on this machine. Reads the environment only where it says
// so; holds no state.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"

namespace local {

// The oldest major that reviewdb works with.
inline constexpr int k_oldest_major = 15;

struct Installation {
    std::filesystem::path bin;  // holds initdb and postgres
    int major = 0;
    std::string version;  // "15.8"
};

// Where to look. A `chosen` folder is the only one that counts.
struct SearchPlaces {
    std::optional<std::filesystem::path> chosen;
    std::vector<std::filesystem::path> folders;
};

// $REVIEWDB_PG_BIN as the choice; the folders of $PATH, and those where packages put the programs.
SearchPlaces places_of_environment();

// The installation whose programs are in `bin`. Runs `postgres --version`. Fails not_found when a
// program is missing, invalid_input when it does not answer like a Postgres.
base::Result<Installation> inspect_installation(const std::filesystem::path& bin,
                                                base::Deadline deadline);

// The newest installation in `places`, or the newest of `major` when that is given. Fails not_found
// with what to install as the hint, invalid_input for a choice that is empty, holds no Postgres or
// one that is too old.
base::Result<Installation> find_installation(const SearchPlaces& places, std::optional<int> major,
                                             base::Deadline deadline);

}  // namespace local
