// SPDX-License-Identifier: Apache-2.0
//
// The trash and a sweep's report as JSON, in the manner of json.h.
#pragma once

#include <string>
#include <vector>

#include "environment/manager.h"

namespace api {

// {"trash": [{"name", "project", "instance", "database", "template", "deleted_at", "keep_until",
// "by_reset", "restorable", "size_bytes"}]}
std::string trash_json(const std::vector<environment::Trashed>& found);

// {"found": [{"kind", "name", "database", "reason", "left", "due", "age_seconds", "size_bytes"}],
// "left": …, "unjudged": …, "remarks": […]}. `left` of a finding is why nothing was done about it,
// null where something was; the other is how many of what was due were left.
std::string sweep_json(const environment::SweepReport& report);

}  // namespace api
