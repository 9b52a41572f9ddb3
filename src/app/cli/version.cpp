// SPDX-License-Identifier: Apache-2.0
#include "app/cli/version.h"

#include <fmt/format.h>

#include "server/session.h"

namespace cli {

std::string program_version() { return REVIEWDB_VERSION; }

std::string version_text() {
    return fmt::format("reviewdb {}\nregistry schema {} to {}\n", program_version(), 1,
                       server::k_schema_version);
}

}  // namespace cli
