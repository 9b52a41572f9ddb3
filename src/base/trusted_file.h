// SPDX-License-Identifier: Apache-2.0
//
// Files that are believed only if nobody but the caller and root can have written them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

namespace base {

enum class Links {
    refused,   // the file itself must be a plain one
    followed,  // and what the link leads to is judged as well
};

// The content of `path`, an absolute path; nothing when no file is there. Fails denied, with the
// file or folder that others can change: it and each folder above it must belong to the effective
// user or root, and must not be writable by others (a sticky folder, as /tmp, may be; a group may
// write if it is the user's private one). Fails denied for anything but a plain file and for a
// file of more than a mebibyte. Does not block.
Result<std::optional<std::string>> read_trusted_file(const std::filesystem::path& path,
                                                     Links links);

// True for a folder in which every user may make files.
bool is_open_to_all(const std::filesystem::path& folder);

}  // namespace base
