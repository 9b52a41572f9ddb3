// SPDX-License-Identifier: Apache-2.0
//
// What holds for GitHub and GitLab alike, when they tell the truth.
#include <gmock/gmock.h>

#include <algorithm>

#include "branches/names.h"
#include "unit/branches/forge_world.h"

namespace {

using support::ForgePullRequest;
using support::ForgeState;
using testing::Each;
using testing::ElementsAre;
using unit::ForgeWorld;
using unit::many_branches;
using unit::Which;

struct Forge : testing::TestWithParam<Which> {
    ForgeWorld world{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Branches, Forge, testing::Values(Which::github, Which::gitlab),
                         [](const auto& one) {
                             return one.param == Which::github ? "github" : "gitlab";
                         });

TEST_P(Forge, says_branches_and_pull_requests) {
    world.forge.set([](ForgeState& state) {
        state.branches = {"main", "feature/login", "größe"};
        state.pull_requests = {{7, "feature/login"},
                               {5, "main", ForgePullRequest::From::fork},
                               {6, "fix", ForgePullRequest::From::removed_fork}};
    });
    const auto said = support::must(world.ask());
    EXPECT_EQ(said.repository, "127.0.0.1/acme/shop");
    EXPECT_THAT(said.names, ElementsAre("feature/login", "größe", "main"));
    const std::string commit(40, '1');
    EXPECT_THAT(said.pull_requests,
                ElementsAre(branches::PullRequest{5, "main", true, commit},
                            branches::PullRequest{6, "fix", true, commit},
                            branches::PullRequest{7, "feature/login", false, commit}));
    EXPECT_TRUE(said.complete);
    EXPECT_EQ(said.source, world.which == Which::github ? "github:acme/shop" : "gitlab:acme/shop");
}

TEST_P(Forge, reads_every_page) {
    auto names = many_branches(250);
    world.forge.set([&](ForgeState& state) {
        state.branches = names;
        for (int i = 1; i <= 201; ++i) state.pull_requests.push_back({i, "main"});
    });
    const auto said = support::must(world.ask());
    branches::normalise(names);
    EXPECT_EQ(said.names, names);
    ASSERT_EQ(said.pull_requests.size(), 201U);
    EXPECT_EQ(said.pull_requests.back().number, 201);
}

TEST_P(Forge, says_faithfully_that_there_is_nothing) {
    world.forge.set([](ForgeState& state) {
        state.branches.clear();
        state.default_branch.reset();
    });
    const auto said = support::must(world.ask());
    EXPECT_TRUE(said.names.empty());
    EXPECT_TRUE(said.complete);
}

TEST_P(Forge, does_not_have_the_same_sent_twice) {
    world.lock_up();
    world.forge.set([](ForgeState& state) {
        state.branches = many_branches(250);
        for (int i = 1; i <= 30; ++i) state.pull_requests.push_back({i, "main"});
    });
    const auto first = support::must(world.ask());
    world.forge.forget_requests();
    const auto second = support::must(world.ask());
    EXPECT_EQ(second.names, first.names);
    EXPECT_EQ(second.pull_requests, first.pull_requests);
    auto statuses = world.forge.statuses();
    ASSERT_EQ(statuses.size(), 8U);  // the repository, three pages twice, one page
    statuses.erase(statuses.begin());
    EXPECT_THAT(statuses, Each(304));
}

TEST_P(Forge, sees_what_has_changed_since_it_asked_last) {
    world.forge.set([](ForgeState& state) { state.branches = many_branches(250); });
    static_cast<void>(support::must(world.ask()));
    world.forge.set([](ForgeState& state) {
        std::erase(state.branches, "feature/10001");
        state.branches.emplace_back("zebra");
    });
    const auto said = support::must(world.ask());
    EXPECT_EQ(said.names.size(), 250U);
    EXPECT_EQ(said.names.back(), "zebra");
    EXPECT_NE(said.names.front(), "feature/10001");
}

// The first page stays as it is, and so does its tag.
TEST_P(Forge, sees_a_page_that_comes_behind_a_full_one) {
    world.forge.set([](ForgeState& state) { state.branches = many_branches(100); });
    EXPECT_EQ(support::must(world.ask()).names.size(), 100U);
    world.forge.set([](ForgeState& state) { state.branches.emplace_back("zebra"); });
    EXPECT_EQ(support::must(world.ask()).names.back(), "zebra");
}

TEST_P(Forge, sees_that_the_last_page_has_gone) {
    world.forge.set([](ForgeState& state) {
        state.branches = many_branches(100);
        state.branches.emplace_back("zebra");
        for (int i = 1; i <= 101; ++i) state.pull_requests.push_back({i, "main"});
    });
    EXPECT_EQ(support::must(world.ask()).names.size(), 101U);
    world.forge.set([](ForgeState& state) {
        state.branches.pop_back();
        state.pull_requests.pop_back();
    });
    const auto said = support::must(world.ask());
    EXPECT_EQ(said.names.size(), 100U);
    EXPECT_EQ(said.pull_requests.size(), 100U);
}

TEST_P(Forge, sees_that_something_behind_the_first_page_has_gone) {
    world.forge.set([](ForgeState& state) {
        for (int i = 1; i <= 150; ++i) state.pull_requests.push_back({i, "main"});
    });
    EXPECT_EQ(support::must(world.ask()).pull_requests.size(), 150U);
    world.forge.set([](ForgeState& state) { state.pull_requests.pop_back(); });
    EXPECT_EQ(support::must(world.ask()).pull_requests.size(), 149U);
}

// A branch that goes while the pages are read moves those behind it to the page before.
TEST_P(Forge, misses_nothing_that_moves_from_page_to_page) {
    auto names = many_branches(150);
    world.forge.set([&](ForgeState& state) { state.branches = names; });
    names.erase(names.begin() + 1);
    world.forge.before_each([&](const support::HttpRequest& request, ForgeState& state) {
        if (unit::asks_for_more_branches(request)) state.branches = names;
    });
    const auto said = support::must(world.ask());
    branches::normalise(names);
    EXPECT_TRUE(std::ranges::includes(said.names, names));
}

TEST_P(Forge, waits_out_trouble_that_passes) {
    for (const int status : {500, 502, 503}) {
        world.forge.interfere([&, left = 2](const support::HttpRequest&) mutable {
            return left-- > 0 ? std::optional(unit::html(status)) : std::nullopt;
        });
        EXPECT_TRUE(world.ask()) << status;
    }
}

TEST_P(Forge, sends_the_token_and_what_the_service_asks_for) {
    world.lock_up();
    ASSERT_TRUE(world.ask());
    for (const auto& request : world.forge.requests()) {
        EXPECT_EQ(request.method, "GET");
        EXPECT_EQ(request.header("User-Agent"), "reviewdb");
        if (world.which == Which::github) {
            EXPECT_EQ(request.header("Authorization"),
                      "Bearer " + std::string(ForgeWorld::k_token));
        } else {
            EXPECT_EQ(request.header("PRIVATE-TOKEN"), ForgeWorld::k_token);
        }
    }
}

TEST_P(Forge, asks_without_a_token_where_there_is_none) {
    EXPECT_TRUE(world.ask());
    EXPECT_FALSE(world.forge.requests().front().header("Authorization"));
    EXPECT_FALSE(world.forge.requests().front().header("PRIVATE-TOKEN"));
}

}  // namespace
