// SPDX-License-Identifier: Apache-2.0
//
// What a sweep costs where there is much: the decision alone, over 100,000 environments and as many
// branches, and how many statements a sweep says that finds nothing on a server with 2,000
// databases. These are made by hand, as rows of the registry and of pg_database without files: the
// statements do not know.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "conversation.h"
#include "environment/sweep.h"
#include "harness.h"
#include "stand.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/tcp_proxy.h"
#include "support/temp_folder.h"

namespace {

using bench::Length;
using bench::Stand;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

constexpr const char* k_repository = "example.com/shop/web";

std::string branch(int i) { return fmt::format("feature/number-{:06}", i); }

// Every tenth environment has no branch any more.
SweepFacts facts_of(int count) {
    SweepFacts facts;
    facts.common.now = Time(std::chrono::hours(500'000));
    facts.former = {k_repository, count};
    facts.environments.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        Candidacy one;
        one.record.id = base::Uuid::random();
        one.record.project = "shop";
        one.record.name = branch(i);
        one.record.state = EnvironmentState::ready;
        one.record.origin.repository = k_repository;
        one.record.origin.ref = branch(i);
        one.record.last_create_at = facts.common.now - std::chrono::hours(48);
        one.database = fmt::format("shop_{}", i);
        facts.environments.push_back(std::move(one));
    }
    return facts;
}

Truth truth_of(int count) {
    Truth truth{"the measuring program", k_repository, {}, {}, {}, true};
    for (int i = 0; i < count; ++i) {
        truth.refs.insert(i % 10 == 0 ? branch(count + i) : branch(i));
    }
    return truth;
}

double seconds_to_decide(const SweepFacts& facts, const Truth& truth, std::size_t expected) {
    const auto start = std::chrono::steady_clock::now();
    const auto decision = support::must(decide_sweep(facts, truth));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (decision.findings.size() != expected) throw std::runtime_error("it decided otherwise");
    return took.count();
}

// As this process in a child of its own, so that nothing else counts.
int decide_alone(int count) {
    const auto facts = facts_of(count);
    const auto truth = truth_of(count);
    seconds_to_decide(facts, truth, static_cast<std::size_t>(count) / 10);
    return 0;
}

// With one branch, main; answers where it is.
std::string make_repository(const std::filesystem::path& folder) {
    const auto path = (folder / "shop.git").string();
    bench::output_of({{"git", "init", "--quiet", "--initial-branch=main", path}});
    bench::output_of({{"git", "-C", path, "-c", "user.name=a", "-c", "user.email=a@example.com",
                       "commit", "--quiet", "--allow-empty", "--message", "first"}});
    return path;
}

void multiply(const Stand& stand, int count) {
    auto session = support::connect(stand.superuser("reviewdb"));
    support::ask(session, fmt::format(R"(
WITH numbers AS (
    SELECT n, gen_random_uuid() AS role, gen_random_uuid() AS instance FROM generate_series(1, {}) n
), roles AS (
    INSERT INTO registry.role (id, name, state, key_number)
    SELECT role, 'review_many' || n, 'serving', 1 FROM numbers
), instances AS (
    INSERT INTO registry.instance (id, project, state, database, oid, template, role)
    SELECT instance, 'review', 'serving', 'review_many_' || n, 100000 + n, 'empty', role
    FROM numbers
), environments AS (
    INSERT INTO registry.environment (id, project, name, state, instance, role, repository, ref)
    SELECT gen_random_uuid(), 'review', 'many' || n, 'ready', instance, role, '{}', 'main'
    FROM numbers
)
SELECT count(*)::text AS value FROM numbers)",
                                      count, k_repository));
    support::ask(session, "SELECT set_config('allow_system_table_mods', 'on', false) AS value");
    support::ask(session,
                 fmt::format("WITH made AS (INSERT INTO pg_database SELECT 100000 + n, "
                             "'review_many_' || n, d.datdba, d.encoding, d.datlocprovider, false, "
                             "false, d.datconnlimit, d.datfrozenxid, d.datminmxid, "
                             "d.dattablespace, d.datcollate, d.datctype, d.daticulocale, "
                             "d.datcollversion, d.datacl FROM pg_database d, "
                             "generate_series(1, {}) n WHERE d.datname = 'reviewdb_template_0' "
                             "RETURNING oid) SELECT count(*)::text AS value FROM made",
                             count));
}

void measure(Length length) {
    const bool full = length == Length::full;
    const int environments = full ? 100'000 : 2'000;
    const int databases = full ? 2'000 : 20;
    bench::Report report;
    auto& seconds = report.watch(fmt::format("deciding over {}", environments), "s", 1);
    auto& memory = report.watch("its memory", "MB", 200);
    auto& statements =
        report.watch(fmt::format("statements that find nothing, {} databases", databases), "", 10);
    {
        const auto facts = facts_of(environments);
        const auto truth = truth_of(environments);
        for (int round = 0; round < 5; ++round) {
            seconds.see(
                seconds_to_decide(facts, truth, static_cast<std::size_t>(environments) / 10));
        }
    }
    bench::Program alone;
    alone.arguments = {std::filesystem::read_symlink("/proc/self/exe").string(), "--decide",
                       std::to_string(environments)};
    memory.see(bench::peak_memory_of(alone));

    const Stand stand;
    bench::output_of(
        stand.reviewdb({"create", "one", "--repository", k_repository, "--ref", "main"}));
    multiply(stand, databases);
    const support::TempFolder folder;
    const auto remote = make_repository(folder.path());
    const support::TcpProxy wire(stand.port());
    const auto program =
        stand.reviewdb({"sweep", "--branches", "git:" + remote, "--repository", k_repository});
    bench::output_of(stand.at_port(program, wire.port()));
    statements.see(
        static_cast<double>(bench::Conversation::heard(wire.sent_by_departed()).statements()));
    report.remark(
        fmt::format("the decision is over {0} environments and {0} branches; every tenth "
                    "environment has none",
                    environments));
    report.publish("sweep", length, stand.major());
}

}  // namespace

int main(int count, char** words) {
    if (count == 3 && std::string(words[1]) == "--decide") return decide_alone(std::stoi(words[2]));
    return bench::run_program("sweep", count, words, measure);
}
