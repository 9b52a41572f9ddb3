// SPDX-License-Identifier: Apache-2.0
//
// Many functions at once, as Lambda starts them: every event in a process of its own.
#include <latch>

#include "e2e/lambda_fixture.h"
#include "e2e/lambda_process.h"
#include "support/at_once.h"

namespace {

using support::Incumbent;

class LambdaManyTest : public e2e::LambdaTest {
   protected:
    // Each event in its own process, all of them waiting for theirs before the first is sent.
    std::vector<e2e::DropInAnswer> all_at_once(const std::vector<std::string>& events) {
        std::vector<e2e::DropInAnswer> answers(events.size());
        std::latch ready(static_cast<std::ptrdiff_t>(events.size()));
        const auto given = variables();
        support::at_once(events.size(), events.size(), [&](std::size_t i) {
            e2e::LambdaProcess process(given);
            process.lambda().await_next();
            ready.arrive_and_wait();
            const auto outcome = process.lambda().invoke(events[i]);
            EXPECT_EQ(outcome.kind, support::LambdaRuntimeStandIn::Outcome::Kind::response)
                << outcome.body;
            answers[i] = read_answer(outcome.body);
            EXPECT_EQ(answers[i].status, 200)
                << boost::json::serialize(answers[i].body) << process.output();
        });
        return answers;
    }
    static std::map<std::string, int> outcomes(const std::vector<e2e::DropInAnswer>& answers) {
        std::map<std::string, int> counted;
        for (const auto& answer : answers) ++counted[answer.text("outcome")];
        return counted;
    }
};

TEST_F(LambdaManyTest, TwentyCreatesOfOneStageMakeOneDatabase) {
    for (const bool placeholder : {false, true}) {
        const std::string stage = placeholder ? "filled" : "absent";
        SCOPED_TRACE(stage);
        if (placeholder) aws_.put(Incumbent::secret(stage), Incumbent::placeholder().reveal());
        EXPECT_EQ(drop_in(event("create", "warm-up")).status, 200) << output();
        const auto counted = outcomes(all_at_once(std::vector(20, event("create", stage))));
        EXPECT_EQ(counted.at("created"), 1);
        const auto rest = [&](const char* outcome) {
            return counted.contains(outcome) ? counted.at(outcome) : 0;
        };
        EXPECT_EQ(rest("unchanged") + rest("repaired"), 19);
        EXPECT_EQ(count_of("reviewapp_" + stage), "1 databases, 0 roles");
        expect_usable(Incumbent::secret(stage));
        EXPECT_EQ(aws_.versions(Incumbent::secret(stage)), placeholder ? 2U : 1U);
        EXPECT_EQ(drop_in(event("create", stage)).text("outcome"), "unchanged");
    }
}

TEST_F(LambdaManyTest, TwentyStagesAtOnceAreTwentyDatabases) {
    std::vector<std::string> creates;
    std::vector<std::string> deletes;
    for (int i = 0; i < 20; ++i) {
        creates.push_back(event("create", fmt::format("stage{}", i)));
        deletes.push_back(event("delete", fmt::format("stage{}", i)));
    }
    EXPECT_EQ(drop_in(event("create", "warm-up")).status, 200) << output();
    EXPECT_EQ(outcomes(all_at_once(creates)).at("created"), 20);
    for (int i = 0; i < 20; ++i) expect_usable(Incumbent::secret(fmt::format("stage{}", i)));
    EXPECT_EQ(outcomes(all_at_once(deletes)).at("deleted"), 20);
    EXPECT_EQ(count_of("reviewapp_stage%"), "0 databases, 0 roles");
    EXPECT_EQ(aws_.names().size(), 4U);
}

TEST_F(LambdaManyTest, CreatesAndDeletesOfOneStageLeaveNothingHalfMade) {
    EXPECT_EQ(drop_in(event("create", "warm-up")).status, 200) << output();
    std::vector<std::string> events;
    for (int i = 0; i < 5; ++i) {
        events.push_back(event("create", "branch"));
        events.push_back(event("delete", "branch"));
    }
    all_at_once(events);
    const auto name = Incumbent::secret("branch");
    if (aws_.secret(name)) {
        expect_usable(name);
        EXPECT_EQ(count_of("reviewapp_branch"), "1 databases, 0 roles");
    } else {
        EXPECT_EQ(count_of("reviewapp_branch"), "0 databases, 0 roles");
    }
    EXPECT_EQ(drop_in(event("create", "branch")).status, 200) << output();
    expect_usable(name);
    EXPECT_EQ(drop_in(event("delete", "branch")).status, 200) << output();
    EXPECT_EQ(drop_in(event("delete", "warm-up")).status, 200) << output();
    EXPECT_EQ(count_of("reviewapp%"), "0 databases, 0 roles");
}

TEST_F(LambdaManyTest, TenFirstEventsPrepareAServerOnce) {
    const auto counted = outcomes(all_at_once(std::vector(10, event("create", "branch"))));
    EXPECT_EQ(counted.at("created"), 1);
    expect_usable(Incumbent::secret("branch"));
    EXPECT_EQ(aws_.versions("reviewdb/key/127.0.0.1"), 1U);
    EXPECT_EQ(aws_.versions(own_login()), 1U);
    EXPECT_EQ(drop_in(event("create", "branch")).text("outcome"), "unchanged");
}

}  // namespace
