// SPDX-License-Identifier: Apache-2.0
//
// A network that stalls, drops, resets, delays or refuses as any step of any verb begins, and
// answers that never arrive. The environment's login goes the same way as the operator's. Each case
// has a wire and an environment of its own, so that many wait at once.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <mutex>

#include "support/at_once.h"
#include "support/environment_test.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/stride.h"
#include "support/tcp_proxy.h"

namespace {

using namespace std::chrono_literals;
using environment::Answer;
using support::Caller;
using support::Deed;
using support::k_deeds;
using support::must;
using support::Request;
using support::TcpProxy;
using Clock = std::chrono::steady_clock;

// What a call may take beyond its deadline before a test fails: the promise is a second.
constexpr auto k_noise = 5s;
// Of calls that cannot succeed.
constexpr auto k_short_patience = 3s;

struct Case {
    const Deed& deed;
    int step = 0;
    std::string text = {};  // of a request, in place of a step

    std::string title() const {
        return text.empty() ? fmt::format("{} at step {}", deed.title, step)
                            : fmt::format("{} after '{}'", deed.title, text);
    }
};

using Harm = std::function<void(TcpProxy&)>;

class NetworkTest : public support::EnvironmentTest {
   protected:
    NetworkTest() { project_name_ = "network"; }

    Caller direct() const { return {support::prepared_operator(), project_name_}; }
    Caller through(const TcpProxy& wire) const {
        return {support::prepared_operator().with("port", std::to_string(wire.port())),
                project_name_};
    }
    void arrange(const Case& one, const std::string& name) const {
        support::arrange(one.deed.before, direct(), root(), name);
    }

    // Every step of every deed, as an undisturbed one has them, which is looked at once.
    std::vector<Case> every_step() const {
        static const auto k_cases = look_at_every_step();
        return k_cases;
    }
    std::vector<Case> look_at_every_step() const {
        std::vector<Case> cases;
        for (const auto& deed : k_deeds) {
            const auto name = support::unique_name();
            arrange({deed}, name);
            auto caller = direct();
            int steps = 0;
            caller.on_step = [&](const auto& /*step*/) { ++steps; };
            const auto answer = must(caller.call(deed.verb, name));
            EXPECT_EQ(answer.outcome, deed.outcome) << deed.title;
            must(direct().call(Request::remove, name));
            for (int step = 0; step < steps; ++step) cases.push_back({deed, step});
        }
        EXPECT_GE(cases.size(), 30U);
        return cases;
    }

    // Calls by the wire, which is harmed as the case's step begins.
    base::Result<Answer> call_with(const Harm& harm, TcpProxy& wire, const Case& one,
                                   const std::string& name, std::chrono::milliseconds patience) {
        auto caller = through(wire);
        caller.patience = patience;
        int begun = 0;
        caller.on_step = [&](const auto& /*step*/) {
            if (one.text.empty() && begun++ == one.step) harm(wire);
        };
        const auto start = Clock::now();
        auto answer = caller.call(one.deed.verb, name);
        const auto over =
            std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start - patience);
        EXPECT_LT(over, k_noise);
        const std::lock_guard lock(mutex_);
        worst_over_ = std::max(worst_over_, over);
        return answer;
    }

    void expect_told(const base::Error& error) {
        EXPECT_TRUE(base::facts_of(error.kind).retryable)
            << base::facts_of(error.kind).name << ": " << error.message;
        EXPECT_THAT(error.message,
                    testing::ContainsRegex("in time|connection|connect to|lock|worked on"));
        const std::lock_guard lock(mutex_);
        ++kinds_[std::string(base::facts_of(error.kind).name)];
    }

    // The same call once more, when the wire is whole again; then nothing may stay.
    void expect_mended(TcpProxy& wire, const Case& one, const std::string& name) {
        wire.forward();
        const auto again = through(wire).call(one.deed.verb, name);
        EXPECT_TRUE(again) << again.error().message;
        EXPECT_EQ(support::use_and_remove(through(wire), name), "");
    }

    void harm_everywhere(const std::vector<Case>& cases, const Harm& harm,
                         std::chrono::milliseconds patience) {
        support::at_once(20, cases.size(), [&](std::size_t i) {
            const auto& one = cases.at(i);
            SCOPED_TRACE(one.title());
            TcpProxy wire(support::shared_cluster().port());
            const auto name = support::unique_name();
            arrange(one, name);
            const auto answer = call_with(harm, wire, one, name, patience);
            if (!answer) expect_told(answer.error());
            expect_mended(wire, one, name);
        });
        expect_clean_server();
    }

    // Nothing left over and no connection leaked; a last create and delete sweep.
    void expect_clean_server() const {
        must(direct().call(Request::create, name_));
        must(direct().call(Request::remove, name_));
        wait_for_the_dead();
        expect_nothing_left();
    }

    void TearDown() override {
        std::cout << "worst time beyond the deadline: " << worst_over_.count() << " ms; failures:";
        for (const auto& [kind, count] : kinds_) std::cout << ' ' << count << ' ' << kind;
        std::cout << '\n';
    }

    std::mutex mutex_;  // guards what follows
    std::chrono::milliseconds worst_over_{-1h};
    std::map<std::string, int> kinds_;
};

// Of those by which nothing comes through any more, every day each step meets one, and of those by
// which connections are lost, one; each of the four is met by every other step.
std::vector<Case> every_other(const std::vector<Case>& cases, int first) {
    std::vector<Case> chosen;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        if (support::is_of_every_day(static_cast<int>(i) + first, 2)) chosen.push_back(cases[i]);
    }
    return chosen;
}

TEST_F(NetworkTest, ends_in_time_when_the_network_stalls_at_any_step_and_the_next_call_mends) {
    harm_everywhere(every_other(every_step(), 0), &TcpProxy::stall, k_short_patience);
}

TEST_F(NetworkTest, ends_in_time_when_the_network_refuses_from_any_step_on) {
    harm_everywhere(every_other(every_step(), 1), &TcpProxy::refuse, k_short_patience);
}

TEST_F(NetworkTest, goes_on_when_every_connection_is_dropped_at_any_step) {
    harm_everywhere(every_other(every_step(), 0), &TcpProxy::drop, 30s);
    EXPECT_EQ(kinds_.size(), 0U);
}

TEST_F(NetworkTest, goes_on_when_every_connection_is_reset_at_any_step) {
    harm_everywhere(every_other(every_step(), 1), &TcpProxy::reset, 30s);
    EXPECT_EQ(kinds_.size(), 0U);
}

TEST_F(NetworkTest, works_through_a_slow_network) {
    std::vector<Case> cases;
    cases.reserve(k_deeds.size());
    for (const auto& deed : k_deeds) cases.push_back({deed});
    harm_everywhere(
        cases, [](TcpProxy& wire) { wire.delay(100ms); }, 60s);
    EXPECT_EQ(kinds_.size(), 0U);
}

// Requests that arrive and whose answers do not, each named by words that no other has.
std::vector<Case> lost_answers() {
    const auto& create = k_deeds[0];
    const auto& reset = k_deeds[3];
    const auto& remove = k_deeds[7];
    return {{create, 0, "INSERT INTO registry.environment"},
            {create, 0, "CREATE ROLE"},
            {create, 0, "CREATE DATABASE"},
            {create, 0, "IS_TEMPLATE false"},
            {create, 0, "ALTER SCHEMA"},
            {create, 0, "its_own"},
            {create, 0, "state = $9"},
            {reset, 0, "CREATE DATABASE"},
            {reset, 0, "next_instance = NULL"},
            {k_deeds[4], 0, "password_version = $2"},
            {k_deeds[5], 0, "closed_because = $2"},
            {k_deeds[6], 0, "ALLOW_CONNECTIONS true"},
            {remove, 0, "'retiring'"},
            {remove, 0, "retired_at = now()"},
            {remove, 0, "DROP DATABASE"},
            {remove, 0, "DROP ROLE"}};
}

TEST_F(NetworkTest, finds_out_what_became_of_a_request_whose_answer_was_lost) {
    const auto cases = lost_answers();
    support::at_once(8, cases.size(), [&](std::size_t i) {
        const auto& one = cases.at(i);
        SCOPED_TRACE(one.title());
        TcpProxy wire(support::shared_cluster().port());
        const auto name = support::unique_name();
        arrange(one, name);
        wire.reset_after_request(one.text);
        const auto answer = call_with({}, wire, one, name, 30s);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->outcome, one.deed.outcome);
        EXPECT_GE(wire.connections(), 2U);  // the request was met, so one was cut
        EXPECT_EQ(support::ask(root("reviewdb"),
                               fmt::format("SELECT count(*)::text AS value FROM registry.history "
                                           "WHERE name = '{}' AND event = '{}'",
                                           name, to_text(one.deed.outcome))),
                  "1");
        expect_mended(wire, one, name);
    });
    expect_clean_server();
}

// The stalled wires stay as they are, so only the lease ends the sessions behind them.
TEST_F(NetworkTest, others_take_over_within_45_seconds_from_whoever_stalls_at_any_step) {
    std::vector<Case> cases;
    for (const auto& one : every_step()) {
        const bool changes_databases = one.deed.verb == Request::create ||
                                       one.deed.verb == Request::reset ||
                                       one.deed.verb == Request::remove;
        if (changes_databases) cases.push_back(one);
    }
    for (const auto& one : lost_answers()) cases.push_back(one);
    support::at_once(cases.size(), cases.size(), [&](std::size_t i) {
        const auto& one = cases.at(i);
        SCOPED_TRACE(one.title());
        TcpProxy wire(support::shared_cluster().port());
        const auto name = support::unique_name();
        arrange(one, name);
        if (!one.text.empty()) wire.stall_after_request(one.text);
        // All begin at once, and each should come as far as its step.
        const auto stalled = call_with(&TcpProxy::stall, wire, one, name, 8s);
        if (!stalled) expect_told(stalled.error());
        auto second = direct();
        second.patience = 45s;
        const auto taken_over = second.call(one.deed.verb, name);
        EXPECT_TRUE(taken_over) << taken_over.error().message;
        EXPECT_EQ(support::use_and_remove(direct(), name), "");
    });
    expect_clean_server();
}

}  // namespace
