// SPDX-License-Identifier: Apache-2.0
//
// The few file operations that have to be exact: whole reads, and writes that a crash cannot halve.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

// The whole file; nothing when there is none. Fails `denied` or `internal`.
Result<std::optional<std::string>> read_file(const std::filesystem::path& path);

// Puts `content` at `path` so that a reader sees the old or the new content, never a part, also
// after a power failure: written beside it with `mode`, synced, renamed. Fails `denied`,
// `internal`.
Result<void> write_file(const std::filesystem::path& path, std::string_view content, mode_t mode);

// Makes `path` and its missing parents, each with `mode`; fails `denied` when it cannot.
Result<void> make_folder(const std::filesystem::path& path, mode_t mode);

}  // namespace base
