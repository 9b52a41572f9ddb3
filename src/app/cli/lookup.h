// SPDX-License-Identifier: Apache-2.0
//
// Finds the environment that a verb reads, and says what to do if it does not exist.
#pragma once

#include "app/cli/session.h"

namespace cli {

// Needs a connected session. Fails not_found with a hint to paste: restore it from the trash, use a
// similar name, or create it.
base::Result<environment::Description> find_environment(
    Session& session, const environment::Subject& subject,
    environment::Way way = environment::Way::advertised);

}  // namespace cli
