// SPDX-License-Identifier: Apache-2.0
//
// Prints an environment's variables in the form that a shell or a tool reads. Pure. Every result
// contains the password.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace cli {

using Exported = std::map<std::string, base::Secret>;

// Writes `variables` in one of these formats; any other word means env:
// - env: `export` lines for a POSIX shell, which also unset the variables that would lead libpq to
//   another server;
// - fish: the same for fish;
// - dotenv: KEY=VALUE without quotes, as `docker --env-file` reads it;
// - gitlab: the same for a dotenv report of GitLab;
// - json: one object.
// Fails invalid_input for a value that the format cannot carry; the message names the variable and
// never quotes the value.
base::Result<std::string> formatted(std::string_view format, const Exported& variables);

}  // namespace cli
