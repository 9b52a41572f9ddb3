// SPDX-License-Identifier: Apache-2.0
//
// Which repository a git remote means, in one spelling for all the ways to reach it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace environment {

// `host/owner/name` of a remote (https://, ssh://, git://, or git@host:path), with the host in
// lower case and nothing of user, password, port, query or a final `.git`. Nothing for a local path
// and for whatever could carry a password on.
std::optional<std::string> parse_repository(std::string_view remote);

}  // namespace environment
