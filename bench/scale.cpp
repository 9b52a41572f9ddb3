// SPDX-License-Identifier: Apache-2.0
//
// What a verb costs among 2,000 environments, beside what it costs among 10: two servers at once,
// whole processes in turn. The environments are real: each has its database with files, its role
// and its rows, made by the Manager. REVIEWDB_BENCH_ENVIRONMENTS is another number than 2,000.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <vector>

#include "base/log.h"
#include "by_hand.h"
#include "environment/manager.h"
#include "harness.h"
#include "server/live_server.h"
#include "stand.h"
#include "support/must.h"

namespace {

using bench::Length;
using bench::Program;
using bench::Stand;

constexpr const char* k_repository = "bench.example/a/b";

environment::Manager::Surroundings surroundings() {
    return {
        {"bench", "bench", "bench"},
        {},
        {},
        [](const environment::Policy&) -> base::Result<std::unique_ptr<environment::SecretStore>> {
            return std::unique_ptr<environment::SecretStore>();
        }};
}

// e1, e1 + step, … up to `count`, over a session of its own.
void make_every(const Stand& stand, int first, int step, int count) {
    base::Log log(base::LogLevel::off, base::LogFormat::text);
    server::LiveServer server(stand.login(), "reviewdb/bench", log);
    environment::Manager manager(server, surroundings(), log);
    for (int n = first; n <= count; n += step) {
        environment::CreateWish wish{support::must(environment::Project::parse("review")),
                                     support::must(environment::Name::parse(fmt::format("e{}", n))),
                                     {},
                                     {},
                                     std::nullopt};
        wish.origin.repository = k_repository;
        support::must(manager.create(wish, environment::Execution::carry_out,
                                     base::Deadline::after(std::chrono::minutes(5))));
    }
}

void make_environments(const Stand& stand, int count) {
    constexpr int k_workers = 3;
    stand.in_haste([&] {
        std::vector<std::future<void>> workers;
        for (int i = 1; i <= k_workers; ++i) {
            workers.push_back(
                std::async(std::launch::async, [&, i] { make_every(stand, i, k_workers, count); }));
        }
        for (auto& worker : workers) worker.get();
    });
    // What was written in haste is on disk before anything is measured.
    sync();
}

int environments_asked(Length length) {
    constexpr int k_usual = 2000;
    constexpr int k_smoke = 20;
    const char* text = std::getenv("REVIEWDB_BENCH_ENVIRONMENTS");
    if (text != nullptr) return std::stoi(text);
    return length == Length::full ? k_usual : k_smoke;
}

struct Verbs {
    Program get, url, again, create, purge, sweep, doctor, list;
};

Verbs verbs_on(const Stand& stand) {
    return {stand.reviewdb({"get", "e1", "--repository", k_repository}),
            stand.reviewdb({"url", "e1", "--repository", k_repository}),
            stand.reviewdb({"create", "e1", "--repository", k_repository}),
            stand.reviewdb({"create", "cold", "--repository", k_repository}),
            stand.reviewdb({"delete", "cold", "--purge", "--yes", "--repository", k_repository}),
            stand.reviewdb({"sweep", "--dry-run"}),
            stand.reviewdb({"doctor"}),
            stand.reviewdb({"list"})};
}

void compare(const Stand& many, const Stand& few, int rounds, const std::string& among,
             bench::Report& report) {
    constexpr double k_growth = 1.2;
    constexpr double k_no_bar = 100;
    constexpr const char* k_few = "the same among 10";
    auto& one = report.compare("psql: SELECT 1" + among, k_few, k_no_bar);
    auto& get = report.compare("get" + among, k_few, k_growth);
    auto& url = report.compare("url" + among, k_few, k_growth);
    auto& again = report.compare("create again" + among, k_few, k_growth);
    auto& create = report.compare("create" + among, k_few, k_growth);
    const auto verbs = verbs_on(many);
    const auto others = verbs_on(few);
    const bench::ByHand by_hand(many);
    const bench::ByHand by_other_hand(few);
    const auto time = [](const Program& program) {
        return [&program] { return bench::milliseconds_of(program); };
    };
    const auto settled = [](const Stand& stand, const Program& program) {
        return [&stand, &program] {
            stand.settle();
            return bench::milliseconds_of(program);
        };
    };
    for (int round = 0; round < rounds; ++round) {
        one.measure(time(by_hand.select_one()), time(by_other_hand.select_one()));
        get.measure(time(verbs.get), time(others.get));
        url.measure(time(verbs.url), time(others.url));
        again.measure(time(verbs.again), time(others.again));
        create.measure(settled(many, verbs.create), settled(few, others.create));
        bench::output_of(verbs.purge);
        bench::output_of(others.purge);
    }
}

// Milliseconds for each environment, as the median of a few calls.
void watch(const Stand& stand, int environments, int rounds, bench::Report& report) {
    constexpr double k_walking = 1;
    constexpr double k_listing = 0.03;
    const auto verbs = verbs_on(stand);
    const auto each = [&](const char* what, const Program& program, double bar) {
        std::vector<double> times;
        for (int i = 0; i < rounds; ++i) times.push_back(bench::milliseconds_of(program));
        report.watch(fmt::format("{}, per environment", what), "ms", bar)
            .see(bench::median(times) / environments);
    };
    each("sweep", verbs.sweep, k_walking);
    each("doctor", verbs.doctor, k_walking);
    each("list", verbs.list, k_listing);
}

void measure(Length length) {
    const bool full = length == Length::full;
    constexpr int k_few = 10;
    const int environments = environments_asked(length);
    const Stand many;
    const Stand few;
    make_environments(many, environments);
    make_environments(few, k_few);
    bench::Report report;
    compare(many, few, full ? 40 : 2, fmt::format(" among {}", environments), report);
    watch(many, environments, full ? 9 : 2, report);
    report.remark("environments: databases with files, made by the Manager; autovacuum as usual");
    report.publish("scale", length, many.major());
}

}  // namespace

int main(int count, char** words) { return bench::run_program("scale", count, words, measure); }
