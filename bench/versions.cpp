// SPDX-License-Identifier: Apache-2.0
//
// This program beside another version of it, $REVIEWDB_BENCH_OTHER, whole processes: each on a
// server of its own that it prepared itself, with the same template and pool. With no other version
// named it is compared with itself, which shows how much of a difference is noise.
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "harness.h"
#include "stand.h"
#include "support/temp_folder.h"

namespace {

using bench::Length;
using bench::Program;
using Words = std::vector<std::string>;

// One version and its server.
class Version {
   public:
    // `path` is empty for the program that was built here.
    Version(std::string path, int pooled) : path_(std::move(path)) {
        const auto address = fmt::format("127.0.0.1:{}", stand_.port());
        const auto told = output({"init", "--sslmode", "disable", "--advertise", address});
        stand_.work_as(*pg::ConnectionInfo::parse(base::Secret(told.substr(0, told.find('\n')))));
        const support::TempFolder folder;
        const auto script = folder / "data.sql";
        std::ofstream(script) << "CREATE TABLE fruit AS SELECT 'apple' AS name;\n";
        output({"template", "create", "data", "--from", script.string()});
        output({"pool", "set", std::to_string(pooled), "--template", "data"});
        output({"pool", "fill"});
    }

    Program program(const Words& words) const {
        auto program = stand_.reviewdb(words);
        if (!path_.empty()) program.arguments.front() = path_;
        return program;
    }
    double milliseconds_of(const Words& words) const {
        stand_.settle();
        return bench::milliseconds_of(program(words));
    }
    int major() const { return stand_.major(); }

   private:
    std::string output(const Words& words) const { return bench::output_of(program(words)); }

    std::string path_;
    bench::Stand stand_ = bench::Stand::unprepared();
};

void measure(Length length) {
    constexpr double k_bar = 1.03;
    constexpr int k_full = 40;
    constexpr int k_smoke = 2;
    const int rounds = length == Length::full ? k_full : k_smoke;
    const char* other = std::getenv("REVIEWDB_BENCH_OTHER");  // NOLINT(concurrency-mt-unsafe)
    const Version ours({}, rounds);
    const Version theirs(other != nullptr ? other : "", rounds);

    bench::Report report;
    const auto* beside = other != nullptr ? "another version" : "itself";
    auto& claim = report.compare("create from the pool", beside, k_bar);
    auto& create = report.compare("create", beside, k_bar);
    auto& again = report.compare("create again", beside, k_bar);
    auto& purge = report.compare("delete --purge", beside, k_bar);
    const auto time = [&](bench::Comparison& comparison, const Words& words) {
        comparison.measure([&] { return ours.milliseconds_of(words); },
                           [&] { return theirs.milliseconds_of(words); });
    };
    for (int round = 0; round < rounds; ++round) {
        time(claim, {"create", fmt::format("warm{}", round), "--template", "data"});
        const auto name = fmt::format("cold{}", round);
        time(create, {"create", name, "--template", "empty"});
        time(again, {"create", name});
        time(purge, {"delete", name, "--purge", "--yes"});
    }
    report.publish("versions", length, ours.major());
}

}  // namespace

int main(int count, char** words) { return bench::run_program("versions", count, words, measure); }
