// SPDX-License-Identifier: Apache-2.0
//
// What the verbs print of environments, for people. Pure.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "environment/manager.h"

namespace cli {

// KEY=VALUE words. Fails invalid_input, naming the word.
base::Result<environment::Labels> parse_labels(const std::vector<std::string>& words);

// One environment, a line for each thing known of it.
std::string details(const environment::Description& description,
                    std::optional<environment::Outcome> outcome,
                    std::chrono::system_clock::time_point now);

// A row for each environment.
std::string overview(const std::vector<environment::Description>& descriptions, bool with_projects,
                     bool with_sizes, std::chrono::system_clock::time_point now);

// What was done, a row for each: with whose it was, and what a removal took along.
enum class Names { leave_out, show };
std::string history_lines(const std::vector<environment::HistoryEntry>& entries, Names names);

// What all of it takes, and what was removed this month.
std::string usage_lines(const environment::Usage& usage);

// What a plan does and why, a line for each step.
std::string step_lines(const std::vector<environment::Step>& steps);
// What became of many, a row for each.
std::string report_lines(const std::vector<environment::Report>& reports);
// The exit code of a call about many: that of the worst failure, in the order 1, 5, 4, 8, 3, 2, 6,
// from a bug to what may succeed if it is tried again; 7 for one that differs, if `drift` counts;
// else 0.
enum class Drift { ignored, counts };
int exit_code_of(const std::vector<environment::Report>& reports, Drift drift);

}  // namespace cli
