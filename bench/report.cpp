// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "harness.h"

namespace bench {

namespace {

std::string processor() {
    std::ifstream facts("/proc/cpuinfo");
    for (std::string line; std::getline(facts, line);) {
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    }
    return "unknown";
}

boost::json::object machine(int postgres_major) {
    utsname system{};
    uname(&system);
    return {{"processors", sysconf(_SC_NPROCESSORS_ONLN)},
            {"processor", processor()},
            {"system", fmt::format("{} {}", system.sysname, system.release)},
            {"architecture", system.machine},
            {"postgres", postgres_major}};
}

std::string verdict(double value, double bar) { return value <= bar ? "" : "over"; }

}  // namespace

double median(std::vector<double> values) {
    if (values.empty()) throw std::runtime_error("nothing was measured");
    std::ranges::sort(values);
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void Comparison::measure(const std::function<double()>& our_deed,
                         const std::function<double()>& its_deed) {
    const bool ours_first = ours.size() % 2 == 0;
    if (ours_first) ours.push_back(our_deed());
    floor.push_back(its_deed());
    if (!ours_first) ours.push_back(our_deed());
}

double Comparison::ratio() const {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / floor.at(i));
    return median(ratios);
}

Comparison& Report::compare(std::string what, std::string yardstick, double bar) {
    return comparisons_.emplace_back(Comparison{std::move(what), std::move(yardstick), bar});
}

Peak& Report::watch(std::string what, std::string unit, double bar) {
    return peaks_.emplace_back(Peak{std::move(what), std::move(unit), bar});
}

void Report::remark(std::string sentence) { remarks_.push_back(std::move(sentence)); }

void Report::attach(std::string key, std::string json) {
    attached_[std::move(key)] = std::move(json);
}

void Report::print() const {
    if (!comparisons_.empty()) print_comparisons();
    if (!peaks_.empty()) fmt::print("\n{:<34}{:>9}{:>7}\n", "at most", "", "bar");
    for (const auto& one : peaks_) {
        fmt::print("{:<34}{:>9.1f}{:>7.0f} {}  {}\n", one.what, one.value, one.bar, one.unit,
                   verdict(one.value, one.bar));
    }
    fmt::print("\n");
    for (const auto& sentence : remarks_) fmt::print("{}\n", sentence);
}

void Report::print_comparisons() const {
    fmt::print("{:<24}{:>9}  {:<22}{:>9}{:>8}{:>7}{:>8}\n", "", "ms", "yardstick", "ms", "ratio",
               "bar", "rounds");
    for (const auto& one : comparisons_) {
        fmt::print("{:<24}{:>9.1f}  {:<22}{:>9.1f}{:>8.2f}{:>7.2f}{:>8}  {}\n", one.what,
                   median(one.ours), one.yardstick, median(one.floor), one.ratio(), one.bar,
                   one.ours.size(), verdict(one.ratio(), one.bar));
    }
}

std::filesystem::path results_folder() {
    std::filesystem::path folder(REVIEWDB_BENCH_RESULTS);
    std::filesystem::create_directories(folder);
    return folder;
}

void Report::publish(std::string_view name, Length length, int postgres_major) const {
    print();
    boost::json::array comparisons;
    for (const auto& one : comparisons_) {
        comparisons.push_back(boost::json::object{{"what", one.what},
                                                  {"yardstick", one.yardstick},
                                                  {"ours", median(one.ours)},
                                                  {"floor", median(one.floor)},
                                                  {"ratio", one.ratio()},
                                                  {"bar", one.bar},
                                                  {"rounds", one.ours.size()}});
    }
    boost::json::array peaks;
    for (const auto& one : peaks_) {
        peaks.push_back(boost::json::object{
            {"what", one.what}, {"value", one.value}, {"unit", one.unit}, {"bar", one.bar}});
    }
    boost::json::object all{{"name", name},
                            {"machine", machine(postgres_major)},
                            {"comparisons", std::move(comparisons)},
                            {"peaks", std::move(peaks)},
                            {"remarks", boost::json::value_from(remarks_)}};
    for (const auto& [key, text] : attached_) all[key] = boost::json::parse(text);
    const auto file =
        results_folder() / fmt::format("{}{}.json", name, length == Length::smoke ? "-smoke" : "");
    std::ofstream(file) << boost::json::serialize(all) << '\n';
    fmt::print("{}\n", file.string());
}

}  // namespace bench
