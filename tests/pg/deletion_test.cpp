// SPDX-License-Identifier: Apache-2.0
#include "deletion_test.h"

#include <fmt/format.h>

#include "support/must.h"
#include "support/sql.h"

using support::must;

void DeletionTest::SetUp() {
    EnvironmentTest::SetUp();
    if (IsSkipped() || HasFailure()) return;
    [[maybe_unused]] static const bool k_restarted = [] {
        support::shared_cluster().restart({{"max_prepared_transactions", "5"},
                                           {"wal_level", "logical"},
                                           {"autovacuum_naptime", "1"}});
        return true;
    }();
}

void DeletionTest::make() {
    const auto made = must(create(name_));
    mine_ = login(made);
    role_ = made.description->role;
    database_ = made.description->database;
}

void DeletionTest::expect_held(const std::string& holder, const std::string& next_step) const {
    const auto removed = remove(name_);
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().kind, base::ErrorKind::conflict) << removed.error().message;
    EXPECT_THAT(removed.error().message, testing::HasSubstr(holder));
    EXPECT_THAT(removed.error().hint, testing::HasSubstr(next_step));
}

void DeletionTest::expect_cut_off() const {
    EXPECT_NE(support::refusal(mine_, "SELECT 1"), "");
    EXPECT_EQ(must(remove(name_)).outcome, environment::Outcome::absent);
    const auto again = must(create(name_));
    EXPECT_EQ(again.outcome, environment::Outcome::created);
    EXPECT_EQ(support::refusal(login(again), "SELECT 1"), "");
    EXPECT_NE(support::refusal(mine_.with("dbname", again.description->database), "SELECT 1"), "");
    must(remove(name_));
}

std::string DeletionTest::open_remains() const {
    auto remains = support::ask(root("reviewdb"),
                                "SELECT database AS value FROM registry.instance WHERE "
                                "state = 'dropping'");
    support::execute(root(), fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true", remains));
    return remains;
}
