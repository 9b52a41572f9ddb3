// SPDX-License-Identifier: Apache-2.0
//
// What holds for GitHub and GitLab alike, when they or somebody between do not tell the truth: it
// is a failure, and the token stays where it belongs.
#include <gmock/gmock.h>

#include "unit/branches/forge_world.h"

namespace {

using base::ErrorKind;
using support::ForgeState;
using support::HttpAnswer;
using support::HttpRequest;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using unit::ForgeWorld;
using unit::many_branches;
using unit::Which;
using Conduct = HttpAnswer::Conduct;

struct ForgeLies : testing::TestWithParam<Which> {
    // Answers so wherever `where` is in the target.
    void instead(const std::string& where, HttpAnswer answer) {
        world.forge.interfere([where, answer](const HttpRequest& request) {
            const bool here = request.target.find(where) != std::string::npos;
            return here ? std::optional(answer) : std::nullopt;
        });
    }
    // The failure, which names the source and never the token.
    base::Error failure(base::Deadline deadline = unit::soon()) {
        auto error = world.failure(deadline);
        EXPECT_THAT(error.message, StartsWith(world.source().name() + ": "));
        EXPECT_THAT(error.message + error.hint, Not(HasSubstr("hush")));
        return error;
    }
    void SetUp() override { world.lock_up(); }

    ForgeWorld world{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Branches, ForgeLies, testing::Values(Which::github, Which::gitlab),
                         [](const auto& one) {
                             return one.param == Which::github ? "github" : "gitlab";
                         });

TEST_P(ForgeLies, half_of_the_pages_is_nothing) {
    world.forge.set([](ForgeState& state) { state.branches = many_branches(250); });
    const auto second = [this](const HttpAnswer& answer) {
        world.forge.interfere([answer](const HttpRequest& request) {
            return unit::asks_for_more_branches(request) ? std::optional(answer) : std::nullopt;
        });
    };
    second(support::json_answer(500, R"({"message":"Server Error"})"));
    const auto error = failure();
    EXPECT_EQ(error.kind, ErrorKind::unavailable);
    EXPECT_THAT(error.message, HasSubstr("500"));
    second(unit::html());
    EXPECT_EQ(failure().kind, ErrorKind::unavailable);
    second(support::json_answer(200, "[]"));
    EXPECT_THAT(failure().message, HasSubstr("there is nothing on page 2"));
}

TEST_P(ForgeLies, a_list_without_the_default_branch_is_not_the_whole) {
    world.forge.set([](ForgeState& state) { state.branches = {"feature/a", "feature/b"}; });
    const auto error = failure();
    EXPECT_EQ(error.kind, ErrorKind::unavailable);
    EXPECT_THAT(error.message, HasSubstr("the default branch main is not among the 2"));
}

TEST_P(ForgeLies, a_page_of_html_is_no_answer) {
    for (const auto* where : {"", "/branches", "state="}) {
        instead(where, unit::html());
        const auto error = failure();
        EXPECT_EQ(error.kind, ErrorKind::unavailable) << where;
        EXPECT_THAT(error.message, HasSubstr("text/html")) << where;
    }
}

TEST_P(ForgeLies, json_of_another_shape_is_no_answer) {
    for (const auto* body :
         {"", "{", "null", "{}", R"({"message":"fine"})", R"([{"nom":"main"}])", R"([{"name":7}])",
          R"(["main"])", R"([[]])", R"([{"name":""}])", R"([{"name":"main"},{"name":"a b"}])",
          R"([{"name":"main\u0000"}])", R"([{"name":"main\u001b[2J"}])",
          "[{\"name\":\"\xff\xfe\"}]", "[{\"name\":\"main\"}", R"([{"name":"main"}] and more)",
          R"([{"name":"refs/../main"}])"}) {
        instead("/branches", support::json_answer(200, body));
        EXPECT_EQ(failure().kind, ErrorKind::unavailable) << body;
    }
    for (const auto* body : {R"({})", R"([{}])", R"([{"number":1}])", R"([{"number":0,"iid":0}])",
                             R"([{"iid":"7"}])"}) {
        instead("state=", support::json_answer(200, body));
        EXPECT_EQ(failure().kind, ErrorKind::unavailable) << body;
    }
}

TEST_P(ForgeLies, a_list_that_nests_without_end_is_no_answer) {
    instead("/branches", support::json_answer(200, std::string(1'000'000, '[')));
    EXPECT_EQ(failure().kind, ErrorKind::unavailable);
}

TEST_P(ForgeLies, an_answer_without_end_is_not_read_to_its_end) {
    std::string blanks;
    blanks.resize(40'000'000, ' ');
    instead("/branches", support::json_answer(200, blanks));
    EXPECT_THAT(failure().message, HasSubstr("too long"));
}

TEST_P(ForgeLies, pages_that_lead_in_a_circle_come_to_an_end) {
    auto answer = support::json_answer(200, R"([{"name":"main"}])");
    answer.headers.emplace_back("Link", "<" + world.forge.origin() + "/branches>; rel=\"next\"");
    instead("/branches", answer);
    EXPECT_THAT(failure().message, HasSubstr("do not come to an end"));
}

TEST_P(ForgeLies, half_an_answer_none_and_one_that_never_comes_are_failures) {
    for (const auto conduct : {Conduct::close, Conduct::close_half_way}) {
        instead("/branches", {200, {}, R"([{"name":"main"}])", conduct});
        EXPECT_EQ(failure().kind, ErrorKind::unavailable);
    }
    instead("/branches", {200, {}, "", Conduct::hang});
    EXPECT_EQ(failure(base::Deadline::after(std::chrono::milliseconds(100))).kind,
              ErrorKind::deadline);
}

TEST_P(ForgeLies, does_not_go_where_it_is_sent) {
    support::ForgeStandIn elsewhere(
        [](const HttpRequest&, ForgeState&) { return support::json_answer(200, "[]"); });
    for (const auto* where : {"", "/branches", "state="}) {
        for (const int status : {301, 302, 303, 307, 308}) {
            HttpAnswer answer{status, {{"Location", elsewhere.origin() + "/?token=hush"}}, ""};
            instead(where, answer);
            const auto error = failure();
            EXPECT_EQ(error.kind, ErrorKind::unavailable);
            EXPECT_THAT(error.message, HasSubstr(elsewhere.origin()));
        }
    }
    auto page = support::json_answer(200, R"([{"name":"main"}])");
    page.headers.emplace_back("Link", "<" + elsewhere.origin() + "/branches>; rel=\"next\"");
    instead("/branches", page);
    EXPECT_THAT(failure().message, HasSubstr("the next page would be at"));
    EXPECT_TRUE(elsewhere.requests().empty());
}

TEST_P(ForgeLies, is_not_fooled_by_a_host_in_the_place_of_a_user) {
    auto page = support::json_answer(200, R"([{"name":"main"}])");
    page.headers.emplace_back("Link",
                              "<" + world.forge.origin() + "@127.0.0.1:1/branches>; rel=\"next\"");
    instead("/branches", page);
    EXPECT_THAT(failure().message, HasSubstr("the next page would be at"));
}

TEST_P(ForgeLies, says_what_a_repository_is_called_by_now) {
    world.forge.set([](ForgeState& state) {
        state.former_paths = {"acme/shop"};
        state.path = "acme/store";
    });
    const auto error = failure();
    EXPECT_EQ(error.kind, ErrorKind::conflict);
    EXPECT_THAT(error.message, HasSubstr("acme/shop is called acme/store by now"));
}

// Where no redirect tells, the name in the answer does.
TEST_P(ForgeLies, does_not_take_one_repository_for_another) {
    const auto key = world.which == Which::github ? "full_name" : "path_with_namespace";
    const auto body = std::string(R"({"default_branch":"main",")") + key + R"(":"acme/store"})";
    world.forge.interfere([&](const HttpRequest& request) {
        const bool list = request.target.find('?') != std::string::npos;
        return list ? std::nullopt : std::optional(support::json_answer(200, body));
    });
    EXPECT_EQ(failure().kind, ErrorKind::conflict);
}

TEST_P(ForgeLies, says_that_the_token_is_no_good) {
    world.forge.set([](ForgeState& state) { state.token = "another"; });
    const auto error = failure();
    EXPECT_EQ(error.kind, ErrorKind::denied);
    EXPECT_THAT(error.message, HasSubstr(world.token_name()));
}

TEST_P(ForgeLies, says_that_there_is_no_such_repository_or_no_right_to_see_it) {
    world.path = "acme/nothing";
    const auto error = failure();
    EXPECT_EQ(error.kind, ErrorKind::not_found);
    EXPECT_THAT(error.message, HasSubstr("acme/nothing"));
    EXPECT_THAT(error.hint, HasSubstr("a token needs"));
}

TEST_P(ForgeLies, a_token_that_is_quoted_back_is_not_passed_on) {
    instead("", support::json_answer(403, R"({"message":"no: tok_hush1234567890"})"));
    EXPECT_EQ(failure().kind, ErrorKind::denied);
    instead("", support::json_answer(403, R"({"message":"https://x:hush@host/ is forbidden"})"));
    EXPECT_EQ(failure().kind, ErrorKind::denied);
}

TEST_P(ForgeLies, what_a_forge_says_does_nothing_to_a_terminal) {
    instead("", support::json_answer(403, R"({"message":"no\u001b[2J\nway"})"));
    EXPECT_THAT(failure().message, HasSubstr("no?[2J way"));
}

TEST_P(ForgeLies, a_limit_that_ends_in_time_is_waited_for) {
    world.forge.set([](ForgeState& state) { state.requests_left = 1; });
    world.when_sleeping = [this] {
        world.forge.set([](ForgeState& state) { state.requests_left = 100; });
    };
    const auto deadline = base::Deadline::after(std::chrono::seconds(1'000));
    EXPECT_TRUE(world.ask(deadline));
    ASSERT_EQ(world.slept.size(), 1U);
    EXPECT_EQ(world.slept.front(), std::chrono::seconds(world.which == Which::github ? 100 : 60));
}

TEST_P(ForgeLies, a_limit_that_does_not_end_is_given_up) {
    world.forge.set([](ForgeState& state) { state.requests_left = 0; });
    EXPECT_EQ(failure(base::Deadline::after(std::chrono::seconds(1'000))).kind,
              ErrorKind::overloaded);
    EXPECT_EQ(world.slept.size(), 3U);
}

TEST_P(ForgeLies, a_limit_that_ends_too_late_says_when) {
    world.forge.set([](ForgeState& state) { state.requests_left = 0; });
    const auto error = failure(base::Deadline::after(std::chrono::seconds(5)));
    EXPECT_EQ(error.kind, ErrorKind::overloaded);
    EXPECT_THAT(error.message,
                HasSubstr(world.which == Which::github ? "before 2027-01-15T08:00:00Z"
                                                       : "before 2027-01-15T07:59:20Z"));
    EXPECT_TRUE(world.slept.empty());
}

TEST_P(ForgeLies, a_limit_against_bursts_is_one) {
    auto secondary = support::json_answer(
        403, R"({"message":"You have exceeded a secondary rate limit. Please wait."})");
    instead("", secondary);
    const auto deadline = base::Deadline::after(std::chrono::seconds(5));
    EXPECT_EQ(failure(deadline).kind, ErrorKind::overloaded);
    secondary = support::json_answer(403, R"({"message":"slow down"})");
    secondary.headers.emplace_back("Retry-After", "30");
    instead("", secondary);
    EXPECT_EQ(failure(deadline).kind, ErrorKind::overloaded);
    instead("", support::json_answer(429, ""));
    EXPECT_EQ(failure(deadline).kind, ErrorKind::overloaded);
}

TEST_P(ForgeLies, a_limit_without_a_token_says_how_to_have_a_higher_one) {
    world.variables.erase(world.token_name());
    world.forge.set([](ForgeState& state) {
        state.requests_left = 0;
        state.open_to_all = true;
    });
    EXPECT_THAT(failure(base::Deadline::after(std::chrono::seconds(5))).hint,
                HasSubstr("set " + world.token_name()));
}

TEST_P(ForgeLies, nobody_there_is_a_failure) {
    const auto* name = world.which == Which::github ? "GITHUB_API_URL" : "CI_API_V4_URL";
    world.variables[name] = "http://127.0.0.1:1";
    EXPECT_EQ(failure().kind, ErrorKind::unavailable);
}

// Of the two only GitLab says how many there are.
TEST(GitLabLies, fewer_than_it_says_itself_are_not_the_whole) {
    ForgeWorld world(Which::gitlab);
    world.forge.interfere([](const HttpRequest& request) {
        auto page = support::json_answer(200, "[]");
        page.headers.emplace_back("X-Total", "3");
        const bool here = request.target.find("/merge_requests") != std::string::npos;
        return here ? std::optional(page) : std::nullopt;
    });
    EXPECT_THAT(world.failure().message, HasSubstr("it lists 0 of 3"));
}

}  // namespace
