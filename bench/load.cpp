// SPDX-License-Identifier: Apache-2.0
//
// A server under load: mixed verbs from workers in one process, each with a session and
// environments of its own. And get and extend alone, beside pgbench that says the same from as many
// clients. --workers N and --seconds T choose another load than 1, 8 and 32 for ten seconds each.
#include <fmt/format.h>

#include <fstream>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "harness.h"
#include "load_mix.h"
#include "load_pg_bench.h"
#include "stand.h"

namespace {

using bench::Length;

struct Wanted {
    std::vector<std::size_t> workers{1, 8, 32};
    std::optional<double> seconds;
};

// Takes what is ours out of the words of main.
Wanted take_wanted(std::vector<char*>& words) {
    Wanted wanted;
    for (std::size_t i = 1; i < words.size();) {
        const std::string_view word(words[i]);
        if (word != "--workers" && word != "--seconds") {
            ++i;
            continue;
        }
        const double value = i + 1 < words.size() ? std::stod(words[i + 1]) : 0;
        if (value <= 0) throw std::runtime_error(fmt::format("{} takes a number", word));
        if (word == "--workers") wanted.workers = {static_cast<std::size_t>(value)};
        if (word == "--seconds") wanted.seconds = value;
        words.erase(words.begin() + static_cast<std::ptrdiff_t>(i),
                    words.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    }
    return wanted;
}

// Milliseconds for each call, of all clients together.
double pace(double throughput) { return 1000 / throughput; }

void compare(const bench::Stand& stand, std::size_t workers, Length length, bench::Report& report) {
    constexpr double k_least = 0.7;  // of pgbench's throughput
    const int rounds = length == Length::smoke ? 1 : 5;
    const int seconds = length == Length::smoke ? 1 : 3;
    const bench::PgBench yardstick(stand, workers);
    const auto ours = bench::hire(stand.login(), workers, 1);
    auto& comparison = report.compare(fmt::format("{} workers", workers), "pgbench", 1 / k_least);
    for (int i = 0; i < rounds; ++i) {
        comparison.measure(
            [&] {
                const auto shift = bench::work(ours, bench::k_two_verbs, seconds);
                if (!shift.tally.errors.empty()) throw std::runtime_error("get or extend failed");
                return pace(shift.throughput());
            },
            [&] { return pace(yardstick.throughput(seconds)); });
    }
    report.remark(fmt::format("get and extend from {} workers: {:.2f} of pgbench's throughput",
                              workers, 1 / comparison.ratio()));
}

void measure(Wanted wanted, Length length) {
    const bench::Stand stand;
    // Else every reset would leave a database.
    bench::output_of(stand.reviewdb({"config", "set", "trash_window=none", "--project", "load"}));
    bench::Report report;
    std::vector<bench::Mixed> all;
    if (length == Length::smoke) wanted.workers = {2};
    for (const auto workers : wanted.workers) {
        compare(stand, workers, length, report);
        const auto crew = bench::hire(stand.login(), workers, 2);
        const double seconds = wanted.seconds.value_or(length == Length::smoke ? 1 : 10);
        all.push_back({workers, bench::work(crew, bench::k_everything, seconds)});
        fmt::print("{}\n", bench::to_text(all.back()));
    }
    report.attach("loads", bench::to_json(all));
    report.publish("load", length, stand.major());
    const auto picture =
        bench::results_folder() / (length == Length::smoke ? "load-smoke.svg" : "load.svg");
    std::ofstream(picture) << bench::to_svg(all);
    fmt::print("{}\n", picture.string());
}

}  // namespace

int main(int count, char** words) {
    Wanted wanted;
    std::vector<char*> rest(words, words + count);
    try {
        wanted = take_wanted(rest);
    } catch (const std::exception& problem) {
        fmt::print(stderr, "load: {}\n", problem.what());
        return 2;
    }
    return bench::run_program("load", static_cast<int>(rest.size()), rest.data(),
                              [&](Length length) { measure(wanted, length); });
}
