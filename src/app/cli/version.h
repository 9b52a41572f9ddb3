// SPDX-License-Identifier: Apache-2.0
//
// What this program is, for --version and for history.
#pragma once

#include <string>

namespace cli {

// Program and the registry schemas that it works with, ending in a newline.
std::string version_text();

}  // namespace cli
