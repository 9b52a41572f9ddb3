// SPDX-License-Identifier: Apache-2.0
//
// Eight programs that fill the pool and sixty-four that claim from it at once, of which one is
// killed again and again: no instance is given twice, none is lost, the pool is as it is to be
// again, and registry, catalog and secrets agree. $REVIEWDB_STORM_SECONDS says how long; ./dev
// chaos does it for a minute with a kill each second, CI for a moment with more.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <mutex>
#include <random>

#include "e2e/storm_fixture.h"

namespace {

using e2e::Process;
using e2e::Words;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t k_fillers = 8;
constexpr std::size_t k_claimers = 64;
constexpr int k_target = 24;
constexpr int k_least_killed = 5;
constexpr int k_least_claimed = k_target / 2;

class PoolStormTest : public e2e::StormTest {
   protected:
    // A program that runs to its end unless it is the one that is killed; its exit code.
    int run(const Words& words, std::string* answer = nullptr) {
        const support::TempFolder folder;
        auto with_log = variables();
        with_log["REVIEWDB_LOG_LEVEL"] = "error";
        Process process(folder.path(), words, with_log);
        {
            const std::lock_guard lock(mutex_);
            running_.push_back(&process);
        }
        // Not reaped yet, so that its number is not another's while it may be killed.
        siginfo_t ended{};
        waitid(P_PID, static_cast<id_t>(process.pid()), &ended, WEXITED | WNOWAIT);
        const std::lock_guard lock(mutex_);
        std::erase(running_, &process);
        const int code = process.wait();
        ++ends_[words[0]][process.was_killed() ? "killed" : std::to_string(code)];
        // Away or busy, and a pool that is as full as connections allow, are told; nothing else is.
        constexpr int k_again = 6;
        EXPECT_TRUE(code == 0 || code == k_again || process.was_killed())
            << words[0] << " ended with " << code << ": " << process.output();
        if (answer != nullptr) *answer = process.output();
        return code;
    }
    void fill_again_and_again() {
        while (!over_) run({"pool", "fill", "-q"});
    }
    // Keeps the first that it gets, and removes the others.
    void claim_again_and_again() {
        for (bool has_one = false; !over_;) {
            const auto name = support::unique_name("branch");
            std::string answer;
            const auto code = run({"create", name, "--template", "data", "-o", "json"}, &answer);
            if (code != 0) continue;
            note(answer);
            if (has_one) run({"delete", "--purge", name});
            has_one = true;
        }
    }
    // Nobody is given what another was given.
    void note(const std::string& answer) {
        const auto made = boost::json::parse(answer.substr(answer.find('{'))).as_object();
        const std::lock_guard lock(mutex_);
        claimed_ += made.at("warm").as_bool() ? 1 : 0;
        const std::string role(made.at("role").as_string());
        EXPECT_TRUE(roles_.insert(role).second) << role << " was given twice";
    }
    void kill_again_and_again(milliseconds pause) {
        std::mt19937_64 chance(std::random_device{}());
        while (!over_) {
            std::this_thread::sleep_for(pause);
            const std::lock_guard lock(mutex_);
            if (running_.empty()) continue;
            kill(running_[chance() % running_.size()]->pid(), SIGKILL);
            ++killed_;
        }
    }
    // However slow the machine is, enough has happened.
    void wait_for_enough() {
        const auto patience = base::Deadline::after(std::chrono::minutes(3));
        const auto enough = [this] {
            const std::lock_guard lock(mutex_);
            return killed_ >= k_least_killed && claimed_ >= k_least_claimed;
        };
        while (!enough() && !patience.passed()) std::this_thread::sleep_for(milliseconds(100));
    }
    void print_tally() const {
        std::cout << fmt::format("{} kills, {} given, {} of them warm\n", killed_, roles_.size(),
                                 claimed_);
        for (const auto& [verb, ends] : ends_) {
            std::cout << fmt::format("{:8}", verb);
            for (const auto& [end, often] : ends) std::cout << fmt::format(" {}: {},", end, often);
            std::cout << '\n';
        }
    }

    std::mutex mutex_;
    std::vector<Process*> running_;
    std::atomic<bool> over_ = false;
    std::map<std::string, std::map<std::string, int>> ends_;
    std::set<std::string> roles_;
    int claimed_ = 0;
    int killed_ = 0;
};

TEST_F(PoolStormTest, gives_each_once_and_loses_none_whoever_is_killed) {
    const int seconds = e2e::number_in("REVIEWDB_STORM_SECONDS", 4);
    constexpr int k_long = 30;
    const milliseconds pause(seconds < k_long ? 200 : 1000);
    output({"pool", "set", std::to_string(k_target), "--template", "data"});
    output({"pool", "fill"});
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < k_fillers; ++i) {
        threads.emplace_back([this] { fill_again_and_again(); });
    }
    for (std::size_t i = 0; i < k_claimers; ++i) {
        threads.emplace_back([this] { claim_again_and_again(); });
    }
    threads.emplace_back([&] { kill_again_and_again(pause); });
    std::this_thread::sleep_for(std::chrono::seconds(seconds));
    wait_for_enough();
    over_ = true;
    for (auto& thread : threads) thread.join();
    print_tally();
    EXPECT_GE(killed_, k_least_killed);
    EXPECT_GE(claimed_, k_least_claimed);

    finish_what_was_begun();
    output({"pool", "fill"});
    const auto full = pool();
    EXPECT_EQ(full.at("warm").as_int64(), k_target);
    EXPECT_EQ(full.at("building").as_int64() + full.at("stale").as_int64(), 0);
    const auto there = names({"list", "-q"});
    EXPECT_FALSE(there.empty());
    for (const auto& name : there) EXPECT_EQ(fruit_of(name), "apple") << name;
    expect_agreement(there);
}

// Each has the old data or the new, whole, and the pool is of the new in the end.
TEST_F(PoolStormTest, gives_old_or_new_data_while_the_template_is_refreshed_under_many_claims) {
    const int claims = e2e::number_in("REVIEWDB_CLAIMS", 16);
    output({"pool", "set", std::to_string(claims), "--template", "data"});
    output({"pool", "fill"});
    std::atomic<int> done = 0;
    std::atomic<bool> refreshed = false;
    const auto claim_one = [&] {
        std::string answer;
        EXPECT_EQ(
            run({"create", support::unique_name("branch"), "--template", "data", "-o", "json"},
                &answer),
            0)
            << answer;
        note(answer);
        ++done;
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            while (!refreshed || done < claims) claim_one();
            claim_one();
        });
    }
    while (done < claims / 4) std::this_thread::yield();
    make_template("pear");
    refreshed = true;
    for (auto& thread : threads) thread.join();
    print_tally();
    EXPECT_EQ(roles_.size(), static_cast<std::size_t>(done));

    output({"pool", "fill"});
    EXPECT_EQ(pool().at("warm").as_int64(), claims);
    EXPECT_EQ(pool().at("stale").as_int64(), 0);
    std::map<std::string, int> fruit;
    const auto there = names({"list", "-q"});
    for (const auto& name : there) ++fruit[fruit_of(name)];
    std::cout << fmt::format("{} old, {} new\n", fruit["apple"], fruit["pear"]);
    EXPECT_EQ(fruit["apple"] + fruit["pear"], done);
    EXPECT_GE(fruit["apple"], claims / 4);
    EXPECT_GE(fruit["pear"], 8);
    expect_agreement(there);
}

}  // namespace
