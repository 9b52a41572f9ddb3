// SPDX-License-Identifier: Apache-2.0
#include "base/version.h"

namespace base {

std::string program_version() { return REVIEWDB_VERSION; }
std::string program_commit() { return REVIEWDB_COMMIT; }

}  // namespace base
