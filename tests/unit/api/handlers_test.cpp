// SPDX-License-Identifier: Apache-2.0
//
// Requests on a server in memory: what is asked for reaches the manager, and the answer is told.
#include "api/handlers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "support/fake_process.h"
#include "support/must.h"

namespace {

using support::must;
using support::Verb;
using testing::HasSubstr;

class HandlersTest : public testing::Test {
   protected:
    base::Result<std::string> handle(std::string_view request) {
        support::FakeProcess process(world_);
        support::FakeProcess beside(world_);
        const environment::Actor actor{"tester@here", "lambda", "0"};
        BASE_TRY_ASSIGN(
            const auto answer,
            api::handle(request, {process.manager(), beside.manager(), process.server(), actor,
                                  base::Deadline::after(std::chrono::minutes(1))}));
        return answer.reveal();
    }

    support::FakeWorld world_ = support::inhabited_world();
};

TEST_F(HandlersTest, a_list_knows_no_environment_that_is_gone) {
    const auto refused = handle(R"({"operation": "list", "state": "gone"})");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::invalid_input);
    EXPECT_THAT(refused.error().hint, HasSubstr("history"));
}

TEST_F(HandlersTest, a_report_tells_what_a_project_takes_and_what_went) {
    must(support::FakeProcess(world_).carry_out(Verb::create, "login"));
    must(handle(R"({"operation": "delete", "name": "login", "reason": "merged"})"));
    const auto report = must(handle(R"({"operation": "report"})"));
    EXPECT_THAT(report, HasSubstr(R"("project": "review")"));
    EXPECT_THAT(report, HasSubstr(R"("ready": 1)"));
    EXPECT_THAT(must(handle(R"({"operation": "report", "all_projects": true})")),
                HasSubstr(R"("project": null)"));
    EXPECT_FALSE(handle(R"({"operation": "report", "name": "login"})"));
}

TEST_F(HandlersTest, a_release_tells_what_remains_and_no_password) {
    must(support::FakeProcess(world_).carry_out(Verb::create, "login"));
    const auto& owner = world_.roles.at(*world_.find_environment("review", "login")->record.role);
    const auto password = world_.logins.at(owner.name).password.reveal();
    const auto plan = must(handle(R"({"operation": "release", "name": "login", "dry_run": true})"));
    EXPECT_THAT(plan, HasSubstr(R"("step": "release")"));
    const auto answer =
        must(handle(R"({"operation": "release", "name": "login", "reason": "to staging"})"));
    EXPECT_THAT(answer, HasSubstr(R"("outcome": "released")"));
    EXPECT_THAT(answer, HasSubstr("owns the database review_login"));
    EXPECT_THAT(answer, testing::Not(HasSubstr(password)));
    EXPECT_EQ(world_.history.back().event, "released");
    EXPECT_EQ(world_.history.back().reason, "to staging");
}

}  // namespace
