// SPDX-License-Identifier: Apache-2.0
//
// Eight fillers and many claimers at once, while somebody ends a session of ours every moment: each
// instance is given once, none is lost, and afterwards the pool is as it is to be. ./dev chaos does
// that for longer, by $REVIEWDB_STORM_SECONDS.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>

#include "supply_fixture.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using environment::Answer;
using support::execute;
using support::must;

std::chrono::seconds how_long() {
    const char* text = getenv("REVIEWDB_STORM_SECONDS");
    constexpr std::chrono::seconds k_short(4);
    return text != nullptr ? std::chrono::seconds(std::stoi(text)) : k_short;
}

class SupplyStormTest : public SupplyTest {
   protected:
    // What a call fails with whose sessions are ended again and again is told; nothing else is.
    static bool was_cut_off(const base::Error& error) {
        return error.kind == base::ErrorKind::in_doubt ||
               error.kind == base::ErrorKind::unavailable ||
               error.kind == base::ErrorKind::overloaded || error.sqlstate == "57P01";
    }

    void fill_again_and_again() {
        while (!over_) {
            const auto report = fill();
            if (report) {
                built_ += report->built;
            } else {
                EXPECT_TRUE(was_cut_off(report.error()))
                    << report.error().message << " " << report.error().sqlstate;
            }
        }
    }

    // Makes one after the other, keeps some, and removes the others.
    void claim_again_and_again() {
        for (int i = 0; !over_; ++i) {
            const auto name = support::unique_name();
            const auto made = create_from(name, "data");
            if (!made) {
                EXPECT_TRUE(was_cut_off(made.error()))
                    << made.error().message << " " << made.error().sqlstate;
                continue;
            }
            note(*made);
            constexpr int k_kept = 8;
            if (i < k_kept) continue;
            const auto removed = remove(name);
            EXPECT_TRUE(removed || was_cut_off(removed.error())) << removed.error().message;
        }
    }

    // Nobody is given what another was given.
    void note(const Answer& made) {
        const std::lock_guard lock(mutex_);
        claimed_ += made.warm ? 1 : 0;
        EXPECT_TRUE(roles_.insert(made.description->role).second) << made.description->role;
    }

    void end_sessions_again_and_again() {
        auto session = support::connect(root());
        while (!over_) {
            must(session.run({"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                              "usename = 'reviewdb_operator' ORDER BY random() LIMIT 1"},
                             support::soon()));
            ++ended_;
            std::this_thread::sleep_for(pause_.load());
        }
    }

    std::atomic<bool> over_ = false;
    std::atomic<std::chrono::milliseconds> pause_ = std::chrono::milliseconds(40);
    std::atomic<int> built_ = 0;
    std::atomic<int> ended_ = 0;
    std::atomic<int> claimed_ = 0;
    std::mutex mutex_;
    std::set<std::string> roles_;
};

TEST_F(SupplyStormTest, gives_each_instance_once_and_loses_none) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    must(make_template("data", "CREATE TABLE fruit AS SELECT 'apple' AS name"));
    constexpr int k_target = 6;
    constexpr int k_least_ended = 10;
    set_pool("data", k_target);
    must(fill());
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([this] { fill_again_and_again(); });
    for (int i = 0; i < 8; ++i) threads.emplace_back([this] { claim_again_and_again(); });
    threads.emplace_back([this] { end_sessions_again_and_again(); });
    std::this_thread::sleep_for(how_long());
    // However slow the machine is, some of what was given had to be built meanwhile: a slow one
    // gets longer between two sessions that end.
    pause_ = std::chrono::milliseconds(500);
    const auto patience = base::Deadline::after(std::chrono::minutes(1));
    while ((claimed_ <= k_target || ended_ <= k_least_ended) && !patience.passed()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    over_ = true;
    for (auto& thread : threads) thread.join();
    wait_for_the_dead();
    fmt::print("{} built, {} claimed of {}, {} sessions ended\n", built_.load(), claimed_.load(),
               roles_.size(), ended_.load());
    EXPECT_GT(claimed_, k_target);
    EXPECT_GT(ended_, k_least_ended);
    must(fill());
    EXPECT_EQ(warm("data"), k_target);
    EXPECT_EQ(pooled(), k_target);
    // What was given and then cut off is made usable, or is gone, like everything else.
    finish_leftovers();
    auto names = support::connect(root("reviewdb"));
    const auto rows = must(names.run(
        {"SELECT name FROM registry.environment WHERE state <> 'gone'"}, support::soon()));
    for (int i = 0; i < rows.size(); ++i) {
        const auto usable = must(create(rows[i].text("name")));
        EXPECT_EQ(support::refusal(login(usable), "ALTER TABLE fruit ADD COLUMN ripe boolean"), "")
            << rows[i].text("name");
    }
    must(fill());
    expect_agreement();
}

}  // namespace
