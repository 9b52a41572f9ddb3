// SPDX-License-Identifier: Apache-2.0
//
// Filling the pool, from two workers, beside the bare SQL of the same builds and beside CREATE
// DATABASE alone: of the empty template, and of one with 300 tables.
#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <thread>

#include "bare_build.h"
#include "copies.h"
#include "harness.h"
#include "stand.h"
#include "supplied.h"
#include "support/sql.h"
#include "support/temp_folder.h"

namespace {

using bench::Length;
using bench::Stand;

constexpr std::size_t k_workers = 2;
constexpr double k_least_rate = 0.9;  // of the bare SQL's
constexpr double k_published = 100;   // a ratio without a bar

// So many times `deed` by each worker at once; milliseconds for each deed.
double pace(int times, const std::function<void(std::size_t worker)>& deed) {
    const double took = bench::milliseconds_of([&] {
        std::vector<std::jthread> workers;
        workers.reserve(k_workers);
        for (std::size_t i = 0; i < k_workers; ++i) workers.emplace_back([&, i] { deed(i); });
    });
    return took / (times * static_cast<double>(k_workers));
}

bench::Original template_of_tables(const Stand& stand, int tables) {
    const support::TempFolder folder("reviewdb-bench-", 0755);
    const auto file = folder / "tables.sql";
    std::ofstream sql(file);
    for (int i = 0; i < tables; ++i) {
        sql << fmt::format("CREATE TABLE t{} (id serial PRIMARY KEY, x text);\n", i);
    }
    sql.close();
    bench::output_of(stand.reviewdb({"template", "create", "tables", "--from", file.string(),
                                     "--project", "pooled", "--deadline", "5m"}));
    const auto ask = [&](const std::string& column) {
        return support::ask(stand.superuser("reviewdb"),
                            "SELECT " + column +
                                " AS value FROM registry.template t JOIN registry.instance i ON "
                                "i.id = t.instance JOIN registry.role r ON r.id = i.role");
    };
    return {ask("i.database"), ask("r.name")};
}

void measure_one(const Stand& stand, const std::string& name, const std::string& label,
                 const bench::Original& original, int times, int rounds, bench::Report& report) {
    std::vector<std::unique_ptr<bench::Supplied>> ours;
    std::vector<std::unique_ptr<bench::BareBuilder>> bare;
    for (std::size_t i = 0; i < k_workers; ++i) {
        ours.push_back(std::make_unique<bench::Supplied>(stand.login(), "unused", name));
        bare.push_back(std::make_unique<bench::BareBuilder>(stand, original,
                                                            fmt::format("bare_{}_{}", name, i)));
    }
    auto& by_build = report.compare(label, "bare SQL of the build", 1 / k_least_rate);
    auto& by_create = report.compare(label, "CREATE DATABASE", k_published);
    for (int round = 0; round < rounds; ++round) {
        const auto fill = [&] {
            stand.settle();
            ours.front()->aim(times * static_cast<int>(k_workers));
            return pace(times, [&](std::size_t i) { ours[i]->go_on_filling(); });
        };
        const auto build = [&] {
            stand.settle();
            return pace(times, [&](std::size_t i) {
                for (int n = 0; n < times; ++n) bare[i]->build();
            });
        };
        by_build.measure(fill, build);
        ours.front()->drain();
        for (auto& one : bare) one->clear();
        stand.settle();
        by_create.ours.push_back(by_build.ours.back());
        by_create.floor.push_back(pace(times, [&](std::size_t i) {
            for (int n = 0; n < times; ++n) bare[i]->create_only();
        }));
        for (auto& one : bare) one->clear();
        stand.forget_what_is_gone();
    }
    report.remark(fmt::format("{}: {:.2f} of the bare SQL's rate, {:.2f} times CREATE DATABASE",
                              label, 1 / by_build.ratio(), by_create.ratio()));
}

void measure(Length length) {
    const bool full = length == Length::full;
    const int times = full ? 4 : 1;
    const int rounds = full ? 7 : 1;
    const Stand stand;
    bench::Report report;
    measure_one(stand, "empty", "fill, empty", {"reviewdb_template_0", ""}, times, rounds, report);
    const int tables = full ? 300 : 20;
    const auto original = template_of_tables(stand, tables);
    measure_one(stand, "tables", fmt::format("fill, {} tables", tables), original, times, rounds,
                report);
    report.publish("pool_fill", length, stand.major());
}

}  // namespace

int main(int count, char** words) { return bench::run_program("pool_fill", count, words, measure); }
