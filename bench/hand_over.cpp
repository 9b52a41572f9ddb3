// SPDX-License-Identifier: Apache-2.0
//
// Handing a copy over to its role, beside REASSIGN OWNED with the grants that it needs, in as many
// round trips as they can travel in. Both on sessions that are open, in copies of one template.
#include "server/hand_over.h"

#include <fmt/format.h>

#include <string>
#include <thread>
#include <vector>

#include "copies.h"
#include "harness.h"
#include "stand.h"
#include "support/must.h"

namespace {

using bench::Length;
using bench::Stand;
using support::must;

void hand_over(pg::Connection& inside, const std::string& owner, const std::string& to) {
    must(server::hand_over(inside, owner, to, bench::patience()));
}

void reassign(pg::Connection& inside, const std::string& owner, const std::string& to) {
    const auto* options = inside.server_version() >= 160000 ? " WITH INHERIT TRUE, SET TRUE" : "";
    must(inside.transact({{fmt::format("GRANT {} TO {}{}", owner, to, options)},
                          {fmt::format("GRANT {} TO reviewdb_manager{}", to, options)},
                          {fmt::format("REASSIGN OWNED BY {} TO {}", owner, to)},
                          {fmt::format("REVOKE {} FROM reviewdb_manager", to)},
                          {fmt::format("REVOKE {} FROM {}", owner, to)}},
                         bench::patience()));
}

using Deed = void (*)(pg::Connection&, const std::string& owner, const std::string& to);

// So many copies, made for this and dropped behind it, each done by a thread of its own.
double time_of(const Stand& stand, const std::string& original, int copies, Deed deed) {
    std::vector<std::string> names;
    std::vector<pg::Connection> sessions;
    for (int i = 0; i < copies; ++i) {
        names.push_back(fmt::format("copy_{}", i));
        bench::make_copy(stand, original, names.back());
        sessions.push_back(bench::manager_on(stand, names.back()));
    }
    stand.settle();
    const double time = bench::milliseconds_of([&] {
        std::vector<std::jthread> workers;
        for (std::size_t i = 0; i < names.size(); ++i) {
            workers.emplace_back([&, i] { deed(sessions[i], original + "_owner", names[i]); });
        }
    });
    for (auto& session : sessions) std::move(session).close_and_wait(bench::patience());
    for (const auto& name : names) bench::drop_copy(stand, name);
    return time;
}

struct Case {
    int tables;
    int at_once;
    double bar;
    int rounds;
};

void measure_on(int major, Length length) {
    // In parts, which is what leaves others room for their locks.
    constexpr double k_in_parts = 1.5;
    constexpr double k_in_one = 1.15;
    constexpr double k_tiny = 3;
    const std::vector<Case> cases = length == Length::full
                                        ? std::vector<Case>{{300, 1, k_in_one, 15},
                                                            {300, 4, k_in_one, 7},
                                                            {2000, 1, k_in_parts, 5}}
                                        : std::vector<Case>{{20, 1, k_tiny, 2}, {20, 2, k_tiny, 2}};
    // So that the yardstick finds room for all locks of 2,000 tables.
    const Stand stand(major, {{"max_locks_per_transaction", "64"}, {"max_connections", "100"}});
    bench::Report report;
    std::string original;
    int tables = 0;
    for (const auto& one : cases) {
        if (one.tables != tables) {
            tables = one.tables;
            original = fmt::format("template_{}", tables);
            bench::make_template_of_tables(stand, original, original + "_owner", tables);
        }
        auto& comparison = report.compare(
            one.at_once == 1 ? fmt::format("{} tables", tables)
                             : fmt::format("{} tables, {} at once", tables, one.at_once),
            "REASSIGN OWNED", one.bar);
        for (int round = 0; round < one.rounds; ++round) {
            comparison.measure([&] { return time_of(stand, original, one.at_once, hand_over); },
                               [&] { return time_of(stand, original, one.at_once, reassign); });
        }
    }
    fmt::print("Postgres {}\n", major);
    report.publish(fmt::format("hand_over-{}", major), length, major);
}

void measure(Length length) {
    for (const int major : bench::majors_here()) measure_on(major, length);
}

}  // namespace

int main(int count, char** words) { return bench::run_program("hand_over", count, words, measure); }
