// SPDX-License-Identifier: Apache-2.0
//
// What a load came to: its figures printed, as JSON, and as a picture.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "load_worker.h"

namespace bench {

struct Mixed {
    std::size_t workers;
    Shift shift;
};

// Nearest rank; `part` of 1 is the largest. Zero of nothing.
double percentile(std::vector<double> values, double part);

// Throughput, latency by verb, errors by kind: lines for a person.
std::string to_text(const Mixed& mixed);
std::string to_json(const std::vector<Mixed>& all);
// Throughput and the slowest calls, by workers.
std::string to_svg(const std::vector<Mixed>& all);

}  // namespace bench
