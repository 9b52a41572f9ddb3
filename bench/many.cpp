// SPDX-License-Identifier: Apache-2.0
//
// What `repair --all --dry-run` costs over a thousand environments: how many statements, and how
// much of the time is the program's own and not the server's. The environments are real rows over
// one real database and role, which is all that the question needs: the statements do not know.
#include <fmt/format.h>
#include <sys/resource.h>

#include <string>

#include "conversation.h"
#include "harness.h"
#include "stand.h"
#include "support/sql.h"
#include "support/tcp_proxy.h"

namespace {

using bench::Length;
using bench::Stand;

// Copies of the rows of `template_name`, each with a role, an instance and a name of its own.
void multiply(const Stand& stand, int count) {
    auto session = support::connect(stand.superuser("reviewdb"));
    support::ask(session, fmt::format(R"(
WITH original AS (
    SELECT e.project, e.instance, e.role FROM registry.environment e WHERE e.name = 'many'
), numbers AS (
    SELECT n, gen_random_uuid() AS role, gen_random_uuid() AS instance FROM generate_series(1, {}) n
), roles AS (
    INSERT INTO registry.role (id, name, state, key_number)
    SELECT role, 'review_many' || n, 'serving', 1 FROM numbers
), instances AS (
    INSERT INTO registry.instance (id, project, state, database, oid, template, role)
    SELECT instance, 'review', 'serving', 'review_many_' || n, NULL, 'empty', role FROM numbers
), environments AS (
    INSERT INTO registry.environment (id, project, name, state, instance, role)
    SELECT gen_random_uuid(), 'review', 'many' || n, 'ready', instance, role FROM numbers
)
SELECT count(*)::text AS value FROM numbers)",
                                      count));
}

double own_seconds(const bench::Program& program) {
    rusage before{};
    rusage after{};
    getrusage(RUSAGE_CHILDREN, &before);
    bench::output_of(program);
    getrusage(RUSAGE_CHILDREN, &after);
    const auto seconds = [](const rusage& usage) {
        const auto of = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        return of(usage.ru_utime) + of(usage.ru_stime);
    };
    return seconds(after) - seconds(before);
}

void measure(Length length) {
    const int count = length == Length::full ? 1000 : 20;
    const Stand stand;
    bench::output_of(stand.reviewdb({"create", "many"}));
    multiply(stand, count - 1);
    // Drift is what it is there to find: exit code 7.
    auto program = stand.reviewdb({"repair", "--all", "--dry-run"});
    program.exit_code = 7;

    bench::Report report;
    constexpr double k_statements = 20;
    constexpr double k_seconds = 3;
    auto& statements = report.watch(fmt::format("statements for {}", count), "", k_statements);
    auto& seconds = report.watch("the program's own part", "s", k_seconds);
    const support::TcpProxy wire(stand.port());
    bench::output_of(stand.at_port(program, wire.port()));
    statements.see(
        static_cast<double>(bench::Conversation::heard(wire.sent_by_departed()).statements()));
    for (int round = 0; round < 5; ++round) seconds.see(own_seconds(program));
    report.remark(fmt::format("repair --all --dry-run over {} environments", count));
    report.publish("many", length, stand.major());
}

}  // namespace

int main(int count, char** words) { return bench::run_program("many", count, words, measure); }
