// SPDX-License-Identifier: Apache-2.0
//
// The function beside its yardsticks: its start, what it says to Secrets Manager, an event on kept
// connections, a first create from the start of the process, and its memory. Fails where the calls
// are not those that it may make.
#include <fmt/format.h>
#include <libpq-fe.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness.h"
#include "lambda_floor.h"
#include "lambda_stand.h"
#include "support/temp_folder.h"

namespace {

using bench::LambdaStand;
using bench::Length;
using bench::Program;
using bench::Report;
using Calls = std::vector<std::string>;

// One new login and one statement, by nothing but libpq.
double login_and_select(const pg::ConnectionInfo& login, const std::string& authorities) {
    const std::string port(login.get("port"));
    const std::string user(login.get("user"));
    const std::string database(login.get("dbname"));
    const std::vector<const char*> keywords{"host",        "port",       "user",
                                            "password",    "dbname",     "sslmode",
                                            "sslrootcert", "gssencmode", nullptr};
    const std::vector<const char*> values{
        "127.0.0.1",      port.c_str(),  user.c_str(),        login.password().reveal().c_str(),
        database.c_str(), "verify-full", authorities.c_str(), "disable",
        nullptr};
    const auto start = std::chrono::steady_clock::now();
    PGconn* session = PQconnectdbParams(keywords.data(), values.data(), 0);
    PGresult* result = PQexec(session, "select 1");
    const bool worked = PQresultStatus(result) == PGRES_TUPLES_OK;
    const std::string problem = PQerrorMessage(session);
    PQclear(result);
    PQfinish(session);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    if (!worked) throw std::runtime_error("select 1 failed: " + problem);
    return took.count();
}

struct Build {
    std::string suffix;
    Program program;
};

// The program as the build makes it and, where `./dev package lambda` has made a zip, as that has
// it.
std::vector<Build> builds(const LambdaStand& stand, const support::TempFolder& folder) {
    std::vector<Build> all{{"", stand.function()}};
    std::error_code problem;
    for (const auto& entry : std::filesystem::directory_iterator(REVIEWDB_DIST, problem)) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with("reviewdb-lambda-") || entry.path().extension() != ".zip") continue;
        bench::output_of({{"unzip", "-q", entry.path().string(), "-d", folder.path().string()}});
        all.push_back({", packaged", stand.function((folder / "bootstrap").string())});
        break;
    }
    return all;
}

void measure_start(LambdaStand& stand, const Build& build, int rounds, Report& report) {
    constexpr double k_part_of_node = 0.2;
    constexpr double k_milliseconds = 25;
    const Program node{{"node", "-e", "0"}};
    auto& start = report.compare("first request" + build.suffix, "node -e 0", k_part_of_node);
    for (int round = 0; round < rounds; ++round) {
        start.measure([&] { return stand.ready(build.program); },
                      [&] { return bench::milliseconds_of(node); });
    }
    report.watch("median of " + start.what, "ms", k_milliseconds).see(bench::median(start.ours));
}

void expect(const std::string& what, const bench::Served& served, const Calls& allowed,
            Report& report) {
    const auto said = fmt::format("{}: {}, over {} connection(s)", what,
                                  fmt::join(served.calls, ", "), served.connections);
    if (served.calls != allowed || served.connections != 1) {
        throw std::runtime_error(
            fmt::format("{}; allowed: {}, over 1", said, fmt::join(allowed, ", ")));
    }
    report.remark("Secrets Manager, " + said);
}

// Over one process, so over kept connections but for the first event, which reads the
// administrator's secret and the key as well.
void count_calls(LambdaStand& stand, Report& report) {
    const auto first = stand.start(stand.function(), "create", "first");
    report.remark(
        fmt::format("Secrets Manager, first event of a process: {}", fmt::join(first.calls, ", ")));
    const Calls read{"GetSecretValue"};
    expect("create again", stand.serve("create", "first"), read, report);
    expect("create, no secret", stand.serve("create", "absent"), {"GetSecretValue", "CreateSecret"},
           report);
    stand.put_placeholder("placeholder");
    expect("create, placeholder", stand.serve("create", "placeholder"),
           {"GetSecretValue", "PutSecretValue", "TagResource"}, report);
    expect("create again, former placeholder", stand.serve("create", "placeholder"), read, report);
    for (const auto* stage : {"first", "absent", "placeholder"}) stand.serve("delete", stage);
    if (stand.connections_of_process() != 1) {
        throw std::runtime_error("the connection to Secrets Manager is not kept between events");
    }
    stand.stop();
    stand.stand().forget_what_is_gone();
}

void measure_again(LambdaStand& stand, int rounds, Report& report) {
    constexpr double k_again = 1.5;
    auto& again = report.compare("create again, kept", "login and select 1", k_again);
    stand.start(stand.function(), "create", "again");
    const auto login = stand.login_of("again");
    for (int round = 0; round < rounds; ++round) {
        again.measure([&] { return stand.serve("create", "again").milliseconds; },
                      [&] { return login_and_select(login, stand.authorities()); });
    }
    stand.serve("delete", "again");
    stand.stop();
    stand.stand().forget_what_is_gone();
}

void measure_first_create(LambdaStand& stand, int rounds, Report& report) {
    constexpr double k_first = 1.15;
    auto& first = report.compare("start to first create", "floor", k_first);
    const bench::LambdaFloor floor(stand, "floor");
    report.remark(floor.finding());
    for (int round = 0; round < rounds; ++round) {
        first.measure(
            [&] {
                stand.stand().settle();
                return stand.start(stand.function(), "create", "bench").milliseconds;
            },
            [&] {
                stand.stand().settle();
                return floor.create();
            });
        for (const auto* stage : {"bench", "floor"}) stand.serve("delete", stage);
        stand.stop();
        stand.stand().forget_what_is_gone();
    }
}

void measure_memory(LambdaStand& stand, const Build& build, int lives, Report& report) {
    constexpr double k_megabytes = 20;
    auto& peak = report.watch("memory" + build.suffix, "MB", k_megabytes);
    stand.start(build.program, "create", "memory");
    for (int life = 0; life < lives; ++life) {
        stand.serve("create", "memory");
        stand.serve("delete", "memory");
        stand.serve("create", "memory");
    }
    stand.serve("delete", "memory");
    peak.see(stand.peak_memory());
    stand.stop();
    stand.stand().forget_what_is_gone();
}

void measure(Length length) {
    const bool full = length == Length::full;
    LambdaStand stand;
    Report report;
    const support::TempFolder folder("reviewdb-bench-", 0700);
    const auto programs = builds(stand, folder);
    count_calls(stand, report);
    for (const auto& build : programs) measure_start(stand, build, full ? 60 : 2, report);
    measure_again(stand, full ? 200 : 2, report);
    measure_first_create(stand, full ? 40 : 2, report);
    for (const auto& build : programs) measure_memory(stand, build, full ? 10 : 1, report);
    report.publish("lambda", length, stand.stand().major());
}

}  // namespace

int main(int count, char** words) { return bench::run_program("lambda", count, words, measure); }
