// SPDX-License-Identifier: Apache-2.0
//
// What the pool does next: each rule, their order, and where following them ends.
#include "environment/pool.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "environment/planning.h"
#include "unit/environment/plan_case.h"

namespace {

using namespace plan_case;  // NOLINT(google-build-using-namespace): the words of its tables
using Kind = PoolAction::Kind;

const base::Uuid k_current_version = base::Uuid::random();
const base::Uuid k_former_version = base::Uuid::random();

CloneSource source(const std::string& name, std::optional<base::Uuid> version = k_current_version) {
    return {name, version, "reviewdb_t_shop", "shop_owner", 1000};
}

// A pool of two templates, of which nothing is there yet.
PoolFacts lacking(int of_data = 2, int of_seed = 1) {
    PoolFacts facts;
    facts.common = nothing();
    facts.targets = {{"data", of_data, source("data")}, {"seed", of_seed, source("seed")}};
    facts.headroom = {10, 100, 0};
    return facts;
}

PooledInstance one(const PoolFacts& facts, const std::string& of,
                   InstanceState state = InstanceState::warm) {
    PooledInstance pooled;
    pooled.instance.id = base::Uuid::random();
    pooled.instance.state = state;
    pooled.instance.database_template = of;
    pooled.instance.template_version = k_current_version;
    pooled.instance.shape = planning::shape_of(facts.common);
    return pooled;
}

// "build data", "retire 0: why", "hold: why", "rest".
std::string in_words(const PoolFacts& facts) {
    const auto action = next_action(facts);
    switch (action.kind) {
        case Kind::build:
            return "build " + action.source.name;
        case Kind::hold:
            return "hold: " + action.reason;
        case Kind::rest:
            return "rest";
        case Kind::retire:
            break;
    }
    const auto at = std::ranges::find(facts.instances, action.instance.instance.id,
                                      [](const auto& pooled) { return pooled.instance.id; });
    return fmt::format("retire {}: {}", at - facts.instances.begin(), action.reason);
}

TEST(Pool, rests_where_nothing_is_to_be) {
    EXPECT_EQ(in_words(PoolFacts()), "rest");
    EXPECT_EQ(in_words(lacking(0, 0)), "rest");
}

TEST(Pool, builds_one_of_the_template_that_lacks_most) {
    EXPECT_EQ(in_words(lacking(2, 1)), "build data");
    EXPECT_EQ(in_words(lacking(1, 2)), "build seed");
    auto facts = lacking(3, 2);
    facts.instances = {one(facts, "data"), one(facts, "data", InstanceState::building)};
    EXPECT_EQ(in_words(facts), "build seed");
    EXPECT_EQ(next_action(facts).reason, "the pool lacks 2 of it");
    EXPECT_EQ(next_action(facts).source.version, k_current_version);
}

TEST(Pool, builds_of_two_that_lack_the_same_the_first) {
    EXPECT_EQ(in_words(lacking(1, 1)), "build data");
    auto facts = lacking(1, 1);
    std::swap(facts.targets[0], facts.targets[1]);
    EXPECT_EQ(in_words(facts), "build seed");
}

TEST(Pool, counts_what_is_being_built_whatever_it_is_built_from) {
    auto facts = lacking(1, 0);
    facts.instances = {one(facts, "data", InstanceState::building)};
    EXPECT_EQ(in_words(facts), "rest");
    facts.instances[0].instance.template_version = k_former_version;
    facts.instances[0].instance.shape = "other";
    EXPECT_EQ(in_words(facts), "rest");
}

TEST(Pool, builds_of_the_empty_one_which_has_no_version) {
    auto facts = lacking(0, 0);
    facts.targets = {{std::string(k_empty), 1, CloneSource{}}};
    EXPECT_EQ(in_words(facts), "build empty");
    facts.instances = {one(facts, std::string(k_empty))};
    EXPECT_EQ(in_words(facts), "retire 0: its template has a newer version");
    facts.instances[0].instance.template_version.reset();
    EXPECT_EQ(in_words(facts), "rest");
}

struct Fault {
    const char* name;
    void (*spoil)(PoolFacts& facts, PooledInstance& pooled);
    const char* why;  // empty where it stays
};

const std::vector<Fault>& faults() {
    static const std::vector<Fault> k_faults{
        {"right", [](auto&, auto&) {}, ""},
        {"abandoned",
         [](auto&, auto& pooled) {
             pooled.instance.state = InstanceState::building;
             pooled.abandoned = true;
         },
         "whoever built it is gone"},
        {"being built",
         [](auto&, auto& pooled) { pooled.instance.state = InstanceState::building; }, ""},
        {"without a target",
         [](auto&, auto& pooled) { pooled.instance.database_template = "other"; },
         "its template has no pool any more"},
        {"being built without a target",
         [](auto&, auto& pooled) {
             pooled.instance.database_template = "other";
             pooled.instance.state = InstanceState::building;
         },
         ""},
        {"without its template", [](auto& facts, auto&) { facts.targets[0].source.reset(); },
         "its template has no pool any more"},
        {"superseded",
         [](auto&, auto& pooled) { pooled.instance.template_version = k_former_version; },
         "its template has a newer version"},
        {"of the empty one", [](auto&, auto& pooled) { pooled.instance.template_version.reset(); },
         "its template has a newer version"},
        {"other limits",
         [](auto& facts, auto&) {
             facts.common.policy = Policy::from_rows(
                 k_project, std::vector<PolicyRow>{{"*", "connection_limit", "7"}});
         },
         "limits, settings or key are others now"},
        {"other settings",
         [](auto& facts, auto&) {
             facts.common.policy =
                 Policy::from_rows(k_project, std::vector<PolicyRow>{{"*", "lock_timeout", "1s"}});
         },
         "limits, settings or key are others now"},
        {"another key", [](auto& facts, auto&) { facts.common.installation.current_key = 2; },
         "limits, settings or key are others now"},
        {"unsound", [](auto&, auto& pooled) { pooled.is_sound = false; },
         "its database or role is not as it was built"},
        {"one too many", [](auto& facts, auto&) { facts.targets[0].target = 0; },
         "the pool is to be smaller"}};
    return k_faults;
}

TEST(Pool, retires_what_nobody_may_be_given_and_says_why) {
    for (const auto& fault : faults()) {
        auto facts = lacking(1, 0);
        facts.instances = {one(facts, "data")};
        fault.spoil(facts, facts.instances[0]);
        const std::string words = in_words(facts);
        const std::string why = fault.why;
        if (why.empty()) {
            EXPECT_FALSE(words.starts_with("retire")) << fault.name << ": " << words;
        } else {
            EXPECT_EQ(words, "retire 0: " + why) << fault.name;
        }
    }
}

TEST(Pool, retires_before_it_builds_and_the_oldest_first) {
    auto facts = lacking(3, 3);
    facts.instances = {one(facts, "data"), one(facts, "seed"), one(facts, "data")};
    facts.instances[1].is_sound = facts.instances[2].is_sound = false;
    EXPECT_EQ(in_words(facts), "retire 1: its database or role is not as it was built");
    auto smaller = lacking(1, 0);
    smaller.instances = {one(smaller, "data"), one(smaller, "data"), one(smaller, "data")};
    EXPECT_EQ(in_words(smaller), "retire 0: the pool is to be smaller");
}

TEST(Pool, lets_a_build_go_on_when_the_pool_is_to_be_smaller) {
    auto facts = lacking(0, 0);
    facts.instances = {one(facts, "data", InstanceState::building)};
    EXPECT_EQ(in_words(facts), "rest");
}

TEST(Pool, holds_where_the_server_has_no_room_for_more) {
    auto crowded = lacking();
    crowded.headroom = {96, 100, 0};
    EXPECT_EQ(in_words(crowded), "hold: 96 of the server's 100 connections are taken");
    crowded.headroom.connections = 95;
    EXPECT_EQ(in_words(crowded), "build data");
    auto full = lacking();
    full.common.policy =
        Policy::from_rows(k_project, std::vector<PolicyRow>{{"*", "disk_budget", "1MB"}});
    full.headroom.bytes = 1024 * 1024 - 999;
    EXPECT_EQ(in_words(full).substr(0, 5), "hold:");
    full.headroom.bytes = 1024 * 1024 - 1000;
    EXPECT_EQ(in_words(full), "build data");
}

TEST(Pool, holds_back_no_retirement_and_nothing_where_nothing_is_lacking) {
    auto facts = lacking(1, 0);
    facts.headroom = {100, 100, 0};
    facts.instances = {one(facts, "data")};
    EXPECT_EQ(in_words(facts), "rest");
    facts.instances[0].is_sound = false;
    EXPECT_EQ(in_words(facts), "retire 0: its database or role is not as it was built");
}

TEST(Pool, changes_nothing_by_a_registry_that_is_older_than_the_server) {
    auto facts = lacking(1, 0);
    facts.common.installation.is_behind = true;
    EXPECT_EQ(in_words(facts).substr(0, 5), "hold:");
    facts.instances = {one(facts, "data")};
    facts.instances[0].is_sound = false;
    EXPECT_EQ(in_words(facts).substr(0, 5), "hold:");
}

// Carries an action out at once, as the server would.
void follow(PoolFacts& facts, const PoolAction& action) {
    if (action.kind == Kind::build) {
        auto built = one(facts, action.source.name);
        built.instance.template_version = action.source.version;
        facts.instances.push_back(std::move(built));
        return;
    }
    std::erase_if(facts.instances, [&](const auto& pooled) {
        return pooled.instance.id == action.instance.instance.id;
    });
}

// Follows the actions to their end: what is wrong with it, or empty.
std::string wrong_with(PoolFacts facts) {
    const auto count = [&](const PoolTarget& target, InstanceState state) {
        return std::ranges::count_if(facts.instances, [&](const auto& pooled) {
            return pooled.instance.state == state &&
                   pooled.instance.database_template == target.database_template;
        });
    };
    constexpr int k_enough = 20;
    for (int i = 0; i < k_enough; ++i) {
        const auto action = next_action(facts);
        if (action.kind == Kind::rest) {
            for (const auto& target : facts.targets) {
                const auto building = count(target, InstanceState::building);
                const auto there = count(target, InstanceState::warm) + building;
                const auto wanted =
                    target.source ? std::max<std::ptrdiff_t>(target.target, building) : building;
                if (there != wanted) {
                    return fmt::format("{} of {} and not {}", there, target.database_template,
                                       wanted);
                }
            }
            return {};
        }
        if (action.kind == Kind::hold) return "it holds: " + action.reason;
        follow(facts, action);
    }
    return "it does not end";
}

TEST(Pool, ends_with_as_many_as_there_are_to_be_wherever_it_begins) {
    int cases = 0;
    const auto& all = faults();
    for (std::size_t a = 0; a < all.size(); ++a) {
        for (std::size_t b = a; b < all.size(); ++b) {
            for (std::size_t c = b; c < all.size(); ++c) {
                for (int target = 0; target <= 3; ++target) {
                    auto facts = lacking(target, 1);
                    facts.instances = {one(facts, "data"), one(facts, "data"), one(facts, "seed")};
                    all[a].spoil(facts, facts.instances[0]);
                    all[b].spoil(facts, facts.instances[1]);
                    all[c].spoil(facts, facts.instances[2]);
                    EXPECT_EQ(wrong_with(facts), "") << all[a].name << ", " << all[b].name << ", "
                                                     << all[c].name << ": " << target;
                    ++cases;
                }
            }
        }
    }
    EXPECT_GT(cases, 1500);
}

TEST(PoolSummary, tells_what_can_be_given_from_what_is_on_its_way_and_what_goes) {
    auto facts = lacking(3, 0);
    facts.instances = {one(facts, "data"), one(facts, "data", InstanceState::building),
                       one(facts, "data"), one(facts, "other")};
    facts.instances[2].is_sound = false;
    const auto lines = summary(facts);
    ASSERT_EQ(lines.size(), 2U);
    const auto text = [](const PoolLine& line) {
        return fmt::format("{} {} {} {} {}", line.database_template, line.target, line.warm,
                           line.building, line.stale);
    };
    EXPECT_EQ(text(lines[0]), "data 3 1 1 1");
    EXPECT_EQ(text(lines[1]), "other 0 0 0 1");
}

}  // namespace
