// SPDX-License-Identifier: Apache-2.0
//
// Whole processes beside two kinds of yardstick, on a private server that waits for its disk, with
// SCRAM. The floor says to Postgres what reviewdb was heard to say, so it shows what the client
// costs. What psql does by hand shows what our statements cost.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "by_hand.h"
#include "harness.h"
#include "life_floor.h"
#include "stand.h"

namespace {

using bench::Length;
using bench::Program;
using bench::Stand;

// psql itself, not Debian's Perl wrapper of that name.
Program psql(const Stand& stand, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), (stand.programs() / "psql").string());
    return {std::move(arguments)};
}

struct Verbs {
    Program create, get, url, reset, remove, purge, empty_trash, help;
};

Verbs verbs_on(const Stand& stand, const std::string& name) {
    const std::string repository = "bench.example/a/b";
    return {stand.reviewdb({"create", name, "--repository", repository}),
            stand.reviewdb({"get", name, "--repository", repository}),
            stand.reviewdb({"url", name, "--repository", repository}),
            stand.reviewdb({"reset", name, "--yes", "--repository", repository}),
            stand.reviewdb({"delete", name, "--yes", "--repository", repository}),
            stand.reviewdb({"delete", name, "--purge", "--yes", "--repository", repository}),
            stand.reviewdb({"trash", "empty", name, "--yes"}),
            stand.reviewdb({"--help"})};
}

void measure_times(const Stand& stand, int rounds, bench::Report& report) {
    constexpr double k_create = 1.15;
    constexpr double k_other_verbs = 1.2;
    constexpr double k_help = 1.3;
    auto& create = report.compare("create", "floor", k_create);
    auto& again = report.compare("create again", "floor", k_other_verbs);
    auto& asking_git = report.compare("... asking git", "floor", k_other_verbs);
    auto& purge = report.compare("delete --purge", "floor", k_other_verbs);
    auto& help = report.compare("--help", "psql --version", k_help);

    const auto verbs = verbs_on(stand, "bench");
    // Of the repository that git finds here, so it is another environment.
    const auto without_repository = stand.reviewdb({"create", "asking"});
    bench::output_of(without_repository);
    const auto its = verbs_on(stand, "floor");
    bench::LifeFloor floor(stand, {its.create, its.url, its.purge});
    for (const auto& sentence : floor.findings()) report.remark(sentence);
    const auto version = psql(stand, {"--version"});
    const auto time = [](const Program& program) {
        return [&program] { return bench::milliseconds_of(program); };
    };
    const auto settled = [&stand](const std::function<double()>& deed) {
        return [&stand, deed] {
            stand.settle();
            return deed();
        };
    };
    for (int round = 0; round < rounds; ++round) {
        create.measure(settled(time(verbs.create)), settled([&] { return floor.create(); }));
        again.measure(time(verbs.create), [&] { return floor.create_again(); });
        asking_git.measure(time(without_repository), [&] { return floor.create_again(); });
        help.measure(time(verbs.help), time(version));
        purge.measure(settled(time(verbs.purge)), settled([&] { return floor.remove(); }));
        stand.forget_what_is_gone();
    }
}

// The same verbs beside what psql does with the fewest statements.
void measure_by_hand(const Stand& stand, int rounds, bench::Report& report) {
    constexpr double k_create = 1.10;
    constexpr double k_again = 1.9;  // two logins
    constexpr double k_reading = 1.1;
    constexpr double k_purge = 1.2;
    auto& create = report.compare("create", "psql: role, database, login", k_create);
    auto& again = report.compare("create again", "psql: SELECT 1", k_again);
    auto& get = report.compare("get", "psql: SELECT 1", k_reading);
    auto& url = report.compare("url", "psql: SELECT 1", k_reading);
    auto& purge = report.compare("delete --purge", "psql: two DROPs", k_purge);
    const auto verbs = verbs_on(stand, "beside");
    const bench::ByHand by_hand(stand);
    const auto time = [](const Program& program) {
        return [&program] { return bench::milliseconds_of(program); };
    };
    const auto settled = [&stand](const Program& program) {
        return [&stand, &program] {
            stand.settle();
            return bench::milliseconds_of(program);
        };
    };
    for (int round = 0; round < rounds; ++round) {
        create.measure(settled(verbs.create), settled(by_hand.create()));
        again.measure(time(verbs.create), time(by_hand.select_one()));
        get.measure(time(verbs.get), time(by_hand.select_one()));
        url.measure(time(verbs.url), time(by_hand.select_one()));
        purge.measure(settled(verbs.purge), settled(by_hand.remove()));
        stand.forget_what_is_gone();
    }
}

// In lives of their own: what a reset replaced makes the delete after it a dearer one.
void measure_reset(const Stand& stand, int rounds, bench::Report& report) {
    constexpr double k_reset = 1.2;
    auto& reset = report.compare("reset", "floor", k_reset);
    const auto verbs = verbs_on(stand, "reset");
    const auto its = verbs_on(stand, "reset_floor");
    bench::LifeFloor floor(stand, {its.create, its.url, its.purge, its.reset});
    for (int round = 0; round < rounds; ++round) {
        bench::output_of(verbs.create);
        floor.create();
        const auto ours = [&] {
            stand.settle();
            return bench::milliseconds_of(verbs.reset);
        };
        reset.measure(ours, [&] {
            stand.settle();
            return floor.reset();
        });
        bench::output_of(verbs.purge);
        floor.remove();
        stand.forget_what_is_gone();
    }
}

// Into the trash. What is in there is emptied after each life, since the floor takes its names
// anew.
void measure_delete(const Stand& stand, int rounds, bench::Report& report) {
    constexpr double k_delete = 1.2;
    auto& remove = report.compare("delete", "floor", k_delete);
    const auto verbs = verbs_on(stand, "trash");
    const auto its = verbs_on(stand, "trash_floor");
    bench::LifeFloor floor(stand, {its.create, its.url, its.remove, {}, its.empty_trash});
    for (int round = 0; round < rounds; ++round) {
        bench::output_of(verbs.create);
        floor.create();
        const auto ours = [&] {
            stand.settle();
            return bench::milliseconds_of(verbs.remove);
        };
        remove.measure(ours, [&] {
            stand.settle();
            return floor.remove();
        });
        for (const auto* emptied : {&verbs, &its}) bench::output_of(emptied->empty_trash);
        stand.forget_what_is_gone();
    }
}

void measure_memory(const Stand& stand, int rounds, bench::Report& report) {
    constexpr double k_megabytes = 16;
    const auto verbs = verbs_on(stand, "memory");
    const std::vector<std::pair<bench::Peak*, const Program*>> in_turn{
        {&report.watch("memory of create", "MB", k_megabytes), &verbs.create},
        {&report.watch("memory of create again", "MB", k_megabytes), &verbs.create},
        {&report.watch("memory of get", "MB", k_megabytes), &verbs.get},
        {&report.watch("memory of url", "MB", k_megabytes), &verbs.url},
        {&report.watch("memory of reset", "MB", k_megabytes), &verbs.reset},
        {&report.watch("memory of delete", "MB", k_megabytes), &verbs.remove},
        {&report.watch("memory of trash empty", "MB", k_megabytes), &verbs.empty_trash},
        {&report.watch("memory of --help", "MB", k_megabytes), &verbs.help}};
    for (int round = 0; round < rounds; ++round) {
        for (const auto& [peak, program] : in_turn) peak->see(bench::peak_memory_of(*program));
    }
}

void measure(Length length) {
    const int rounds = length == Length::full ? 40 : 2;
    const Stand stand;
    bench::Report report;
    measure_by_hand(stand, rounds, report);
    measure_times(stand, rounds, report);
    measure_reset(stand, length == Length::full ? 20 : 2, report);
    measure_delete(stand, length == Length::full ? 20 : 2, report);
    measure_memory(stand, length == Length::full ? 5 : 1, report);
    report.publish("whole_process", length, stand.major());
}

}  // namespace

int main(int count, char** words) {
    return bench::run_program("whole_process", count, words, measure);
}
