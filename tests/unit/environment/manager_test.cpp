// SPDX-License-Identifier: Apache-2.0
//
// What the Manager does with others about: another worker, a session that stays, a grant that pins.
#include "environment/manager.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <tuple>

#include "support/drifts.h"
#include "support/fake_process.h"
#include "support/must.h"
#include "support/soon.h"

namespace {

using base::ErrorKind;
using environment::InstanceState;
using environment::Outcome;
using environment::RoleState;
using support::FakeProcess;
using support::FakeWorld;
using support::Mishap;
using support::must;
using support::soon;
using support::Verb;

class ManagerTest : public testing::Test {
   protected:
    // What is removed is gone: these are about that.
    ManagerTest() { world_.policy.push_back({"*", "trash_window", "none"}); }

    base::Result<environment::Answer> carry_out(Verb verb, const support::Fate& fate = {}) {
        return FakeProcess(world_, fate).carry_out(verb, "login");
    }

    FakeWorld world_ = support::inhabited_world();
};

TEST_F(ManagerTest, gives_way_to_who_has_the_lock) {
    FakeProcess other(world_);
    must(other.server().observe(
        {must(environment::Project::parse("review")), must(environment::Name::parse("login"))},
        environment::Purpose::work, soon()));
    const auto before = world_.to_text();
    const auto refused = carry_out(Verb::create);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::overloaded);
    EXPECT_EQ(world_.to_text(), before);
    other.server().release(soon());
    EXPECT_EQ(must(carry_out(Verb::create)).outcome, Outcome::created);
}

TEST_F(ManagerTest, tells_a_worker_that_was_overtaken) {
    must(carry_out(Verb::create));
    FakeProcess slow(world_);
    const environment::Subject subject{must(environment::Project::parse("review")),
                                       must(environment::Name::parse("login"))};
    const auto facts = must(slow.server().observe(subject, environment::Purpose::work, soon()));
    world_.locks.clear();
    must(carry_out(Verb::close));
    environment::Target target;
    target.environment = *facts.environment;
    const auto lease = slow.server().check_lease(target, soon());
    ASSERT_FALSE(lease);
    EXPECT_EQ(lease.error().kind, ErrorKind::in_doubt);
}

TEST_F(ManagerTest, refuses_a_name_in_the_registry_that_could_break_out_of_a_line) {
    must(carry_out(Verb::create));
    const environment::Subject subject{must(environment::Project::parse("review")),
                                       must(environment::Name::parse("login"))};
    support::FakeProcess process(world_);
    const auto& record = world_.find_environment("review", "login")->record;
    auto& role = world_.roles.at(*record.role);
    role.name += "\nNODE_OPTIONS=--require=/tmp/evil.js";
    const auto got = process.manager().get(subject, soon());
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, ErrorKind::conflict);
    EXPECT_FALSE(carry_out(Verb::repair));
}

TEST_F(ManagerTest, gets_no_environment_of_another_repository) {
    must(carry_out(Verb::create));
    world_.find_environment("review", "login")->record.origin.repository = "github.com/acme/shop";
    environment::Subject subject{must(environment::Project::parse("review")),
                                 must(environment::Name::parse("login"))};
    FakeProcess process(world_);
    for (const auto* caller : {"", "github.com/acme/shop"}) {
        subject.repository = caller;
        EXPECT_TRUE(process.manager().get(subject, soon())) << caller;
    }
    subject.repository = "laptop:/home/ada/shop";
    const auto refused = process.manager().get(subject, soon());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_NE(refused.error().hint.find("--repository github.com/acme/shop"), std::string::npos);
}

TEST_F(ManagerTest, says_of_a_stamped_database_that_the_registry_does_not_know_it) {
    must(carry_out(Verb::create));
    // As after a registry that was lost.
    const auto stamp = world_.databases.at("review_login").comment;
    world_.environments.clear();
    world_.instances.clear();
    world_.roles.clear();
    const environment::Subject subject{must(environment::Project::parse("review")),
                                       must(environment::Name::parse("login"))};
    const auto foreign = "reviewdb/1 " + base::Uuid::random().to_string() + stamp.substr(47);
    for (const auto& [comment, said, way] :
         {std::tuple{stamp, "this installation's stamp", "repair --registry"},
          std::tuple{foreign, "the stamp of the installation", "backup"},
          std::tuple{std::string("mine"), "cannot be read", "superuser"}}) {
        world_.databases.at("review_login").comment = comment;
        const auto before = world_.to_text();
        for (const auto verb : {Verb::create, Verb::remove, Verb::repair, Verb::reset}) {
            const auto refused = carry_out(verb);
            ASSERT_FALSE(refused) << said;
            EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
            EXPECT_NE(refused.error().message.find("review_login"), std::string::npos);
            EXPECT_NE(refused.error().message.find(said), std::string::npos);
            EXPECT_NE(refused.error().hint.find(way), std::string::npos) << refused.error().hint;
        }
        FakeProcess process(world_);
        const auto got = process.manager().get(subject, soon());
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().kind, ErrorKind::conflict);
        EXPECT_EQ(world_.to_text(), before);
    }
    // A database of another owner is none of ours.
    world_.databases.at("review_login").owner = "app";
    EXPECT_EQ(must(carry_out(Verb::remove)).outcome, Outcome::absent);
}

TEST_F(ManagerTest, refuses_labels_that_no_door_could_show) {
    support::FakeProcess process(world_);
    for (const auto& [key, value] : {std::pair<std::string, std::string>{"team", "web\nX=1"},
                                     {"\x1b[2Jteam", "web"},
                                     {"", "web"},
                                     {"team", std::string(256, 'x')}}) {
        environment::CreateWish wish{must(environment::Project::parse("review")),
                                     must(environment::Name::parse("labelled")),
                                     {},
                                     {{key, value}},
                                     std::nullopt};
        const auto made = process.manager().create(wish, environment::Execution::carry_out, soon());
        ASSERT_FALSE(made) << key;
        EXPECT_EQ(made.error().kind, ErrorKind::invalid_input);
    }
}

TEST_F(ManagerTest, takes_back_a_create_that_is_refused_half_way) {
    const auto databases = world_.databases.size();
    for (int effect = 0; effect < 9; ++effect) {
        EXPECT_FALSE(carry_out(Verb::create, {Mishap::refused, effect})) << effect;
        // What was claimed is whole but for its secret, and stays.
        const bool claimed = world_.find_environment("review", "login") != nullptr;
        EXPECT_EQ(claimed, effect > 6) << effect;
        must(carry_out(Verb::remove));
        support::finish_leftovers(world_);
        EXPECT_EQ(world_.databases.size(), databases) << effect;
    }
}

TEST_F(ManagerTest, frees_the_name_of_what_a_session_holds_and_drops_it_later) {
    must(carry_out(Verb::create));
    auto* database = support::database_of(world_, *world_.find_environment("review", "login"));
    database->sessions = {"monitoring"};
    const auto held = carry_out(Verb::remove);
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().kind, ErrorKind::conflict);
    const auto again = must(carry_out(Verb::create));
    EXPECT_EQ(again.outcome, Outcome::created);
    EXPECT_NE(again.description->database, "review_login");
    world_.databases.at("review_login").sessions.clear();
    support::finish_leftovers(world_);
    EXPECT_FALSE(world_.databases.contains("review_login"));
    EXPECT_TRUE(world_.databases.contains(again.description->database));
}

TEST_F(ManagerTest, keeps_a_role_that_is_named_elsewhere_without_login_until_it_is_not) {
    must(carry_out(Verb::create));
    auto* login = support::login_of(world_, *world_.find_environment("review", "login"));
    login->named_elsewhere = true;
    const auto removed = must(carry_out(Verb::remove));
    EXPECT_EQ(removed.outcome, Outcome::deleted);
    EXPECT_EQ(removed.remarks.size(), 1U);
    EXPECT_FALSE(login->can_login);
    const auto pinned = [&] {
        return std::ranges::any_of(
            world_.roles, [](const auto& one) { return one.second.state == RoleState::pinned; });
    };
    EXPECT_TRUE(pinned());
    login->named_elsewhere = false;
    must(carry_out(Verb::create));
    must(carry_out(Verb::remove));
    EXPECT_FALSE(pinned());
}

TEST_F(ManagerTest, keeps_the_data_that_a_reset_replaced_for_as_long_as_the_policy_says) {
    world_.policy.push_back({"review", "trash_window", "7d"});
    must(carry_out(Verb::create));
    must(carry_out(Verb::reset));
    const auto in_trash = [&] {
        return std::ranges::count_if(world_.instances, [](const auto& one) {
            return one.second.record.state == InstanceState::trashed;
        });
    };
    EXPECT_EQ(in_trash(), 1);
    world_.now += std::chrono::days(6);
    must(carry_out(Verb::create));
    EXPECT_EQ(in_trash(), 1);
    world_.now += std::chrono::days(2);
    must(carry_out(Verb::create));
    EXPECT_EQ(in_trash(), 0);
}

TEST_F(ManagerTest, says_before_a_delete_what_would_stand_in_its_way) {
    must(carry_out(Verb::create));
    auto* row = world_.find_environment("review", "login");
    auto* database = support::database_of(world_, *row);
    const auto role = world_.roles.at(*row->record.role).name;
    database->sessions = {role, "monitoring"};
    support::login_of(world_, *row)->named_elsewhere = true;
    const auto before = world_.to_text();
    const environment::Wish wish{must(environment::Project::parse("review")),
                                 must(environment::Name::parse("login"))};
    const auto answer =
        must(FakeProcess(world_).manager().remove(wish, environment::Execution::dry_run, soon()));
    EXPECT_EQ(
        answer.remarks,
        (std::vector<std::string>{
            "would go along: session of " + role, "would hold the database: session of monitoring",
            "would keep the role, without login, until it is gone: grants that name " + role}));
    EXPECT_EQ(world_.to_text(), before);
}

TEST_F(ManagerTest, tells_in_history_how_old_what_it_removed_had_been) {
    must(carry_out(Verb::create));
    world_.now += std::chrono::hours(5);
    must(carry_out(Verb::remove));
    const auto& told = world_.history.back();
    EXPECT_EQ(told.event, "deleted");
    EXPECT_EQ(told.database, "review_login");
    EXPECT_EQ(told.size_bytes, support::k_fake_size);
    EXPECT_EQ(told.age, std::chrono::hours(5));
}

TEST_F(ManagerTest, counts_in_its_report_what_there_is_and_what_went_this_month) {
    must(carry_out(Verb::create));
    must(carry_out(Verb::reset));
    must(FakeProcess(world_).carry_out(Verb::create, "gone"));
    FakeProcess process(world_);
    environment::Wish wish{.project = must(environment::Project::parse("review")),
                           .name = must(environment::Name::parse("gone"))};
    wish.purges = true;
    must(process.manager().remove(wish, environment::Execution::carry_out, soon()));
    const auto usage =
        must(process.server().usage(must(environment::Project::parse("review")), soon()));
    EXPECT_EQ(all_environments(usage).count, 2);
    EXPECT_EQ(usage.secrets, 2);
    EXPECT_EQ(usage.trash.count, 1);
    EXPECT_EQ(usage.removed.at("deleted").count, 1);
    EXPECT_EQ(usage.removed.at("deleted").bytes, support::k_fake_size);
    EXPECT_EQ(leaks_reclaimed(usage).count, 0);
    world_.now += std::chrono::days(32);
    EXPECT_TRUE(must(process.server().usage(std::nullopt, soon())).removed.empty());
}

TEST_F(ManagerTest, hands_an_environment_over_though_the_answer_was_lost) {
    for (const auto mishap : {Mishap::lost_before, Mishap::lost_after}) {
        must(carry_out(Verb::create));
        // The login is proven first.
        const auto answer = must(carry_out(Verb::release, {mishap, 1}));
        EXPECT_EQ(answer.outcome, Outcome::released);
        EXPECT_EQ(world_.find_environment("review", "login"), nullptr);
        const auto& database = world_.databases.at("review_login");
        EXPECT_EQ(database.owner, answer.description->role);
        EXPECT_EQ(database.comment, "");
        world_.logins.erase(database.owner);
        world_.databases.erase("review_login");
        world_.secrets.erase("review_login");
    }
}

TEST_F(ManagerTest, leaves_the_secret_of_what_was_handed_over_to_whoever_has_it) {
    must(carry_out(Verb::create));
    must(carry_out(Verb::release));
    FakeProcess process(world_);
    const environment::SweepWish wish{must(environment::Project::parse("review")), {}, {}};
    const auto report =
        must(process.manager().sweep(wish, environment::Execution::carry_out, soon()));
    EXPECT_TRUE(report.findings.empty());
    EXPECT_TRUE(world_.secrets.contains("review_login"));
}

TEST_F(ManagerTest, examines_without_changing_anything) {
    must(carry_out(Verb::create));
    support::database_of(world_, *world_.find_environment("review", "login"))->is_template = true;
    const auto before = world_.to_text();
    FakeProcess process(world_);
    const auto reports =
        must(process.manager().examine(must(environment::Project::parse("review")), soon()));
    ASSERT_EQ(reports.size(), 2U);
    EXPECT_EQ(reports[0].subject.name.text(), "login");
    EXPECT_EQ(must(reports[0].result).outcome, Outcome::repaired);
    EXPECT_EQ(must(reports[1].result).outcome, Outcome::unchanged);
    EXPECT_EQ(world_.to_text(), before);
}

}  // namespace
