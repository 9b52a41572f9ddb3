// SPDX-License-Identifier: Apache-2.0
//
// A template of a gigabyte cloned by each strategy, beside a copy of its folder; where one can be
// mounted, on a file system that shares what files have in common, too. And the two strategies of
// every server by size, on one that is idle and on one that has much to write back, which is what
// environment/cloning.h chooses by.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "copies.h"
#include "environment/cloning.h"
#include "harness.h"
#include "local/unix_user.h"
#include "reflink_disk.h"
#include "server/clone.h"
#include "stand.h"
#include "support/must.h"
#include "support/pristine.h"
#include "support/sql.h"
#include "support/temp_folder.h"

namespace {

using bench::Length;
using bench::Stand;
using environment::CloneStrategy;
using support::must;

constexpr int k_first_with_file_clone = 18;

// What is measured takes room in memory, and no checkpoint comes but those that are forced.
local::Settings settings() {
    return {{"shared_buffers", "512MB"}, {"max_wal_size", "8GB"}, {"checkpoint_timeout", "1h"}};
}

// As Stand::settle, and for everything that is on its way to any disk: what was removed a moment
// ago would be paid for by the next deed.
void settle(const Stand& stand) {
    stand.settle();
    sync();
}

double time_of_clone(const Stand& stand, const std::string& original, CloneStrategy strategy) {
    auto session = bench::manager_on(stand);
    const auto deadline = bench::patience();
    const double time = bench::milliseconds_of([&] {
        const auto cloned =
            must(server::clone_database(session, {"clone", original, strategy}, deadline));
        if (cloned.strategy != strategy) throw std::runtime_error(cloned.refusal);
    });
    must(session.run({"DROP DATABASE clone"}, deadline));
    return time;
}

double time_of_copy(const std::filesystem::path& folder, const std::filesystem::path& target,
                    const std::string& reflink) {
    const double time = bench::milliseconds_of(bench::Program{
        {"cp", "-r", "--reflink=" + reflink, folder.string(), (target / "copy").string()}});
    std::filesystem::remove_all(target / "copy");
    return time;
}

// Where the files of a database are, in `place` or below a folder of the major in it.
std::filesystem::path folder_of(const Stand& stand, const std::string& database,
                                const std::filesystem::path& place) {
    const auto oid = stand.oid_of(database);
    for (const auto& entry : std::filesystem::directory_iterator(place)) {
        if (is_directory(entry.path() / oid)) return entry.path() / oid;
    }
    throw std::runtime_error("there is no folder of " + database);
}

struct Contest {
    std::string place;  // after the strategy, in the table
    std::string original;
    std::filesystem::path folder;
    std::filesystem::path target;
};

void measure_against_copy(const Stand& stand, const Contest& contest, CloneStrategy strategy,
                          const std::string& reflink, double bar, int rounds,
                          bench::Report& report) {
    auto& comparison = report.compare(fmt::format("{}{}", to_text(strategy), contest.place),
                                      reflink == "always" ? "cp -r --reflink" : "cp -r", bar);
    for (int round = 0; round < rounds; ++round) {
        comparison.measure(
            [&] {
                settle(stand);
                return time_of_clone(stand, contest.original, strategy);
            },
            [&] {
                settle(stand);
                return time_of_copy(contest.folder, contest.target, reflink);
            });
    }
}

// Postgres waits until everything is on disk, and cp does not: hence the bars.
constexpr double k_log_bar = 12;
constexpr double k_copy_bar = 6;
constexpr double k_clone_bar = 12;

void measure_usual_disk(const Stand& stand, int megabytes, int rounds, bench::Report& report) {
    const support::TempFolder target(support::prefix_of("copies"), 0755);
    bench::make_template_of_size(stand, "large", megabytes);
    const Contest contest{"", "large", folder_of(stand, "large", stand.data()), target.path()};
    measure_against_copy(stand, contest, CloneStrategy::wal_log, "never", k_log_bar, rounds,
                         report);
    measure_against_copy(stand, contest, CloneStrategy::file_copy, "never", k_copy_bar, rounds,
                         report);
    if (stand.major() >= k_first_with_file_clone) {
        measure_against_copy(stand, contest, CloneStrategy::file_clone, "never", k_copy_bar, rounds,
                             report);
    }
}

void measure_reflink_disk(const Stand& stand, const bench::ReflinkDisk& disk, int megabytes,
                          int rounds, bench::Report& report) {
    const auto place = disk.path() / "tablespace";
    std::filesystem::create_directory(place);
    must(local::give(place, support::server_user()));
    support::execute(stand.superuser("postgres"),
                     fmt::format("CREATE TABLESPACE reflinks LOCATION '{}'", place.string()));
    bench::make_template_of_size(stand, "shared", megabytes, "reflinks");
    const Contest contest{", xfs", "shared", folder_of(stand, "shared", place), disk.path()};
    measure_against_copy(stand, contest, CloneStrategy::wal_log, "never", k_log_bar, rounds,
                         report);
    measure_against_copy(stand, contest, CloneStrategy::file_copy, "never", k_copy_bar, rounds,
                         report);
    measure_against_copy(stand, contest, CloneStrategy::file_clone, "always", k_clone_bar, rounds,
                         report);
}

// Leaves so much in memory that the next checkpoint has to write.
void make_dirty(const Stand& stand, int megabytes) {
    constexpr int k_rows_in_a_megabyte = 1024;
    auto session = support::connect(stand.superuser("postgres"));
    for (const auto& sql : {std::string("CREATE TABLE IF NOT EXISTS ballast (x text)"),
                            std::string("TRUNCATE ballast"),
                            fmt::format("INSERT INTO ballast SELECT repeat(md5(i::text), 30) FROM "
                                        "generate_series(1, {}) i",
                                        megabytes * k_rows_in_a_megabyte)}) {
        must(session.run({sql}, bench::patience()));
    }
}

// The median of a few clones, each with `dirty` megabytes to be written back before it.
double usual_time(const Stand& stand, const std::string& original, CloneStrategy strategy,
                  int dirty, int rounds) {
    std::vector<double> times;
    for (int round = 0; round < rounds; ++round) {
        settle(stand);
        if (dirty > 0) make_dirty(stand, dirty);
        times.push_back(time_of_clone(stand, original, strategy));
    }
    return bench::median(times);
}

void measure_by_size(const Stand& stand, Length length, bench::Report& report) {
    const bool full = length == Length::full;
    const int rounds = full ? 5 : 1;
    const int dirty = full ? 200 : 10;
    boost::json::array all;
    report.remark(fmt::format(
        "in ms by size: wal_log, file_copy; and the same with {} MB to be written back", dirty));
    for (const int megabytes :
         full ? std::vector<int>{1, 32, 64, 128, 256, 512} : std::vector<int>{1}) {
        const auto original = fmt::format("of_{}", megabytes);
        bench::make_template_of_size(stand, original, megabytes);
        const auto size = std::stoll(
            support::ask(stand.superuser("postgres"),
                         fmt::format("SELECT pg_database_size('{}')::text AS value", original)));
        const auto time = [&](CloneStrategy strategy, int waiting) {
            return usual_time(stand, original, strategy, waiting, rounds);
        };
        const double log = time(CloneStrategy::wal_log, 0);
        const double copy = time(CloneStrategy::file_copy, 0);
        const double busy_log = time(CloneStrategy::wal_log, dirty);
        const double busy_copy = time(CloneStrategy::file_copy, dirty);
        report.remark(fmt::format("{:>6} MB {:>8.0f} {:>8.0f} {:>12.0f} {:>8.0f}", size >> 20U, log,
                                  copy, busy_log, busy_copy));
        all.push_back(boost::json::object{{"bytes", size},
                                          {"wal_log", log},
                                          {"file_copy", copy},
                                          {"busy_wal_log", busy_log},
                                          {"busy_file_copy", busy_copy}});
        support::execute(stand.superuser("postgres"), "DROP DATABASE " + original);
    }
    report.attach("by_size", boost::json::serialize(all));
}

void measure_on(int major, Length length) {
    const int megabytes = length == Length::full ? 1000 : 8;
    const int rounds = length == Length::full ? 5 : 1;
    bench::Report report;
    std::optional<bench::ReflinkDisk> disk;  // outlives the server on it
    if (major >= k_first_with_file_clone) disk.emplace(length == Length::full ? 6000 : 600);
    const Stand stand(major, settings());
    measure_usual_disk(stand, megabytes, rounds, report);
    if (disk && disk->problem().empty()) {
        measure_reflink_disk(stand, *disk, megabytes, rounds, report);
    } else if (disk) {
        report.remark("no file system that shares what files have in common: " + disk->problem());
    }
    measure_by_size(stand, length, report);
    fmt::print("Postgres {}\n", major);
    report.publish(fmt::format("cloning-{}", major), length, major);
}

void measure(Length length) {
    for (const int major : bench::majors_here()) measure_on(major, length);
}

}  // namespace

int main(int count, char** words) { return bench::run_program("cloning", count, words, measure); }
