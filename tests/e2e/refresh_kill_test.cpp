// SPDX-License-Identifier: Apache-2.0
//
// A refresh that is killed in each of its steps: the version before stays in service, the next
// refresh goes through, and nothing is left over. And two refreshes at once.
#include <fmt/format.h>

#include "e2e/storm_fixture.h"
#include "support/stride.h"

namespace {

using e2e::Process;
using e2e::Words;

class RefreshKillTest : public e2e::StormTest {
   protected:
    Process refresh(const support::TempFolder& folder, const std::string& fruit) const {
        std::ofstream(folder / "fruit.sql")
            << "CREATE TABLE fruit AS SELECT '" << fruit << "' AS name;\n";
        return {
            folder.path(),
            {"template", "refresh", "data", "--anew", "--from", (folder / "fruit.sql").string()},
            variables()};
    }
    std::string fruit_of_a_new_one() const {
        const auto name = support::unique_name("branch");
        output({"create", name, "--template", "data"});
        const auto fruit = fruit_of(name);
        output({"delete", name});
        return fruit;
    }
};

TEST_F(RefreshKillTest, leaves_the_version_before_in_service_whichever_step_it_is_killed_in) {
    std::string served = "apple";
    int rounds = 0;
    for (const auto* step : {"record_template", "create_role", "create_database", "secure_database",
                             "hand_over", "prove_login", "fill", "freeze", "publish"}) {
        SCOPED_TRACE(step);
        const std::string fruit = fmt::format("fruit of {}", step);
        {
            const support::TempFolder folder;
            auto process = refresh(folder, fruit);
            ASSERT_TRUE(process.begins(step)) << process.output();
            process.signal(SIGKILL);
            // What the server was told last may still come about.
            if (!process.was_killed() || std::string_view(step) == "publish") {
                served = fruit_of_a_new_one() == fruit ? fruit : served;
            }
        }
        EXPECT_EQ(fruit_of_a_new_one(), served);
        const support::TempFolder folder;
        auto again = refresh(folder, fruit + " again");
        EXPECT_EQ(again.wait(), 0) << again.output();
        served = fruit + " again";
        EXPECT_EQ(fruit_of_a_new_one(), served);
        if (!support::is_of_every_day(++rounds, 3)) continue;
        finish_what_was_begun();
        expect_agreement({});
    }
}

TEST_F(RefreshKillTest, lets_two_through_one_after_the_other) {
    const support::TempFolder here;
    const support::TempFolder there;
    auto one = refresh(here, "pear");
    auto other = refresh(there, "plum");
    EXPECT_EQ(one.wait(), 0) << one.output();
    EXPECT_EQ(other.wait(), 0) << other.output();
    const auto fruit = fruit_of_a_new_one();
    EXPECT_TRUE(fruit == "pear" || fruit == "plum") << fruit;
    finish_what_was_begun();
    expect_agreement({});
}

}  // namespace
