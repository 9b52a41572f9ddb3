// SPDX-License-Identifier: Apache-2.0
//
// git in a working tree that others wrote: which of its settings count. A repository's own
// configuration can name programs (core.sshCommand, credential.helper, remote.NAME.uploadpack, …)
// and other addresses (url.X.insteadOf), so it is only read, value by value, and never obeyed.
#pragma once

#include <string>

#include "base/variables.h"

namespace branches {

// Adds a setting to those that git reads from its variables, which win over every file.
void configure(base::Variables& variables, const std::string& key, const std::string& value);

// The variables for a git that reads something of the repository at hand and contacts nobody. It
// finds no bare repository inside a checkout, runs no hook and no monitor, and asks nothing.
base::Variables for_reading(base::Variables variables);

// The variables for a git that contacts a remote: it finds no repository at all, so that only the
// settings of the user and the system count.
base::Variables for_contact(base::Variables variables);

}  // namespace branches
