// SPDX-License-Identifier: Apache-2.0
//
// The operator's connection string: shown once when it is made, or put where it was asked for.
#pragma once

#include "app/cli/session.h"
#include "pg/connection_info.h"

namespace cli {

// To the file of --save-operator, else into the folder of --secrets file:DIR, else to standard
// output, masked first in GitHub Actions.
base::Result<void> hand_over_operator(Session& session, const pg::ConnectionInfo& login);

// A new password for the operator, by the operator or whoever may act as the manager.
base::Result<int> rotate_operator(Session& session);

}  // namespace cli
