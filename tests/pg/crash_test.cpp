// SPDX-License-Identifier: Apache-2.0
//
// A server that dies, with all its processes and what they had not written, at any step; and one
// that takes its time to start.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "support/environment_test.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/starting_server.h"
#include "support/stride.h"

namespace {

using namespace std::chrono_literals;
using support::Caller;
using support::Cluster;
using support::Deed;
using support::k_deeds;
using support::must;
using support::Request;
using support::unique_name;

// What a process that dies leaves the call with.
struct Died {};

constexpr std::array k_disturbed{&k_deeds[0], &k_deeds[3], &k_deeds[4], &k_deeds[7]};

class CrashTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        support::ClusterOptions options;
        // Without fsync: that matters when the machine dies, and would make each recovery read the
        // whole data folder.
        options.settings = {{"full_page_writes", "on"}};
        cluster_.emplace(options);
        caller_ = {support::prepare_operator(*cluster_), "crash"};
    }
    void arrange(const Deed& deed, const std::string& name) const {
        support::arrange(deed.before, caller_, cluster_->superuser(), name);
    }
    void expect_nothing_left() const {
        must(caller_.call(Request::create, "sweeper"));
        must(caller_.call(Request::remove, "sweeper"));
        EXPECT_EQ(support::what_is_left(cluster_->superuser(), caller_.project), "");
    }

    // `harm` as each step of `deed` begins, in turn; `call` is to be harmed by it. Every day as
    // each other step begins, from `first` on, so that two harms meet all of them.
    void at_every_step(const Deed& deed, int first, const std::function<void()>& harm,
                       const std::function<void(const Caller&, const std::string&)>& call) const {
        const int every = support::every_day(2);
        for (int step = first % every;; step += every) {
            SCOPED_TRACE(fmt::format("{} at step {}", deed.title, step));
            const auto name = unique_name();
            arrange(deed, name);
            auto harmed = caller_;
            int begun = 0;
            harmed.on_step = [&](const auto& /*step*/) {
                if (begun++ == step) harm();
            };
            call(harmed, name);
            EXPECT_EQ(support::use_and_remove(caller_, name), "");
            if (begun <= step || HasFailure()) break;
        }
    }

    std::optional<Cluster> cluster_;
    Caller caller_;
};

TEST_F(CrashTest, leaves_it_usable_or_gone_when_server_and_program_die_at_any_step) {
    for (const auto* deed : k_disturbed) {
        const auto die = [&] {
            cluster_->kill9();
            throw Died{};
        };
        at_every_step(*deed, 0, die, [&](const Caller& harmed, const std::string& name) {
            try {
                must(harmed.call(deed->verb, name));
            } catch (const Died&) {
                cluster_->start();
            }
            const auto again = caller_.call(deed->verb, name);
            EXPECT_TRUE(again) << again.error().message;
        });
    }
    expect_nothing_left();
}

TEST_F(CrashTest, finishes_when_the_server_dies_and_comes_back_at_any_step) {
    for (const auto* deed : k_disturbed) {
        const auto die = [&] {
            cluster_->kill9();
            cluster_->start();
        };
        at_every_step(*deed, 1, die, [&](const Caller& harmed, const std::string& name) {
            const auto answer = harmed.call(deed->verb, name);
            ASSERT_TRUE(answer) << answer.error().message;
            EXPECT_EQ(answer->outcome, deed->outcome);
        });
    }
    expect_nothing_left();
}

TEST_F(CrashTest, finishes_when_the_server_dies_over_a_statement_that_cannot_be_rolled_back) {
    struct Moment {
        const Deed& deed;
        const char* statement;
    };
    const std::array moments{
        Moment{k_deeds[0], "CREATE DATABASE"}, Moment{k_deeds[0], "ALTER DATABASE"},
        Moment{k_deeds[3], "CREATE DATABASE"}, Moment{k_deeds[3], "ALTER DATABASE"},
        Moment{k_deeds[7], "DROP DATABASE"}};
    for (const auto& moment : moments) {
        SCOPED_TRACE(fmt::format("{} over {}", moment.deed.title, moment.statement));
        const auto name = unique_name();
        arrange(moment.deed, name);
        auto watcher = support::connect(cluster_->superuser());
        auto call =
            std::async(std::launch::async, [&] { return caller_.call(moment.deed.verb, name); });
        const auto runs = fmt::format(
            "SELECT count(*)::text AS value FROM pg_stat_activity WHERE usename = "
            "'reviewdb_operator' AND query LIKE '{}%'",
            moment.statement);
        while (support::ask(watcher, runs) == "0" &&
               call.wait_for(0s) != std::future_status::ready) {
        }
        cluster_->kill9();
        cluster_->start();
        const auto answer = call.get();
        EXPECT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(support::use_and_remove(caller_, name), "");
    }
    expect_nothing_left();
}

TEST_F(CrashTest, waits_for_a_server_that_is_starting_up) {
    cluster_->stop();
    std::future<base::Result<environment::Answer>> call;
    {
        const support::StartingServer starting(cluster_->port());
        call = std::async(std::launch::async,
                          [&] { return caller_.call(Request::create, "patient"); });
        // About five seconds of refusals.
        constexpr int k_enough = 8;
        while (starting.refusals() < k_enough && call.wait_for(10ms) != std::future_status::ready) {
        }
    }
    // Nobody listens at all for a moment.
    cluster_->start();
    const auto answer = call.get();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(support::use_and_remove(caller_, "patient"), "");
    expect_nothing_left();
}

TEST_F(CrashTest, says_that_the_server_is_starting_when_that_takes_longer_than_the_deadline) {
    cluster_->stop();
    const support::StartingServer starting(cluster_->port());
    auto hasty = caller_;
    hasty.patience = 1s;
    const auto answer = hasty.call(Request::create, "hasty");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, base::ErrorKind::unavailable);
    EXPECT_THAT(answer.error().message, testing::HasSubstr("starting up"));
    EXPECT_GE(starting.refusals(), 2);
}

}  // namespace
