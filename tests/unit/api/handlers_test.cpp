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

TEST_F(HandlersTest, a_full_reference_names_the_branch) {
    must(support::FakeProcess(world_).carry_out(Verb::create, "login"));
    EXPECT_THAT(must(handle(R"({"operation": "get", "name": "refs/heads/login"})")),
                HasSubstr(R"("name": "login")"));
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

// Its name is one that the policy protects.
TEST_F(HandlersTest, the_environment_of_a_fork_is_never_protected) {
    const auto made =
        must(handle(R"({"operation": "create", "name": "main", "pull_request": 7, "fork": true})"));
    EXPECT_THAT(made, HasSubstr(R"("protected": false)"));
    EXPECT_THAT(must(handle(R"({"operation": "create", "name": "develop", "pull_request": 7})")),
                HasSubstr(R"("protected": true)"));
}

TEST_F(HandlersTest, no_url_is_told_of_an_environment_that_is_not_ready) {
    must(support::FakeProcess(world_).carry_out(Verb::create, "login"));
    EXPECT_THAT(must(handle(R"({"operation": "url", "name": "login"})")),
                HasSubstr("postgresql://"));
    for (const auto state :
         {environment::EnvironmentState::building, environment::EnvironmentState::publishing,
          environment::EnvironmentState::closed, environment::EnvironmentState::retiring}) {
        world_.find_environment("review", "login")->record.state = state;
        const auto refused = handle(R"({"operation": "url", "name": "login"})");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, base::ErrorKind::unavailable);
        EXPECT_THAT(refused.error().message, HasSubstr("not ready"));
    }
}

TEST_F(HandlersTest, labels_and_reasons_are_judged_for_every_door) {
    for (const auto* label : {R"({"a\u001b": "b"})", R"({"a": "b\u009b2J"})", R"({"": "b"})"}) {
        const auto refused = handle(R"({"operation": "create", "name": "login", "labels": )" +
                                    std::string(label) + "}");
        ASSERT_FALSE(refused) << label;
        EXPECT_EQ(refused.error().kind, base::ErrorKind::invalid_input) << label;
    }
    must(support::FakeProcess(world_).carry_out(Verb::create, "login"));
    EXPECT_FALSE(handle(R"({"operation": "delete", "name": "login", "reason": "a\u001b[2J"})"));
}

}  // namespace
