// SPDX-License-Identifier: Apache-2.0
//
// What a template was made from, as one short text that changes when any of it does.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sources {

// SHA-256 in hexadecimal over all files at and below `paths`: their names below the path that was
// given, and their contents, in an order that neither the file system nor the caller's decides. A
// symbolic link counts with what it says, and is not followed, unless it was given itself. Left out
// are what is called .git, and what is neither file, folder nor link. Fails invalid_input for a
// path that is not there, denied for what cannot be read.
base::Result<std::string> digest_of(const std::vector<std::string>& paths);

}  // namespace sources
