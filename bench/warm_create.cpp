// SPDX-License-Identifier: Apache-2.0
//
// A create that is given a warm instance, the whole process, beside psql that does one INSERT.
#include <fmt/format.h>

#include "harness.h"
#include "shelf.h"
#include "stand.h"
#include "support/sql.h"

namespace {

using bench::Length;

void measure(Length length) {
    constexpr double k_over_psql = 1.05;
    const int at_a_time = length == Length::full ? 40 : 3;
    const int rounds = length == Length::full ? 120 : 3;
    const bench::Stand stand;
    const bench::Shelf shelf(stand, at_a_time);
    const auto root = stand.superuser("postgres");
    support::execute(root, "CREATE TABLE one_row (id integer, word text)");
    support::execute(root, "GRANT INSERT ON one_row TO PUBLIC");
    const bench::Program psql{
        {(stand.programs() / "psql").string(), "-X", "-q", "-c",
         "INSERT INTO one_row VALUES (1, 'x')",
         stand.login().with("dbname", "postgres").with("gssencmode", "disable").to_uri().reveal()}};
    bench::Report report;
    auto& comparison = report.compare("create, warm", "psql, one INSERT", k_over_psql);
    for (int round = 0; round < rounds; ++round) {
        if (round % at_a_time == 0) shelf.put_back();
        const auto create = stand.reviewdb({"create", fmt::format("warm{}", round), "--project",
                                            "pooled", "--repository", "bench.example/a/b"});
        comparison.measure([&] { return bench::milliseconds_of(create); },
                           [&] { return bench::milliseconds_of(psql); });
    }
    if (shelf.left("pooled") != at_a_time - (rounds - 1) % at_a_time - 1) {
        throw std::runtime_error("a create built one, though the pool had one");
    }
    report.publish("warm_create", length, stand.major());
}

}  // namespace

int main(int count, char** words) {
    return bench::run_program("warm_create", count, words, measure);
}
