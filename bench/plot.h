// SPDX-License-Identifier: Apache-2.0
//
// A small picture of figures: panels of bars, each scaled by its largest.
#pragma once

#include <string>
#include <vector>

namespace bench {

struct Bar {
    std::string label;
    double value;
};

struct Panel {
    std::string title;  // with the unit
    std::vector<Bar> bars;
};

// As SVG, side by side.
std::string plot(const std::vector<Panel>& panels);

}  // namespace bench
