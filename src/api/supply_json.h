// SPDX-License-Identifier: Apache-2.0
//
// Templates and the pool as JSON, in the manner of json.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "environment/manager.h"

namespace api {

// {"name", "project", "state", "outcome", "source", "digest", "size_bytes", "clones", "warm",
// "default", "created_at", "refreshed_at"}; the outcome where there is one.
std::string template_json(const environment::TemplateDescription& found,
                          std::optional<environment::Outcome> outcome);
// {"name", "project", "outcome"}, and with a dry run its steps.
std::string template_outcome_json(const environment::TemplateSubject& subject,
                                  const environment::Answer& answer);
// {"templates": […]}
std::string templates_json(const std::vector<environment::TemplateDescription>& found);

// {"pool": [{"template", "target", "warm", "building", "stale"}], "connections", …}; after some
// work also what was done: "built", "retired", and "held", why not more.
std::string pool_json(const environment::PoolFacts& facts,
                      const std::optional<environment::PoolReport>& report);

}  // namespace api
