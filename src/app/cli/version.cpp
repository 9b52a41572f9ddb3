// SPDX-License-Identifier: Apache-2.0
#include "app/cli/version.h"

#include <fmt/format.h>

#include <string_view>

#include "server/session.h"
#include "server/upgrade.h"

namespace cli {

std::string program_version() { return REVIEWDB_VERSION; }

std::string version_text() {
    const std::string_view commit = REVIEWDB_COMMIT;
    return fmt::format("reviewdb {}\nregistry schema {} to {}\ncommit {}\n", program_version(),
                       server::k_oldest_schema, server::schema_version(),
                       commit.empty() ? "unknown" : commit);
}

}  // namespace cli
