// SPDX-License-Identifier: Apache-2.0
#include "plot.h"

#include <fmt/format.h>

#include <algorithm>

namespace bench {

namespace {

constexpr int k_panel_width = 320;
constexpr int k_height = 240;
constexpr int k_margin = 20;
constexpr int k_floor = k_height - 40;  // where the bars stand
constexpr int k_tallest = k_floor - 60;

std::string label(double x, double y, std::string_view text) {
    return fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"middle\">{}</text>\n", x, y,
                       text);
}

std::string draw(const Panel& panel, int left) {
    auto svg = fmt::format("<g transform=\"translate({},0)\">\n", left);
    svg += label(k_panel_width / 2.0, k_margin, panel.title);
    double largest = 0;
    for (const auto& bar : panel.bars) largest = std::max(largest, bar.value);
    const auto count = static_cast<double>(panel.bars.size());
    const double place = (k_panel_width - 2.0 * k_margin) / std::max(count, 1.0);
    double x = k_margin;
    for (const auto& bar : panel.bars) {
        const double tall = largest > 0 ? k_tallest * bar.value / largest : 0;
        svg += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n",
                           x + place / 5, k_floor - tall, place * 3 / 5, tall);
        svg += label(x + place / 2, k_floor - tall - 6, fmt::format("{:.1f}", bar.value));
        svg += label(x + place / 2, k_floor + 18, bar.label);
        x += place;
    }
    svg += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>\n</g>\n", k_margin,
                       k_panel_width - k_margin, k_floor, k_floor);
    return svg;
}

}  // namespace

std::string plot(const std::vector<Panel>& panels) {
    const auto width = k_panel_width * static_cast<int>(panels.size());
    auto svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\">\n"
        "<style>text {{ font: 13px sans-serif }} rect {{ fill: #336791 }} "
        "line {{ stroke: black }}</style>\n"
        "<rect width=\"100%\" height=\"100%\" style=\"fill: white\"/>\n",
        width, k_height);
    int left = 0;
    for (const auto& panel : panels) {
        svg += draw(panel, left);
        left += k_panel_width;
    }
    return svg + "</svg>\n";
}

}  // namespace bench
