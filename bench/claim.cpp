// SPDX-License-Identifier: Apache-2.0
//
// The claim on a kept connection, beside one durable INSERT of a row.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "harness.h"
#include "pg/connection.h"
#include "stand.h"
#include "supplied.h"
#include "support/must.h"

namespace {

using bench::Length;
using std::chrono::steady_clock;

double milliseconds(const std::function<void()>& deed) {
    const auto start = steady_clock::now();
    deed();
    return std::chrono::duration<double, std::milli>(steady_clock::now() - start).count();
}

void measure(Length length) {
    const int claims = length == Length::smoke ? 10 : 200;
    const bench::Stand stand;
    bench::Supplied ours(stand.login());
    ours.fill(claims + 5);
    auto session = support::must(pg::Connection::open(
        stand.superuser("postgres"), base::Deadline::after(std::chrono::seconds(10))));
    const auto run = [&](const std::string& sql) {
        support::must(session.run({sql}, base::Deadline::after(std::chrono::seconds(10))));
    };
    run("CREATE TABLE one (id int, t text)");
    for (int i = 0; i < 5; ++i) ours.claim();
    bench::Report report;
    auto& comparison = report.compare("claim", "one durable INSERT", 2.6);
    for (int i = 0; i < claims; ++i) {
        comparison.measure(
            [&] { return milliseconds([&] { ours.claim(); }); },
            [&] { return milliseconds([&] { run("INSERT INTO one VALUES (1, 'x')"); }); });
    }
    report.publish("claim", length, stand.major());
}

}  // namespace

int main(int count, char** words) { return bench::run_program("claim", count, words, measure); }
