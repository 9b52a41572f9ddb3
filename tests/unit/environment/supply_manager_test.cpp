// SPDX-License-Identifier: Apache-2.0
//
// What the Manager does of the pool and templates with others about: locks that are held, builds
// that are refused, a registry that is older than the server.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/supply_place.h"
#include "unit/environment/supply_deeds.h"

namespace {

using base::ErrorKind;
using environment::InstanceState;
using environment::Outcome;
using support::FakeProcess;
using support::FakeWorld;
using support::Mishap;
using support::must;

class SupplyManager : public testing::Test {
   protected:
    int count(InstanceState state) const {
        return static_cast<int>(std::ranges::count_if(
            world_.instances, [&](const auto& one) { return one.second.record.state == state; }));
    }
    // Those that wait in the pool.
    void lock_all_that_is_warm(const std::string& by) {
        for (auto& [id, row] : world_.instances) {
            if (row.record.state != InstanceState::warm) continue;
            world_.databases.at(row.record.database).locked_by = by;
        }
    }
    std::string role_of(const std::string& name) {
        return world_.roles.at(*world_.find_environment("review", name)->record.role).name;
    }
    void expect_agreement() {
        support::finish_leftovers(world_);
        EXPECT_EQ(support::wrong_with(world_), "");
    }

    FakeWorld world_ = supply::supplied_world();
};

TEST_F(SupplyManager, claims_another_one_where_an_environment_has_locked_all_and_ends_that) {
    lock_all_that_is_warm(role_of("garden"));
    const auto made = must(FakeProcess(world_).create("fresh", "data"));
    EXPECT_TRUE(made.warm);
    EXPECT_EQ(count(InstanceState::warm), 2);
    must(FakeProcess(world_).fill_pool());
    expect_agreement();
}

TEST_F(SupplyManager, builds_one_where_somebody_else_has_locked_all_and_says_so) {
    lock_all_that_is_warm("app");
    const auto made = must(FakeProcess(world_).create("fresh", "data"));
    EXPECT_EQ(made.outcome, Outcome::created);
    EXPECT_FALSE(made.warm);
    EXPECT_EQ(count(InstanceState::warm), 3);
    lock_all_that_is_warm("");
    EXPECT_TRUE(must(FakeProcess(world_).create("later", "data")).warm);
    must(FakeProcess(world_).fill_pool());
    expect_agreement();
}

TEST_F(SupplyManager, leaves_what_is_warm_where_a_foreign_database_has_the_name) {
    support::FakeDatabase theirs;
    theirs.owner = "app";
    theirs.oid = world_.next_oid();
    world_.databases["review_fresh"] = theirs;
    const auto refused = FakeProcess(world_).create("fresh", "data");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_FALSE(refused.error().hint.empty());
    EXPECT_EQ(count(InstanceState::warm), 3);
    expect_agreement();
}

TEST_F(SupplyManager, says_of_what_was_claimed_and_whose_answer_was_lost_that_it_was_warm) {
    FakeProcess process(world_, {Mishap::lost_after, 0});
    const auto made = must(process.create("fresh", "data"));
    EXPECT_TRUE(made.warm);
    EXPECT_EQ(made.outcome, Outcome::created);
}

TEST_F(SupplyManager, tells_of_a_build_that_is_refused_and_leaves_nothing_being_built) {
    supply::set_pool(world_, "data", 4);
    for (int effect = 0; effect < 7; ++effect) {
        auto world = world_;
        FakeProcess process(world, {Mishap::refused, effect});
        const auto refused = process.fill_pool();
        ASSERT_FALSE(refused) << effect;
        EXPECT_EQ(refused.error().kind, ErrorKind::denied) << effect;
        const auto building = std::ranges::count_if(world.instances, [](const auto& one) {
            return one.second.record.state == InstanceState::building;
        });
        EXPECT_EQ(building, 0) << effect;
    }
}

TEST_F(SupplyManager, gives_up_on_a_server_that_loses_every_build) {
    supply::set_pool(world_, "data", 3);
    // Its databases are half dropped as soon as they are made.
    world_.databases.at("reviewdb_template_0").half_dropped = true;
    auto& version = world_.instances.at(*world_.find_template("review", "data")->record.instance);
    world_.databases.at(version.record.database).sessions = {"monitoring"};
    const auto filled = FakeProcess(world_).fill_pool();
    ASSERT_FALSE(filled);
    EXPECT_EQ(filled.error().sqlstate, "55006");
}

TEST_F(SupplyManager, builds_no_more_than_it_is_asked_for) {
    supply::set_pool(world_, "data", 6);
    EXPECT_EQ(must(FakeProcess(world_).fill_pool(2)).built, 2);
    EXPECT_EQ(must(FakeProcess(world_).fill_pool()).built, 2);
}

TEST_F(SupplyManager, drains_one_template_or_all) {
    const auto drain = [&](const std::string& of) {
        return must(FakeProcess(world_).manager().drain_pool(
            *environment::Project::parse("review"), of,
            base::Deadline::after(std::chrono::minutes(1))));
    };
    EXPECT_EQ(drain("empty").retired, 1);
    EXPECT_EQ(count(InstanceState::warm), 2);
    EXPECT_EQ(drain("").retired, 2);
    EXPECT_EQ(count(InstanceState::warm), 0);
    expect_agreement();
}

TEST_F(SupplyManager, adopts_nothing_by_a_registry_that_is_older_than_the_server) {
    world_.databases["theirs_fresh"].owner = support::k_fake_operator;
    world_.databases["theirs_fresh"].oid = world_.next_oid();
    world_.counted_writes = world_.writes + 1;
    const auto refused =
        FakeProcess(world_).create_or_adopt("fresh", {"theirs_fresh", "their_fresh"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_NE(refused.error().message.find("older than the server"), std::string::npos);
    EXPECT_EQ(count(InstanceState::warm), 3);
}

TEST_F(SupplyManager, retires_and_buries_nothing_by_a_registry_that_is_older_than_the_server) {
    supply::set_pool(world_, "data", 0);
    world_.counted_writes = world_.writes + 1;
    const auto before = world_.to_text();
    const auto report = must(FakeProcess(world_).fill_pool());
    EXPECT_EQ(report.retired + report.built, 0);
    EXPECT_NE(report.held, "");
    EXPECT_EQ(world_.to_text(), before);
}

TEST_F(SupplyManager, opens_what_a_template_was_made_from_even_when_that_is_refused) {
    for (int effect = 0; effect < 12; ++effect) {
        auto world = world_;
        FakeProcess process(world, {Mishap::refused, effect});
        const auto made = process.make_template_from("more", "garden");
        const auto state = world.find_environment("review", "garden")->record.state;
        // Where the opening itself was refused, the next call does it.
        if (made || state != environment::EnvironmentState::ready) {
            must(FakeProcess(world).make_template_from("more", "garden"));
        }
        EXPECT_EQ(world.find_environment("review", "garden")->record.state,
                  environment::EnvironmentState::ready)
            << effect;
    }
}

TEST_F(SupplyManager, leaves_shut_what_somebody_else_shut) {
    must(FakeProcess(world_).carry_out(support::Verb::close, "garden"));
    must(FakeProcess(world_).make_template_from("more", "garden"));
    EXPECT_EQ(world_.find_environment("review", "garden")->record.state,
              environment::EnvironmentState::closed);
    EXPECT_EQ(must(FakeProcess(world_).create("fresh", "more")).outcome, Outcome::created);
    const auto* made = world_.find_environment("review", "fresh");
    const auto& database =
        world_.databases.at(world_.instances.at(*made->record.instance).record.database);
    EXPECT_EQ(database.content, "seeds");
    EXPECT_EQ(database.content_owner, role_of("fresh"));
}

}  // namespace
