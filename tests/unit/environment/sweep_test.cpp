// SPDX-License-Identifier: Apache-2.0
#include "environment/sweep.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace {

using namespace environment;  // NOLINT(google-build-using-namespace): every word of it
using base::ErrorKind;
using std::chrono::hours;
using testing::HasSubstr;

constexpr const char* k_repository = "example.com/shop/web";

class SweepTest : public testing::Test {
   protected:
    SweepTest() {
        facts_.common.now = Time(hours(500'000));
        facts_.former = {k_repository, 3};
        truth_.source = "git:somewhere";
        truth_.repository = k_repository;
        truth_.refs = {"main", "other"};
        truth_.complete = true;
        policy({});
    }

    void policy(std::vector<PolicyRow> rows) {
        rows.push_back({"*", "sweep_share", "none"});
        facts_.common.policy = Policy::from_rows(*Project::parse("shop"), rows);
    }

    // For the branch of its name, last created two days ago.
    Candidacy& add(const std::string& name) {
        Candidacy one;
        one.record.id = base::Uuid::random();
        one.record.project = "shop";
        one.record.name = name;
        one.record.state = EnvironmentState::ready;
        one.record.origin.repository = k_repository;
        one.record.origin.ref = name;
        one.record.created_at = one.record.last_create_at = facts_.common.now - hours(48);
        one.database = "shop_" + name;
        facts_.environments.push_back(one);
        return facts_.environments.back();
    }

    SweepDecision decide() const { return *decide_sweep(facts_, truth_); }

    // "name: kind", and with what is left why.
    std::vector<std::string> found() const {
        std::vector<std::string> words;
        for (const auto& finding : decide().findings) {
            words.push_back(fmt::format("{}: {}{}{}", finding.name, to_text(finding.kind),
                                        finding.left.empty() ? ""
                                        : finding.is_due     ? ", left: "
                                                             : ", spared: ",
                                        finding.left));
        }
        return words;
    }

    SweepFacts facts_;
    Truth truth_;
};

using Found = std::vector<std::string>;

TEST_F(SweepTest, finds_what_has_no_branch) {
    add("main");
    add("gone");
    EXPECT_EQ(found(), (Found{"gone: branch_gone"}));
    EXPECT_THAT(decide().findings.at(0).reason, HasSubstr("the branch gone is gone"));
    EXPECT_THAT(decide().findings.at(0).reason, HasSubstr("git:somewhere"));
}

TEST_F(SweepTest, judges_nothing_of_which_it_knows_nothing) {
    add("no_ref").record.origin.ref.clear();
    add("no_repository").record.origin.repository.clear();
    add("another_repository").record.origin.repository = "example.com/shop/api";
    add("nothing").record.origin = {};
    EXPECT_EQ(found(), Found{});
    EXPECT_EQ(decide().unjudged, 4);
}

TEST_F(SweepTest, lets_a_map_judge_what_has_no_branch_and_no_other_repository) {
    truth_.names = {"stage-a"};
    add("stage-a").record.origin = {};
    add("stage-b").record.origin = {};
    add("another").record.origin = {"example.com/shop/api", "", {}, ""};
    auto& mapped = add("stage-a");
    mapped.record.origin.ref = "gone";
    EXPECT_EQ(found(), (Found{"stage-b: branch_gone"}));
    EXPECT_EQ(decide().unjudged, 1);
}

TEST_F(SweepTest, judges_the_pull_request_of_a_fork_by_who_knows_of_pull_requests) {
    auto& fork = add("pr-7");
    fork.record.origin.pull_request = 7;
    fork.record.origin.ref = "main";  // of the fork
    EXPECT_EQ(found(), Found{});
    EXPECT_EQ(decide().unjudged, 1);
    truth_.pull_requests = {7};
    EXPECT_EQ(found(), Found{});
    truth_.pull_requests = {8};
    EXPECT_EQ(found(), (Found{"pr-7: branch_gone"}));
    EXPECT_THAT(decide().findings.at(0).reason, HasSubstr("pull request 7 is not open any more"));
}

TEST_F(SweepTest, leaves_what_has_an_open_pull_request) {
    add("gone").record.origin.pull_request = 9;
    truth_.pull_requests = {9};
    EXPECT_EQ(found(), Found{});
}

TEST_F(SweepTest, spares_what_is_protected_or_was_created_lately) {
    add("held").record.shielded = true;
    add("young").record.last_create_at = facts_.common.now - hours(23);
    add("old").record.last_create_at = facts_.common.now - hours(25);
    EXPECT_EQ(found().size(), 3);
    for (const auto& finding : decide().findings) {
        EXPECT_EQ(finding.left.empty(), finding.name == "old") << finding.name;
        EXPECT_EQ(finding.is_due, finding.name == "old") << finding.name;
    }
}

TEST_F(SweepTest, removes_at_most_so_many_and_so_great_a_share_the_longest_unused_first) {
    for (int i = 0; i < 30; ++i) {
        add(fmt::format("gone-{:02}", i)).record.last_create_at =
            facts_.common.now - hours(100 + i);
    }
    const auto removed = [&] {
        Found names;
        for (const auto& finding : decide().findings) {
            if (finding.left.empty()) names.push_back(finding.name);
        }
        return names;
    };
    EXPECT_EQ(removed().size(), 10);
    EXPECT_EQ(removed().front(), "gone-29");
    policy({{"*", "sweep_limit", "none"}});
    EXPECT_EQ(removed().size(), 30);
    const std::vector<PolicyRow> share{{"*", "sweep_share", "20%"}, {"*", "sweep_limit", "none"}};
    facts_.common.policy = Policy::from_rows(*Project::parse("shop"), share);
    EXPECT_EQ(removed().size(), 6);
    // A small project is not left with what nobody needs.
    facts_.environments.resize(2);
    EXPECT_EQ(removed().size(), 1);
}

TEST_F(SweepTest, removes_nothing_for_a_source_that_may_be_wrong) {
    add("gone");
    truth_.complete = false;
    EXPECT_THAT(found().at(0), HasSubstr("left: the source did not say that this is all"));
    truth_.complete = true;
    facts_.former.reset();
    EXPECT_THAT(found().at(0), HasSubstr("left: the first sweep of a project is a dry one"));
    facts_.former = {k_repository, 8};
    EXPECT_THAT(found().at(0), HasSubstr("left: the source knows less than half"));
    EXPECT_EQ(decide().remarks.size(), 1);
    facts_.former = {k_repository, 4};
    EXPECT_EQ(found(), (Found{"gone: branch_gone"}));
    const auto refused = [&] {
        const auto decision = decide_sweep(facts_, truth_);
        return !decision && decision.error().kind == ErrorKind::conflict;
    };
    EXPECT_FALSE(refused());
    truth_.names.emplace();
    EXPECT_TRUE(refused());
    truth_.names->insert("stage");
    EXPECT_FALSE(refused());
    truth_.refs.clear();
    EXPECT_TRUE(refused());
}

TEST_F(SweepTest, leaves_everything_where_the_registry_is_behind) {
    add("gone");
    add("expired").record.expires_at = facts_.common.now - hours(1);
    facts_.common.installation.is_behind = true;
    for (const auto& words : found()) EXPECT_THAT(words, HasSubstr("left: the registry is older"));
}

TEST_F(SweepTest, removes_what_has_expired_without_any_source) {
    auto& expired = add("expired");
    expired.record.expires_at = facts_.common.now - hours(1);
    add("living").record.expires_at = facts_.common.now + hours(1);
    const auto decision = *decide_sweep(facts_, std::nullopt);
    ASSERT_EQ(decision.findings.size(), 1);
    EXPECT_EQ(decision.findings.front().name, "expired");
    EXPECT_EQ(decision.findings.front().left, "");
}

TEST_F(SweepTest, leaves_an_expired_one_that_is_in_use_until_twice_its_time) {
    auto& used = add("main");
    used.sessions = 3;
    used.record.last_create_at = facts_.common.now - hours(48);
    used.record.expires_at = facts_.common.now - hours(1);
    EXPECT_THAT(found().at(0), HasSubstr("left: 3 sessions of it are open"));
    facts_.common.now += hours(46);
    EXPECT_EQ(found(), (Found{"main: expired"}));
}

TEST_F(SweepTest, finds_what_nobody_goes_on_with) {
    add("made").record.state = EnvironmentState::building;
    add("removed").record.state = EnvironmentState::retiring;
    add("published").record.state = EnvironmentState::publishing;
    auto& at_work = add("main");
    at_work.record.state = EnvironmentState::building;
    at_work.record.last_create_at = facts_.common.now - std::chrono::minutes(1);
    EXPECT_EQ(found(),
              (Found{"made: half_made", "removed: half_removed", "published: unpublished"}));
}

TEST_F(SweepTest, empties_the_trash_when_its_time_is_over_or_the_disk_runs_short) {
    const auto add_trash = [&](const std::string& database, hours left, std::int64_t size) {
        Trashed one;
        one.instance.id = base::Uuid::random();
        one.instance.database = database;
        one.instance.keep_until = facts_.common.now + left;
        one.let_go_at = facts_.common.now - hours(10);
        one.size_bytes = size;
        facts_.trash.push_back(one);
    };
    add_trash("newest", hours(20), 100);
    add_trash("older", hours(10), 100);
    add_trash("over", hours(-1), 100);
    facts_.bytes = 1000;
    const auto kinds = [&] {
        Found words;
        for (const auto& finding : decide().findings) {
            words.push_back(finding.database + ": " + std::string(to_text(finding.kind)));
        }
        return words;
    };
    EXPECT_EQ(kinds(), (Found{"over: trash_over"}));
    policy({{"*", "disk_budget", "1MB"}});
    EXPECT_EQ(kinds(), (Found{"over: trash_over"}));
    facts_.bytes = 1'000'000'000;
    EXPECT_EQ(kinds(), (Found{"over: trash_over", "older: over_budget", "newest: over_budget"}));
    // As far as it helps.
    facts_.bytes = 1024 * 1024 + 150;
    EXPECT_EQ(kinds(), (Found{"over: trash_over", "older: over_budget"}));
}

TEST_F(SweepTest, tells_of_remains_and_of_what_the_registry_does_not_know) {
    facts_.remains.push_back({base::Uuid::random(), "reviewdb_x_1", "its removal was not finished",
                              facts_.common.now - hours(3), std::nullopt});
    facts_.unknown.emplace_back("shop_lost");
    const auto decision = decide();
    ASSERT_EQ(decision.findings.size(), 2);
    EXPECT_EQ(decision.findings[0].database, "reviewdb_x_1");
    EXPECT_EQ(decision.findings[1].kind, FindingKind::unknown);
}

TEST(SweepReport, has_left_something_only_where_that_was_due) {
    SweepReport report;
    EXPECT_FALSE(report.has_left());
    report.findings.emplace_back();
    EXPECT_FALSE(report.has_left());
    report.findings.back().left = "it is protected";
    report.findings.back().is_due = false;
    EXPECT_FALSE(report.has_left());
    report.findings.back().is_due = true;
    EXPECT_TRUE(report.has_left());
}

}  // namespace
