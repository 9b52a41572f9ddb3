// SPDX-License-Identifier: Apache-2.0
#include "attack_test.h"

#include <fmt/format.h>

#include "support/must.h"
#include "support/sql.h"

using support::must;

void AttackTest::SetUp() {
    EnvironmentTest::SetUp();
    if (IsSkipped() || HasFailure()) return;
    const auto mine = must(create(name_));
    const auto theirs = must(create(their_name_));
    mine_ = login(mine);
    theirs_ = login(theirs);
    my_role_ = mine.description->role;
    my_database_ = mine.description->database;
    their_role_ = theirs.description->role;
    their_database_ = theirs.description->database;
    support::execute(mine_, "CREATE TABLE loot (line text)");
}

void AttackTest::TearDown() {
    if (my_role_.empty()) return;
    must(remove(their_name_));
    must(remove(name_));
    expect_nothing_left();
}

std::string AttackTest::fill(const std::string& sql) const {
    return fmt::format(fmt::runtime(sql), fmt::arg("my_role", my_role_),
                       fmt::arg("my_database", my_database_), fmt::arg("their_role", their_role_),
                       fmt::arg("their_database", their_database_));
}

void AttackTest::expect_refused(const std::vector<Attack>& attacks) const {
    for (const auto& attack : attacks) {
        const auto sql = fill(attack.sql);
        SCOPED_TRACE(fmt::format("attack {}: {}", attack.number, sql));
        if (!attack.extension.empty() && !has_extension(attack.extension)) {
            fmt::print("attack {} is not tried: the server has no {}\n", attack.number,
                       attack.extension);
            continue;
        }
        EXPECT_EQ(support::refusal(mine_, sql), attack.refusal);
    }
}

bool AttackTest::has_extension(const std::string& name) {
    return support::ask(root(), fmt::format("SELECT count(*)::text AS value FROM "
                                            "pg_available_extensions WHERE name = '{}'",
                                            name)) == "1";
}
