// SPDX-License-Identifier: Apache-2.0
//
// The claim on kept connections: beside its floor, which says the same, from one client and from
// many at once; and from one client beside one durable INSERT.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <vector>

#include "claim_floor.h"
#include "claimers.h"
#include "copies.h"
#include "durable_insert.h"
#include "harness.h"
#include "plot.h"
#include "shelf.h"
#include "stand.h"

namespace {

using bench::Length;
using bench::Report;

constexpr double k_over_floor = 1.15;
constexpr double k_over_insert = 2.6;
constexpr double k_least_rate = 0.9;  // of the floor's

// The latencies of so many clients.
struct Latencies {
    std::size_t clients;
    std::vector<double> ours;
    std::vector<double> floor;
};

double percentile_99(std::vector<double> values) {
    std::ranges::sort(values);
    const auto rank = std::ceil(0.99 * static_cast<double>(values.size()));
    return values.at(static_cast<std::size_t>(rank) - 1);
}

// `where` is behind the names of what is measured.
Latencies measure_one(const bench::Stand& stand, const bench::ClaimScript& script,
                      const bench::Shelf& shelf, int rounds, int rounds_per_shelf,
                      const std::string& where, Report& report) {
    const int plans = std::min(rounds / 2, 6);
    auto& by_floor = report.compare("claim" + where, "floor", k_over_floor);
    auto& by_insert = report.compare("claim" + where, "one durable INSERT", k_over_insert);
    auto& least = report.compare("floor of claim" + where, "one durable INSERT", k_over_insert);
    const auto ours = bench::claimers(stand, 1, "one").front();
    const auto floor = bench::floor_claimers(stand, script, 1, "onefloor").front();
    bench::DurableInsert yardstick(stand);
    const auto timed = [](const bench::Claimer& claim) {
        return [&claim] { return bench::milliseconds_of(claim); };
    };
    // The server makes five plans of a prepared statement before it keeps one.
    for (int i = 0; i < plans; ++i) {
        ours();
        floor();
        yardstick.insert();
    }
    for (int round = 0; round < rounds; ++round) {
        if (round % rounds_per_shelf == 0) shelf.put_back();
        by_floor.measure(timed(ours), timed(floor));
        const double insert = bench::milliseconds_of([&] { yardstick.insert(); });
        by_insert.ours.push_back(by_floor.ours.back());
        by_insert.floor.push_back(insert);
        least.ours.push_back(by_floor.floor.back());
        least.floor.push_back(insert);
    }
    shelf.put_back();
    return {1, by_floor.ours, by_floor.floor};
}

// Each commit waits so much longer before it is written (commit_delay, which Postgres waits as well
// where commit_siblings is 0): what a claim is beside an INSERT depends on what both wait for.
void measure_one_on_slower_disk(Length length, Report& report) {
    const bool full = length == Length::full;
    const bench::Stand stand(bench::k_usual_major,
                             {{"commit_delay", "700"}, {"commit_siblings", "0"}});
    const bench::Shelf shelf(stand, full ? 100 : 10);
    const auto script = bench::ClaimScript::heard_on(stand);
    shelf.put_back();
    measure_one(stand, script, shelf, full ? 160 : 6, full ? 40 : 3, " + 0.7 ms", report);
}

Latencies measure_many(const bench::Stand& stand, const bench::ClaimScript& script,
                       const bench::Shelf& shelf, std::size_t clients, int times, int rounds,
                       Report& report) {
    auto& comparison =
        report.compare(fmt::format("{} at once, each", clients), "floor", 1 / k_least_rate);
    const auto ours = bench::claimers(stand, clients, fmt::format("by{}", clients));
    const auto floor =
        bench::floor_claimers(stand, script, clients, fmt::format("floor{}by", clients));
    // Sessions are open then, and statements prepared.
    bench::claim_at_once(ours, 1);
    bench::claim_at_once(floor, 1);
    shelf.put_back();
    Latencies latencies{clients, {}, {}};
    const auto run = [times](const std::vector<bench::Claimer>& all, std::vector<double>& into) {
        const auto claims = bench::claim_at_once(all, times);
        into.insert(into.end(), claims.milliseconds.begin(), claims.milliseconds.end());
        return claims.pace();
    };
    for (int round = 0; round < rounds; ++round) {
        comparison.measure([&] { return run(ours, latencies.ours); },
                           [&] { return run(floor, latencies.floor); });
        shelf.put_back();
    }
    report.remark(
        fmt::format("{} clients: {:.2f} of the floor's rate", clients, 1 / comparison.ratio()));
    return latencies;
}

void attach(const std::vector<Latencies>& all, Report& report) {
    boost::json::array clients;
    for (const auto& one : all) {
        report.remark(fmt::format("{} client{}: 99th percentile {:.1f} ms, the floor's {:.1f}",
                                  one.clients, one.clients == 1 ? "" : "s", percentile_99(one.ours),
                                  percentile_99(one.floor)));
        clients.push_back(boost::json::object{{"clients", one.clients},
                                              {"claims", one.ours.size()},
                                              {"p50", bench::median(one.ours)},
                                              {"p99", percentile_99(one.ours)},
                                              {"floor_p50", bench::median(one.floor)},
                                              {"floor_p99", percentile_99(one.floor)}});
    }
    report.attach("clients", boost::json::serialize(clients));
}

void draw(const std::vector<Latencies>& all, Length length) {
    bench::Panel middle{"claim and floor: median in ms", {}};
    bench::Panel slowest{"99th percentile in ms", {}};
    for (const auto& one : all) {
        const auto label = std::to_string(one.clients);
        middle.bars.push_back({label, bench::median(one.ours)});
        middle.bars.push_back({label + " floor", bench::median(one.floor)});
        slowest.bars.push_back({label, percentile_99(one.ours)});
        slowest.bars.push_back({label + " floor", percentile_99(one.floor)});
    }
    const auto picture =
        bench::results_folder() / (length == Length::smoke ? "claim-smoke.svg" : "claim.svg");
    std::ofstream(picture) << bench::plot({middle, slowest});
    fmt::print("{}\n", picture.string());
}

void measure(Length length) {
    const bool full = length == Length::full;
    // What the largest crowd takes in a round, and its floor.
    const int instances = full ? 264 : 10;
    const bench::Stand stand(bench::k_usual_major, {{"max_connections", "200"}});
    const bench::Shelf shelf(stand, instances);
    const auto script = bench::ClaimScript::heard_on(stand);
    shelf.put_back();
    Report report;
    report.remark(script.finding());
    std::vector<Latencies> all{
        measure_one(stand, script, shelf, full ? 400 : 6, full ? 100 : 3, "", report)};
    all.push_back(
        measure_many(stand, script, shelf, full ? 8 : 2, full ? 16 : 1, full ? 15 : 1, report));
    all.push_back(
        measure_many(stand, script, shelf, full ? 64 : 4, full ? 2 : 1, full ? 15 : 1, report));
    measure_one_on_slower_disk(length, report);
    attach(all, report);
    report.publish("claim", length, stand.major());
    draw(all, length);
}

}  // namespace

int main(int count, char** words) { return bench::run_program("claim", count, words, measure); }
