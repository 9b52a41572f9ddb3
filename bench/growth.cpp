// SPDX-License-Identifier: Apache-2.0
//
// What a claim costs where there are 2,000 environments already, beside what it costs where there
// are 10: two servers at once, each claimed from in turn. The environments are rows of the
// registry, roles that the manager made, as it makes them, and rows of pg_database with their
// comments and settings; the databases behind those rows have no files, since nobody enters them.
#include <fmt/format.h>

#include "claimers.h"
#include "copies.h"
#include "harness.h"
#include "shelf.h"
#include "stand.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using bench::Length;
using bench::Stand;

constexpr double k_growth = 1.2;

void run(pg::Connection& session, const std::string& sql) {
    support::must(session.run({sql}, bench::patience()));
}

// After the shelf, whose first instance lends its row of pg_database.
void add_environments(const Stand& stand, int count) {
    auto manager = bench::manager_on(stand);
    run(manager,
        fmt::format("DO $$ BEGIN FOR n IN 1..{} LOOP EXECUTE format('CREATE ROLE pooled_r%s "
                    "LOGIN CONNECTION LIMIT 10', n); EXECUTE format('COMMENT ON ROLE "
                    "pooled_r%1$s IS %2$L', n, 'reviewdb/1 a role'); END LOOP; END $$",
                    count));
    auto root = support::connect(stand.superuser("reviewdb"));
    run(root, fmt::format(R"(
INSERT INTO pg_database SELECT (jsonb_populate_record(d, jsonb_build_object(
    'oid', 3000000 + n, 'datname', 'pooled_e' || n, 'datallowconn', true))).*
FROM generate_series(1, {}) n, pg_database d WHERE d.oid =
    (SELECT i.oid FROM registry.instance i WHERE i.state = 'warm' LIMIT 1))",
                          count));
    run(root, fmt::format(R"(
INSERT INTO pg_shdescription SELECT 3000000 + n, 'pg_database'::regclass,
    format('reviewdb/1 %s %s %s.1 pooled - %s', gen_random_uuid(), gen_random_uuid(),
        gen_random_uuid(), repeat('x', 64)) FROM generate_series(1, {}) n)",
                          count));
    run(root, fmt::format(R"(
INSERT INTO pg_db_role_setting SELECT 3000000 + n, 0,
    ARRAY['idle_in_transaction_session_timeout=1h'] FROM generate_series(1, {}) n)",
                          count));
    run(root, fmt::format(R"(
WITH numbers AS MATERIALIZED (
    SELECT n, gen_random_uuid() AS role, gen_random_uuid() AS instance FROM generate_series(1, {}) n
), roles AS (
    INSERT INTO registry.role (id, name, state, key_number)
    SELECT role, 'pooled_r' || n, 'serving', 1 FROM numbers
), instances AS (
    INSERT INTO registry.instance (id, project, state, database, oid, template, role)
    SELECT instance, 'pooled', 'serving', 'pooled_e' || n, 3000000 + n, 'empty', role FROM numbers
), environments AS (
    INSERT INTO registry.environment (id, project, name, state, instance, role)
    SELECT gen_random_uuid(), 'pooled', 'e' || n, 'ready', instance, role FROM numbers
)
INSERT INTO registry.history (project, name, event)
SELECT 'pooled', 'e' || n, 'created' FROM numbers)",
                          count));
}

void measure_on(int major, Length length, bench::Report& report) {
    const bool full = length == Length::full;
    const int many = full ? 2000 : 100;
    constexpr int k_few = 10;
    const int plans = full ? 6 : 1;
    const int at_a_time = full ? 40 : 3;
    // Vacuum would look for the files of those databases.
    const local::Settings settings{{"autovacuum", "off"}};
    const Stand large(major, settings);
    const Stand small(major, settings);
    const bench::Shelf large_shelf(large, at_a_time + plans);
    const bench::Shelf small_shelf(small, at_a_time + plans);
    large.in_haste([&] { add_environments(large, many); });
    small.in_haste([&] { add_environments(small, k_few); });
    const auto put_back = [&] {
        large_shelf.put_back();
        small_shelf.put_back();
    };
    put_back();
    const auto among_many = bench::claimers(large, 1, "one").front();
    const auto among_few = bench::claimers(small, 1, "one").front();
    for (int i = 0; i < plans; ++i) {
        among_many();
        among_few();
    }
    auto& comparison = report.compare(fmt::format("{}: claim among {}", major, many),
                                      fmt::format("claim among {}", k_few), k_growth);
    for (int round = 0; round < (full ? 400 : 3); ++round) {
        if (round % at_a_time == 0) put_back();
        comparison.measure([&] { return bench::milliseconds_of(among_many); },
                           [&] { return bench::milliseconds_of(among_few); });
    }
}

void measure(Length length) {
    bench::Report report;
    const auto majors =
        length == Length::full ? bench::majors_here() : std::vector<int>{bench::k_usual_major};
    for (const int major : majors) measure_on(major, length, report);
    report.remark("environments: rows, roles and rows of pg_database; the databases have no files");
    report.publish("growth", length, majors.back());
}

}  // namespace

int main(int count, char** words) { return bench::run_program("growth", count, words, measure); }
