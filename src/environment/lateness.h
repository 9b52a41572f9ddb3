// SPDX-License-Identifier: Apache-2.0
//
// Lateness: events come late, twice and out of order, so a create or delete that proves itself
// older than what was done since is refused. Without proof nothing is late. Internal to this room.
#pragma once

#include <optional>
#include <string>

#include "environment/plan.h"

namespace environment::planning {

// Whether what a caller says of its event can prove anything: its time, or pull request and commit.
bool has_evidence(const std::optional<Time>& event_at, const std::optional<int>& pull_request,
                  const std::string& commit);

// Fails late where the wish proves itself older than the removal of what had its name. Forced, it
// answers how; empty where there is nothing to force.
base::Result<std::string> why_late(const CreateWish& wish, const Facts& facts);

// Fails late where the environment was created for a later event than the one that its removal is
// for, and where it is no longer as whoever decided on the removal saw it.
base::Result<void> check_not_overtaken(const Wish& wish, const Facts& facts);

}  // namespace environment::planning
