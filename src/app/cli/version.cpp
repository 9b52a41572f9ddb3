// SPDX-License-Identifier: Apache-2.0
#include "app/cli/version.h"

#include <fmt/format.h>

#include "base/version.h"
#include "server/session.h"
#include "server/upgrade.h"

namespace cli {

std::string version_text() {
    const auto commit = base::program_commit();
    return fmt::format("reviewdb {}\nregistry schema {} to {}\ncommit {}\n",
                       base::program_version(), server::k_oldest_schema, server::schema_version(),
                       commit.empty() ? "unknown" : commit);
}

}  // namespace cli
