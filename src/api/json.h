// SPDX-License-Identifier: Apache-2.0
//
// What programs read from any door, as indented JSON that ends in a newline. What is not known is
// null; times are RFC 3339 in UTC. Nothing here ever shows a password.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "environment/manager.h"

namespace api {

// One environment. `outcome` and `warm` (it came from the pool) stand in answers that have an
// outcome.
std::string to_json(const environment::Description& description,
                    std::optional<environment::Outcome> outcome, bool warm,
                    const std::vector<std::string>& remarks = {});

// {"environments": […]}
std::string list_json(const std::vector<environment::Description>& descriptions);

// {"outcome", "steps": [{"step", "reason"}], "remarks": […]}: what a plan does, or did.
std::string steps_json(environment::Outcome outcome, const std::vector<environment::Step>& steps,
                       const std::vector<std::string>& remarks);

// {"reports": [{"name", "project", "outcome", "steps"} or {"name", "project", "error"}]}
std::string reports_json(const std::vector<environment::Report>& reports);

// {"error": {"code", "message", "hint", "retryable"}}
std::string error_json(const base::Error& error);

// {"history": […]}, in the order given.
std::string history_json(const std::vector<environment::HistoryEntry>& entries);

// {"project", "at", "environments", "connections", …, "this_month"}: counts and bytes.
std::string usage_json(const environment::Usage& usage);

// {"policy": […]}: each value with where it comes from and what it means.
std::string policy_json(const std::vector<environment::PolicyValue>& values);

}  // namespace api
