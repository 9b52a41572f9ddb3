// SPDX-License-Identifier: Apache-2.0
#include "load_mix.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "plot.h"

namespace bench {

namespace {

struct Percentile {
    std::string_view name;
    double part;
};
constexpr std::array k_percentiles{Percentile{"p50", 0.5}, Percentile{"p90", 0.9},
                                   Percentile{"p99", 0.99}, Percentile{"max", 1}};

std::vector<double> of_all_verbs(const Tally& tally) {
    std::vector<double> all;
    for (const auto& [verb, times] : tally.milliseconds) {
        all.insert(all.end(), times.begin(), times.end());
    }
    return all;
}

boost::json::object latency(const std::vector<double>& times) {
    boost::json::object object{{"calls", times.size()}};
    for (const auto& [name, part] : k_percentiles) object[name] = percentile(times, part);
    return object;
}

std::string line(std::string_view what, const std::vector<double>& times) {
    auto text = fmt::format("  {:<16}{:>8}", what, times.size());
    for (const auto& one : k_percentiles)
        text += fmt::format("{:>9.1f}", percentile(times, one.part));
    return text + "\n";
}

}  // namespace

double percentile(std::vector<double> values, double part) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const auto rank = std::ceil(part * static_cast<double>(values.size()));
    return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

std::string to_text(const Mixed& mixed) {
    const auto& tally = mixed.shift.tally;
    auto text = fmt::format("{} workers, {:.1f} calls/s\n  {:<16}{:>8}", mixed.workers,
                            mixed.shift.throughput(), "milliseconds", "calls");
    for (const auto& one : k_percentiles) text += fmt::format("{:>9}", one.name);
    text += "\n";
    for (const auto& [verb, times] : tally.milliseconds) text += line(to_text(verb), times);
    text += line("all", of_all_verbs(tally));
    for (const auto& [kind, often] : tally.errors) {
        text += fmt::format("  error {:<10}{:>8}\n", kind, often);
    }
    return text;
}

std::string to_json(const std::vector<Mixed>& all) {
    boost::json::array loads;
    for (const auto& [workers, shift] : all) {
        boost::json::object verbs;
        for (const auto& [verb, times] : shift.tally.milliseconds) {
            verbs[to_text(verb)] = latency(times);
        }
        boost::json::object errors;
        for (const auto& [kind, often] : shift.tally.errors) errors[kind] = often;
        loads.push_back(boost::json::object{{"workers", workers},
                                            {"seconds", shift.seconds},
                                            {"throughput", shift.throughput()},
                                            {"milliseconds", latency(of_all_verbs(shift.tally))},
                                            {"verbs", std::move(verbs)},
                                            {"errors", std::move(errors)}});
    }
    return boost::json::serialize(loads);
}

std::string to_svg(const std::vector<Mixed>& all) {
    Panel throughput{"calls a second, by workers", {}};
    Panel slowest{"99th percentile in ms, by workers", {}};
    for (const auto& [workers, shift] : all) {
        const auto label = std::to_string(workers);
        throughput.bars.push_back({label, shift.throughput()});
        slowest.bars.push_back({label, percentile(of_all_verbs(shift.tally), 0.99)});
    }
    return plot({throughput, slowest});
}

}  // namespace bench
