// SPDX-License-Identifier: Apache-2.0
//
// Everything that is done with templates and the pool, stopped and broken after every effect: done
// again by another process it ends where it would have ended undisturbed. The pool is as it is to
// be, the rows agree with the catalog, nothing is given twice and nothing is left over.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/stride.h"
#include "support/supply_place.h"
#include "unit/environment/supply_deeds.h"

namespace {

using base::Result;
using supply::Deed;
using support::FakeProcess;
using support::FakeWorld;
using support::k_mishaps;
using support::Mishap;
using support::must;

std::vector<Deed> deeds() {
    using namespace supply;  // NOLINT(google-build-using-namespace): the words of a table
    return {
        {"create from the pool", create("fresh")},
        {"create from the pool of a template", create("fresh", "data")},
        {"create without a store", create("fresh", "data"),
         [](auto& world) { world.policy.clear(); }},
        {"create where there could be something to adopt", create_or_adopt("fresh")},
        {"create where nothing was built ahead", create("fresh", "seed")},
        {"create from the default", create("fresh"),
         [](auto& world) {
             world.policy.push_back({"review", "template", "seed"});
         }},
        {"create where the pool is superseded", create("fresh", "data"),
         [](auto& world) { must(FakeProcess(world).make_template("data", "two")); }},
        {"create again", create("login")},
        {"reset from the pool", reset("login")},
        {"reset where nothing was built ahead", reset("garden")},
        {"reset to another template", reset("garden", "data")},
        {"reset to nothing", reset("login", "empty")},
        {"delete of a clone", deletion("login")},
        {"delete of one from the pool", deletion("fresh"),
         [](auto& world) { must(FakeProcess(world).create("fresh", "data")); }},
        {"a new template", make_template("more", "more data")},
        {"a refresh", make_template("data", "two")},
        {"a refresh from the same", make_template("data", "one")},
        {"a template from an environment", make_template_from("more", "garden")},
        {"a refresh from an environment", make_template_from("data", "garden")},
        {"forgetting", forget_template("data")},
        {"forgetting one without a pool", forget_template("seed")},
        {"a larger pool", fill(), [](auto& world) { set_pool(world, "data", 4); }},
        {"a smaller pool", fill(), [](auto& world) { set_pool(world, "data", 0); }},
        {"a pool of one more template", fill(), [](auto& world) { set_pool(world, "seed", 1); }},
        {"a superseded pool", fill(),
         [](auto& world) { must(FakeProcess(world).make_template("data", "two")); }},
        {"a pool of other limits", fill(),
         [](auto& world) {
             world.policy.push_back({"*", "connection_limit", "7"});
         }},
        {"a pool of another key", fill(),
         [](auto& world) {
             world.installation.keys.push_back(
                 {2, {}, "registry", base::Secret(std::string(32, '2'))});
             world.installation.current_key = 2;
         }},
        {"a pool whose databases are gone", fill(),
         [](auto& world) {
             std::erase_if(world.databases,
                           [](const auto& one) { return one.first.starts_with("reviewdb_b_"); });
         }},
        {"a pool that somebody opened", fill(), [](auto& world) {
             for (auto& [name, database] : world.databases) {
                 if (name.starts_with("reviewdb_b_")) database.accepts_connections = true;
             }
         }}};
}

class SupplyCase {
   public:
    explicit SupplyCase(const Deed& deed) : deed_(deed), before_(supply::supplied_world()) {
        if (deed_.before) deed_.before(before_);
    }

    // Undisturbed; how many effects it had.
    int run() {
        auto world = before_;
        FakeProcess process(world);
        const auto done = deed_.act(process);
        EXPECT_TRUE(done) << deed_.name << ": " << done.error().message;
        process.server().release(base::Deadline::after(std::chrono::minutes(1)));
        end_ = end_of(world);
        EXPECT_EQ(support::wrong_with(world), "") << deed_.name;
        return process.fate().begun;
    }

    void disturb(Mishap mishap, int effect) {
        auto world = before_;
        {
            FakeProcess process(world, {mishap, effect});
            static_cast<void>(deed_.act(process));
        }
        const auto title =
            fmt::format("{}, mishap {} at {}", deed_.name, static_cast<int>(mishap), effect);
        {
            FakeProcess process(world);
            const auto again = deed_.act(process);
            EXPECT_TRUE(again) << title << ": " << again.error().message;
        }
        const auto end = end_of(world);
        EXPECT_EQ(support::wrong_with(world), "") << title;
        EXPECT_EQ(end, end_) << title;
    }

   private:
    static std::string end_of(FakeWorld& world) {
        must(FakeProcess(world).fill_pool());
        support::finish_leftovers(world);
        return support::supply_of(world);
    }

    const Deed& deed_;
    FakeWorld before_;
    std::string end_;
};

TEST(SupplyConvergence, ends_where_it_should_through_every_mishap) {
    const int every = support::stride(23);
    int cases = 0;
    for (const auto& deed : deeds()) {
        SupplyCase one(deed);
        const int effects = one.run();
        for (const auto mishap : k_mishaps) {
            for (int effect = 0; effect < effects; ++effect, ++cases) {
                if (cases % every == 0) one.disturb(mishap, effect);
                if (testing::Test::HasFailure() && cases > 2000) return;
            }
        }
    }
    EXPECT_GT(cases, 1000);
    fmt::print("{} cases, every {}\n", cases, every);
}

}  // namespace
