// SPDX-License-Identifier: Apache-2.0
//
// The function beside its yardsticks: its start, what it says to Secrets Manager, an event on kept
// connections, a first create from the start of the process, and its memory. Fails where the calls
// are not those that it may make.
#include <fmt/format.h>
#include <libpq-fe.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "claim_floor.h"
#include "claimers.h"
#include "copies.h"
#include "harness.h"
#include "lambda_floor.h"
#include "lambda_stand.h"
#include "shelf.h"
#include "supplied.h"
#include "support/must.h"
#include "support/sql.h"
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

void measure_start(LambdaStand& stand, int rounds, Report& report) {
    constexpr double k_part_of_node = 0.2;
    constexpr double k_milliseconds = 25;
    const Program node{{"node", "-e", "0"}};
    auto& start = report.compare("first request", "node -e 0", k_part_of_node);
    for (int round = 0; round < rounds; ++round) {
        start.measure([&] { return stand.ready(stand.function()); },
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

// The function's pool and the floor's, which are claimed from in turn; and a secret of ours whose
// login the floor makes.
class Pools {
   public:
    Pools(LambdaStand& stand, int count)
        : stand_(stand), count_(count), shelf_(stand.stand(), [&] { fill(count); }) {
        shelf_.put_back();
    }

    const bench::Shelf& shelf() const { return shelf_; }

    // One is lent for good. Throws where a create of these rounds built one on the spot, though
    // there were warm ones.
    void must_have_left(int at_a_time, int rounds) const {
        const int taken = (rounds - 1) % at_a_time + 1;
        if (shelf_.left(k_project) == count_ - 1 - taken) return;
        throw std::runtime_error("a create was not given what was built ahead");
    }

   private:
    void fill(int count) const {
        const auto number = std::to_string(count);
        bench::output_of(stand_.cli({"pool", "set", number, "--project", k_project}));
        bench::output_of(stand_.cli({"pool", "fill", "--project", k_project, "--deadline", "10m"}));
        bench::Supplied(stand_.stand().login()).fill(count);
    }

    static constexpr const char* k_project = "reviewapp";
    LambdaStand& stand_;
    int count_;
    bench::Shelf shelf_;
};

// A row that is written without waiting for the disk, over a kept session.
class QuickCommit {
   public:
    explicit QuickCommit(const bench::Stand& stand)
        : session_(support::connect(stand.superuser("postgres"))) {
        run({"CREATE TABLE one_row (id integer, word text)"});
        run({"INSERT INTO one_row VALUES (1, 'x')"});
        run({"SET synchronous_commit = off"});
    }
    void commit() { run({"UPDATE one_row SET word = 'y'", {}, true}); }

   private:
    void run(const pg::Statement& statement) {
        support::must(session_.run(statement, bench::patience()));
    }
    pg::Connection session_;
};

void measure_warm(LambdaStand& stand, const Pools& pools, int rounds, int at_a_time,
                  Report& report) {
    constexpr double k_warm = 1.3;
    auto& warm = report.compare("create, warm, kept", "claim, login, commit", k_warm);
    const auto script = bench::ClaimScript::heard_on(stand.stand());
    const auto claim = bench::floor_claimers(stand.stand(), script, 1, "floor").front();
    QuickCommit quick(stand.stand());
    stand.start(stand.function(), "create", "lends");
    const auto login = stand.login_of("lends");
    for (int round = 0; round < rounds; ++round) {
        if (round % at_a_time == 0) pools.shelf().put_back("lends");
        warm.measure(
            [&] { return stand.serve("create", fmt::format("warm{}", round)).milliseconds; },
            [&] {
                return bench::milliseconds_of([&] {
                    claim();
                    login_and_select(login, stand.authorities());
                    quick.commit();
                });
            });
    }
    pools.must_have_left(at_a_time, rounds);
    stand.serve("delete", "lends");
    stand.stop();
}

// What the former Lambda says to Postgres for a create, with psql: two logins.
void write_incumbents_sql(const std::string& file, const std::string& name) {
    std::ofstream(file) << fmt::format(R"(SELECT 1 FROM pg_database WHERE datname = '{0}';
CREATE DATABASE {0};
SELECT 1 FROM pg_roles WHERE rolname = '{0}';
CREATE USER {0} WITH PASSWORD 'b7f1c2d94e';
GRANT ALL PRIVILEGES ON DATABASE {0} TO {0};
\connect {0}
GRANT USAGE ON SCHEMA public TO {0};
GRANT CREATE ON SCHEMA public TO {0};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO {0};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON SEQUENCES TO {0};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON FUNCTIONS TO {0};
)",
                                       name);
}

void measure_first_warm(LambdaStand& stand, const Pools& pools, int rounds, int at_a_time,
                        Report& report) {
    constexpr double k_part_of_incumbent = 0.2;
    auto& first =
        report.compare("start to warm create", "psql, incumbent's SQL", k_part_of_incumbent);
    const support::TempFolder folder("reviewdb-bench-", 0700);
    const auto file = (folder / "create.sql").string();
    const auto& login = stand.administrator_login();
    const Program psql{
        {(stand.stand().programs() / "psql").string(), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f",
         file, login.with("dbname", "postgres").with("sslmode", "verify-full").to_uri().reveal()},
        {{"PGSSLROOTCERT", stand.authorities()}}};
    for (int round = 0; round < rounds; ++round) {
        if (round % at_a_time == 0) pools.shelf().put_back();
        const auto name = fmt::format("theirs{}", round);
        write_incumbents_sql(file, name);
        first.measure(
            [&] {
                const auto stage = fmt::format("first{}", round);
                const double took = stand.start(stand.function(), "create", stage).milliseconds;
                stand.stop();
                return took;
            },
            [&] { return bench::milliseconds_of(psql); });
        const auto root = stand.stand().superuser("postgres");
        support::execute(root, "DROP DATABASE " + name);
        support::execute(root, "DROP ROLE " + name);
    }
    pools.must_have_left(at_a_time, rounds);
}

void measure_memory(LambdaStand& stand, int lives, Report& report) {
    constexpr double k_megabytes = 20;
    auto& peak = report.watch("memory", "MB", k_megabytes);
    stand.start(stand.function(), "create", "memory");
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
    count_calls(stand, report);
    measure_start(stand, full ? 60 : 2, report);
    measure_again(stand, full ? 200 : 2, report);
    measure_first_create(stand, full ? 40 : 2, report);
    measure_memory(stand, full ? 10 : 1, report);
    const int at_a_time = full ? 40 : 2;
    // For the floor, which the key is nothing to, and for who fills its pool.
    setenv("REVIEWDB_KEY", stand.key().c_str(), 1);
    const Pools pools(stand, at_a_time + 5);
    measure_warm(stand, pools, full ? 120 : 2, at_a_time, report);
    measure_first_warm(stand, pools, full ? 40 : 2, at_a_time, report);
    report.publish("lambda", length, stand.stand().major());
}

}  // namespace

int main(int count, char** words) { return bench::run_program("lambda", count, words, measure); }
