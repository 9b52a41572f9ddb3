// SPDX-License-Identifier: Apache-2.0
//
// Whole processes beside their yardsticks, interleaved in one run on a server of our own, SCRAM on:
// medians in milliseconds, and their ratio. Timings are noisy; only the ratios of one run mean
// anything.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/subprocess.h"
#include "server/prepare.h"
#include "support/cluster.h"

namespace {

using base::Deadline;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds k_patience(60000);

struct Pair {
    std::string what;
    base::Command ours;
    std::string yardstick;
    base::Command floor;
    double bar = 0;
    std::vector<double> our_times = {};
    std::vector<double> floor_times = {};
};

std::string run(const base::Command& command) {
    auto finished = base::run(command, Deadline::after(k_patience));
    if (!finished) throw std::runtime_error(finished.error().message);
    if (finished->exit_code != 0) {
        throw std::runtime_error(command.arguments.front() + " failed: " + finished->err);
    }
    return finished->out;
}

double time_of(const base::Command& command) {
    const auto start = steady_clock::now();
    run(command);
    return std::chrono::duration<double, std::milli>(steady_clock::now() - start).count();
}

double median(std::vector<double> times) {
    std::ranges::sort(times);
    return times.at(times.size() / 2);
}

base::Command command(std::vector<std::string> arguments,
                      std::map<std::string, std::string> environment = {}) {
    base::Command made;
    made.arguments = std::move(arguments);
    made.environment = std::move(environment);
    return made;
}

std::string prepare(const support::Cluster& cluster, base::Log& log) {
    server::Preparation preparation;
    preparation.loopback_allowed = true;
    preparation.actor = {"bench", "bench", "bench"};
    auto prepared = server::prepare(cluster.make_administrator(), preparation,
                                    Deadline::after(k_patience), log);
    if (!prepared) throw std::runtime_error(prepared.error().message);
    return prepared->operator_login->to_uri().reveal();
}

std::vector<Pair> make_pairs(const std::string& login) {
    const std::string program = REVIEWDB_PROGRAM;
    // The program itself, not Debian's Perl wrapper of that name.
    const std::string psql = "/usr/lib/postgresql/15/bin/psql";
    const std::map<std::string, std::string> ours{{"REVIEWDB_SERVER", login},
                                                  {"REVIEWDB_ACTOR", "bench"}};
    run(command({program, "create", "bench", "-q", "--repository", "bench.example/a/b"}, ours));
    auto url = run(command({program, "url", "bench", "-q"}, ours));
    url.erase(url.find_last_not_of('\n') + 1);
    const auto select_one = command({psql, "-X", "-c", "select 1", login});
    const auto both =
        command({REVIEWDB_FLOOR}, {{"FLOOR_OPERATOR", login}, {"FLOOR_ENVIRONMENT", url}});
    const auto version = command({psql, "--version"});
    return {
        {"--help", command({program, "--help"}), "psql --version", version, 1.3},
        {"get", command({program, "get", "bench"}, ours), "psql select 1", select_one, 1.5},
        {"url", command({program, "url", "bench"}, ours), "psql select 1", select_one, 1.5},
        {"create again",
         command({program, "create", "bench", "--repository", "bench.example/a/b"}, ours),
         "floor: two logins", both, 1.2},
    };
}

void measure(int rounds) {
    base::Log log(base::LogLevel::warning, base::LogFormat::text);
    const support::Cluster cluster;
    auto pairs = make_pairs(prepare(cluster, log));
    for (int round = 0; round < rounds; ++round) {
        for (auto& pair : pairs) {
            pair.our_times.push_back(time_of(pair.ours));
            pair.floor_times.push_back(time_of(pair.floor));
        }
    }
    fmt::print("{:<14}{:>10}  {:<20}{:>10}{:>8}{:>8}\n", "whole process", "ms", "yardstick", "ms",
               "ratio", "bar");
    for (const auto& pair : pairs) {
        const double our_time = median(pair.our_times);
        const double floor_time = median(pair.floor_times);
        fmt::print("{:<14}{:>10.1f}  {:<20}{:>10.1f}{:>8.2f}{:>8.2f}\n", pair.what, our_time,
                   pair.yardstick, floor_time, our_time / floor_time, pair.bar);
    }
}

}  // namespace

int main(int argc, char** argv) {
    constexpr int k_rounds = 40;
    constexpr int k_smoke_rounds = 3;
    const bool smoke = argc > 1 && std::string_view(argv[1]) == "--smoke";
    try {
        measure(smoke ? k_smoke_rounds : k_rounds);
    } catch (const std::exception& problem) {
        fmt::print(stderr, "whole_process: {}\n", problem.what());
        return 1;
    }
    return 0;
}
