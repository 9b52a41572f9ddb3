// SPDX-License-Identifier: Apache-2.0
//
// Mixed verbs from many workers on a few shared names and some of their own, while programs are
// killed at random, and the server once. Afterwards everything is usable or gone.
// $REVIEWDB_LOAD_SECONDS says how long: 20 unless told otherwise; the server is killed once in two
// minutes, and at least once. $REVIEWDB_LOAD_SEED brings back the choices of an earlier run.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <random>

#include "e2e/process.h"
#include "support/at_once.h"

namespace {

using e2e::Process;
using e2e::Words;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr const char* k_project = "load";
constexpr std::size_t k_workers = 32;
constexpr seconds k_between_kills(120);
// What can become of a call whose neighbours do as they please and whose server dies: done, nothing
// of that name, closed or otherwise in the way, away or busy.
constexpr std::array k_expected{0, 3, 4, 6};

unsigned number_in(const char* variable, unsigned otherwise) {
    const char* text = getenv(variable);
    return text != nullptr ? static_cast<unsigned>(std::stoul(text)) : otherwise;
}

// Of `rows`, each with a column `what`.
std::string lines(const std::string& rows) {
    return "SELECT coalesce(string_agg(what, E'\\n'), '') AS value FROM (" + rows + ") s";
}

// Who lives, by what the registry says: in use by an environment, or kept in the trash.
constexpr std::string_view k_strays = R"(
    SELECT 'database ' || datname AS what FROM pg_database
    WHERE datname ~ '^(reviewdb_[bx]|load)_' AND datname NOT IN (
        SELECT database FROM registry.instance
        WHERE state = 'trashed' OR id IN (SELECT instance FROM registry.environment
                                          WHERE state <> 'gone'))
    UNION ALL SELECT 'role ' || rolname FROM pg_roles
    WHERE rolname ~ '^(reviewdb_b|load)_' AND rolname NOT IN (
        SELECT r.name FROM registry.role r JOIN registry.environment e ON e.role = r.id
        WHERE e.state <> 'gone'
        UNION SELECT r.name FROM registry.role r JOIN registry.instance i ON i.role = r.id
        WHERE i.state = 'trashed')
    UNION ALL SELECT 'instance ' || database || ' is ' || state FROM registry.instance
    WHERE state NOT IN ('serving', 'trashed', 'gone')
    UNION ALL SELECT 'role ' || name || ' is ' || state FROM registry.role
    WHERE state NOT IN ('serving', 'gone'))";

class LoadTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        support::ClusterOptions options;
        // It is killed, and has to come back whole.
        options.settings = {{"full_page_writes", "on"}, {"max_connections", "200"}};
        cluster_.emplace(options);
        const auto finished = e2e::call(
            home_.path(),
            {"init", "--sslmode", "disable", "--advertise", fmt::format("127.0.0.1:{}", port())},
            {{"REVIEWDB_SERVER", cluster_->make_administrator().to_uri().reveal()}});
        ASSERT_EQ(finished.exit_code, 0) << finished.err;
        operator_ = finished.out.substr(0, finished.out.find('\n'));
        const auto secrets = "secrets=file:" + (home_ / "secrets").string();
        ASSERT_EQ(reviewdb({"config", "set", secrets}).exit_code, 0);
    }

    int port() const { return cluster_->port(); }
    e2e::Variables variables() const {
        return {{"REVIEWDB_SERVER", operator_}, {"REVIEWDB_PROJECT", k_project}};
    }
    base::Finished reviewdb(const Words& words) const {
        return e2e::call(home_.path(), words, variables());
    }
    std::string ask(const std::string& sql) const {
        return support::ask(cluster_->superuser("reviewdb"), sql);
    }

    // One worker, until `end`.
    void work(std::size_t number, steady_clock::time_point end) {
        std::mt19937_64 chance(seed_ + number);
        while (steady_clock::now() < end) call_at_random(number, chance);
    }
    void call_at_random(std::size_t worker, std::mt19937_64& chance) {
        static const std::vector<Words> k_calls{{"create"}, {"create"}, {"repair"},
                                                {"reset"},  {"rotate"}, {"rotate", "--disconnect"},
                                                {"close"},  {"open"},   {"delete"}};
        auto words = k_calls[chance() % k_calls.size()];
        const bool shared = chance() % 2 == 0;
        words.push_back(shared ? fmt::format("shared-{}", chance() % 3)
                               : fmt::format("own-{}-{}", worker, chance() % 2));
        const bool is_to_die = chance() % 3 == 0;
        const auto moment = steady_clock::now() + milliseconds(chance() % 400);
        const support::TempFolder folder;
        Process process(folder.path(), words, variables());
        while (is_to_die && steady_clock::now() < moment && !process.ended()) {
            std::this_thread::sleep_for(milliseconds(1));
        }
        if (is_to_die) process.signal(SIGKILL);
        count(words, process);
    }
    void count(const Words& words, Process& process) {
        const int end = process.wait();
        const bool killed = process.was_killed();
        const bool expected = killed || std::ranges::find(k_expected, end) != k_expected.end();
        const std::scoped_lock guard(lock_);
        ++tally_[words.front()][killed ? "killed" : std::to_string(end)];
        EXPECT_TRUE(expected) << words[0] << ' ' << words.back() << " ended with " << end << ": "
                              << process.output();
    }
    void print_tally() const {
        for (const auto& [verb, ends] : tally_) {
            std::cout << fmt::format("{:8}", verb);
            for (const auto& [end, often] : ends) std::cout << fmt::format(" {}: {},", end, often);
            std::cout << '\n';
        }
    }

    // What was left in the middle of something that only its own verb goes on with.
    void finish_what_was_begun() const {
        for (const auto& [state, verb] : {std::pair{"closed", "open"}, {"retiring", "delete"}}) {
            for (const auto& name : names({"list", "--state", state, "-q"})) {
                const auto finished = reviewdb({verb, name});
                EXPECT_EQ(finished.exit_code, 0) << verb << ' ' << name << ": " << finished.err;
            }
        }
    }
    // Every call gives leftovers a little of its time.
    void finish_leftovers() const {
        for (int i = 0; i < 100; ++i) {
            const auto finished = reviewdb({"repair", "--all"});
            ASSERT_EQ(finished.exit_code, 0) << finished.err << finished.out;
            if (ask("SELECT count(*)::text AS value FROM registry.instance "
                    "WHERE state = 'dropping'") == "0") {
                return;
            }
        }
        FAIL() << "leftovers stay: " << ask(lines(std::string(k_strays)));
    }
    Words names(const Words& words) const {
        std::istringstream text(reviewdb(words).out);
        Words all;
        for (std::string name; std::getline(text, name);) all.push_back(name);
        return all;
    }
    void expect_usable(const std::string& name) const {
        const auto url = reviewdb({"url", name});
        ASSERT_EQ(url.exit_code, 0) << name << ": " << url.err;
        const auto login = e2e::login_of(url.out);
        EXPECT_EQ(support::refusal(login, "CREATE TABLE it_works (id integer)"), "") << name;
    }
    void expect_nobody_connected() const {
        const auto is_over = base::Deadline::after(seconds(60));
        std::string seen;
        do {
            seen =
                ask(lines("SELECT application_name || ' in ' || datname || ': ' || query AS what "
                          "FROM pg_stat_activity WHERE usename = 'reviewdb_operator'"));
        } while (!seen.empty() && !is_over.passed());
        EXPECT_EQ(seen, "");
    }

    support::TempFolder home_;
    std::optional<support::Cluster> cluster_;
    std::string operator_;
    unsigned seed_ = number_in("REVIEWDB_LOAD_SEED", std::random_device()() % 1000000);
    std::mutex lock_;
    std::map<std::string, std::map<std::string, int>> tally_;
};

TEST_F(LoadTest, everything_is_usable_or_gone_after_many_workers_and_random_kills) {
    const milliseconds time = seconds(number_in("REVIEWDB_LOAD_SECONDS", 10));
    std::cout << fmt::format("REVIEWDB_LOAD_SEED={}\n", seed_) << std::flush;
    const auto start = steady_clock::now();
    std::thread load([&] {
        support::at_once(k_workers, k_workers, [&](auto number) { work(number, start + time); });
    });
    for (auto moment = time / 2; moment < time; moment += k_between_kills) {
        std::this_thread::sleep_until(start + moment);
        cluster_->kill9();
        cluster_->start();
    }
    load.join();
    print_tally();

    finish_what_was_begun();
    finish_leftovers();
    const auto there = names({"list", "-q"});
    EXPECT_FALSE(there.empty());
    for (const auto& name : there) expect_usable(name);
    const auto health = reviewdb({"doctor"});
    EXPECT_EQ(health.exit_code, 0) << health.out << health.err;
    EXPECT_EQ(ask(lines(std::string(k_strays))), "");
    expect_nobody_connected();
    EXPECT_EQ(cluster_->server_log().find("deadlock detected"), std::string::npos);
    std::cout << fmt::format("{} environments at the end\n", there.size());
}

}  // namespace
