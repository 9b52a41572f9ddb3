// SPDX-License-Identifier: Apache-2.0
//
// What `doctor` finds on a server: nothing on one that was just prepared, and each way in which the
// registry and the server can part.
#include "server/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "server/prepare.h"
#include "support/must.h"
#include "support/pg_test.h"
#include "support/soon.h"
#include "support/sql.h"

namespace {

using server::Finding;
using server::Grade;
using support::must;
using support::soon;

class InspectTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        server::Preparation wish;
        wish.loopback_allowed = true;
        wish.actor = {"tester@here", "cli", "0"};
        operator_ = must(server::prepare(cluster_.emplace().superuser(), wish, soon(), log_))
                        .operator_login.value();
    }
    std::vector<Finding> inspect() {
        return must(
            server::inspect(operator_, must(environment::Project::parse("review")), soon(), log_));
    }
    // What is found about `subject` that is drift, or empty.
    std::string drift(const std::string& subject) {
        for (const auto& one : inspect()) {
            if (one.is_drift && one.subject == subject) return one.found;
        }
        return "";
    }
    void as_manager(const std::string& sql) {
        support::execute(operator_.with("options", "-c role=reviewdb_manager"), sql);
    }

    base::Log log_{base::LogLevel::warning, base::LogFormat::text};
    std::optional<support::Cluster> cluster_;
    pg::ConnectionInfo operator_;
};

TEST_F(InspectTest, finds_no_drift_and_no_failure_on_a_prepared_server) {
    for (const auto& one : inspect()) {
        EXPECT_NE(one.grade, Grade::failure) << one.subject << " " << one.found;
        EXPECT_FALSE(one.is_drift) << one.subject << " " << one.found;
    }
}

TEST_F(InspectTest, says_that_the_key_is_only_in_the_registry) {
    const auto all = inspect();
    const auto found = std::ranges::find(all, "key", &Finding::subject);
    ASSERT_NE(found, all.end());
    EXPECT_EQ(found->grade, Grade::warning);
}

TEST_F(InspectTest, finds_what_public_may_enter) {
    EXPECT_EQ(drift("reviewdb"), "");
    support::execute(cluster_->superuser(), "GRANT CONNECT ON DATABASE reviewdb TO PUBLIC");
    EXPECT_NE(drift("reviewdb"), "");
    const auto all = inspect();
    const auto other = std::ranges::find(all, "postgres", &Finding::subject);
    ASSERT_NE(other, all.end());
    EXPECT_EQ(other->grade, Grade::warning);
}

TEST_F(InspectTest, finds_databases_that_the_registry_does_not_know) {
    as_manager("CREATE DATABASE stray TEMPLATE template0 ALLOW_CONNECTIONS false");
    as_manager("REVOKE ALL ON DATABASE stray FROM PUBLIC");
    EXPECT_NE(drift("stray").find("reviewdb did not make it"), std::string::npos);
    const auto id = support::ask(cluster_->superuser("reviewdb"),
                                 "SELECT id::text AS value FROM registry.installation");
    as_manager(fmt::format("COMMENT ON DATABASE stray IS 'reviewdb/1 {} and so on'", id));
    EXPECT_NE(drift("stray").find("stamp"), std::string::npos);
}

TEST_F(InspectTest, warns_of_rights_that_the_manager_should_not_have) {
    support::execute(cluster_->superuser(), "GRANT pg_read_all_data TO reviewdb_manager");
    const auto all = inspect();
    EXPECT_TRUE(std::ranges::any_of(all, [](const Finding& one) {
        return one.found.find("pg_read_all_data") != std::string::npos &&
               one.grade == Grade::warning;
    }));
}

}  // namespace
