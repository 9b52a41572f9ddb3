// SPDX-License-Identifier: Apache-2.0
//
// Which repository a git remote means, in one spelling for all the ways to reach it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "environment/name.h"

namespace environment {

// `host/owner/name` of a remote (https://, ssh://, git://, or git@host:path), with the host in
// lower case and nothing of user, password, port, query or a final `.git`. Nothing for a local path
// and for whatever could carry a password on.
std::optional<std::string> parse_repository(std::string_view remote);

// What stands for a repository without such a remote: the folder of its objects, `HOST:/FOLDER`, or
// `/FOLDER` with an empty `host`. A final `/.git` is left out. A folder that is too long to be
// recorded, or no clean text, is replaced by its digest.
std::string repository_at(std::string_view host, std::string_view folder);

// The project of a repository on a server where the caller configured none: the last word of
// `repository`, as far as a project's name can hold it, and six letters of its digest.
Project project_of(std::string_view repository);

}  // namespace environment
