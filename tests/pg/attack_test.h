// SPDX-License-Identifier: Apache-2.0
//
// What an environment's role can do to others. Each attack has the number that the list in
// SECURITY.md goes by; what that list leaves out is refused by Postgres, hurts the attacker alone,
// or is overcome, and that is what these tests show.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "support/environment_test.h"

struct Attack {
    int number;
    std::string sql;                // {my_role}, {my_database}, {their_role}, {their_database}
    std::string refusal = "42501";  // the SQLSTATE; empty for what is let pass without effect
    std::string extension = {};     // must be on the server, or there is nothing to try
};

// Two environments: the attacker's and its victim's. Both are removed again at the end, whatever
// was done to them, and nothing is left.
class AttackTest : public support::EnvironmentTest {
   protected:
    void SetUp() override;
    void TearDown() override;

    std::string fill(const std::string& sql) const;
    // Each in a session of the attacker's own, in its own database.
    void expect_refused(const std::vector<Attack>& attacks) const;
    static bool has_extension(const std::string& name);

    std::string their_name_ = support::unique_name();
    pg::ConnectionInfo mine_;
    pg::ConnectionInfo theirs_;
    std::string my_role_;
    std::string my_database_;
    std::string their_role_;
    std::string their_database_;
};
