// SPDX-License-Identifier: Apache-2.0
//
// What a server that may be a copy of another one does: everything inside it, and nothing outside.
#include "environment/standing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/drifts.h"
#include "support/fake_process.h"
#include "support/must.h"
#include "support/soon.h"

namespace {

using base::ErrorKind;
using environment::Doubt;
using environment::EnvironmentState;
using environment::Execution;
using environment::Outcome;
using environment::Plan;
using environment::StepKind;
using support::FakeProcess;
using support::FakeWorld;
using support::must;
using support::soon;
using support::Verb;
using testing::HasSubstr;

environment::Subject subject(const char* name) {
    return {must(environment::Project::parse("review")), must(environment::Name::parse(name))};
}

class CopyTest : public testing::Test {
   protected:
    CopyTest() {
        must(carry_out(Verb::create, "login"));
        before_ = world_.secrets;
        world_.installation.doubt = environment::unexamined_doubt();
        world_.is_original = false;
    }
    base::Result<environment::Answer> carry_out(Verb verb, const std::string& name) {
        return FakeProcess(world_).carry_out(verb, name);
    }
    void expect_refused(const base::Result<environment::Answer>& answer) {
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, ErrorKind::conflict);
        EXPECT_THAT(answer.error().message, HasSubstr("not proven to be the original"));
        EXPECT_EQ(world_.secrets, before_);
    }

    FakeWorld world_ = support::inhabited_world();
    std::map<std::string, base::Secret> before_;
};

TEST_F(CopyTest, no_verb_changes_a_secret_whatever_came_before_it) {
    for (const auto first : support::k_verbs) {
        for (const auto second : support::k_verbs) {
            const auto world = world_;
            static_cast<void>(carry_out(first, "login"));
            static_cast<void>(carry_out(second, "login"));
            EXPECT_EQ(world_.secrets, before_) << to_text(first) << ", " << to_text(second);
            world_ = world;
        }
    }
}

TEST_F(CopyTest, a_new_environment_is_built_and_ends_without_its_secret) {
    expect_refused(carry_out(Verb::create, "fresh"));
    EXPECT_EQ(world_.find_environment("review", "fresh")->record.state,
              EnvironmentState::publishing);
    world_.is_original = true;
    EXPECT_EQ(must(carry_out(Verb::create, "fresh")).outcome, Outcome::created);
    EXPECT_EQ(world_.secrets.size(), before_.size() + 1);
}

TEST_F(CopyTest, a_password_is_not_rotated_while_its_secret_cannot_follow) {
    const auto role = *world_.find_environment("review", "login")->record.role;
    const auto version = world_.roles.at(role).password_version;
    expect_refused(carry_out(Verb::rotate, "login"));
    EXPECT_EQ(world_.roles.at(role).password_version, version);
    FakeProcess process(world_);
    EXPECT_FALSE(process.manager().succession(subject("login"), soon()));
    world_.is_original = true;
    EXPECT_TRUE(process.manager().succession(subject("login"), soon()));
}

TEST_F(CopyTest, a_release_changes_nothing) {
    const auto before = world_.to_text();
    expect_refused(carry_out(Verb::release, "login"));
    EXPECT_EQ(world_.to_text(), before);
}

TEST_F(CopyTest, a_delete_leaves_the_secret_and_says_so) {
    const auto answer = must(carry_out(Verb::remove, "login"));
    EXPECT_EQ(answer.outcome, Outcome::deleted);
    EXPECT_THAT(answer.remarks, testing::Contains(HasSubstr("was not removed")));
    EXPECT_THAT(answer.remarks, testing::Contains(HasSubstr("leads to another server")));
    EXPECT_EQ(world_.secrets, before_);

    // Once it is proven, the secret is found by what it says.
    world_.is_original = true;
    FakeProcess process(world_);
    const environment::SweepWish wish{must(environment::Project::parse("review")), {}, {}};
    must(process.manager().sweep(wish, Execution::carry_out, soon()));
    EXPECT_EQ(world_.secrets.size(), before_.size() - 1);
}

TEST_F(CopyTest, its_password_is_told_only_for_its_own_sessions) {
    FakeProcess process(world_);
    const auto told = must(process.manager().get(subject("login"), soon()));
    EXPECT_TRUE(told.doubt);
    EXPECT_TRUE(told.password.empty());
    const auto own = must(process.manager().get(subject("login"), soon(), environment::Way::own));
    EXPECT_FALSE(own.password.empty());
    EXPECT_TRUE(must(carry_out(Verb::create, "login")).description->password.empty());
}

TEST_F(CopyTest, nothing_is_swept_and_nothing_expires) {
    for (auto& [id, row] : world_.environments) {
        row.record.expires_at = world_.now - std::chrono::hours(1);
    }
    const auto before = world_.environments.size();
    FakeProcess process(world_);
    const environment::SweepWish wish{must(environment::Project::parse("review")), {}, {}};
    const auto report = must(process.manager().sweep(wish, Execution::carry_out, soon()));
    EXPECT_FALSE(report.findings.empty());
    for (const auto& finding : report.findings) EXPECT_FALSE(finding.left.empty());
    EXPECT_THAT(report.remarks, testing::Contains(HasSubstr("nothing was swept")));
    must(carry_out(Verb::remove, "nobody"));
    must(process.manager().finish_pending(soon()));
    EXPECT_EQ(world_.secrets, before_);
    EXPECT_EQ(world_.environments.size(), before);
    for (const auto& [id, row] : world_.environments) {
        EXPECT_NE(row.record.state, EnvironmentState::gone);
    }
}

TEST_F(CopyTest, one_proof_after_a_restart_is_all_that_it_takes) {
    world_.is_original = true;
    must(carry_out(Verb::rotate, "login"));
    EXPECT_FALSE(world_.installation.doubt);
    EXPECT_FALSE(must(FakeProcess(world_).manager().get(subject("login"), soon())).doubt);
}

TEST_F(CopyTest, without_a_secret_store_everything_goes_on_but_the_url) {
    world_.policy = {{"*", "host", "db.example"}};
    const auto made = must(carry_out(Verb::create, "fresh"));
    EXPECT_EQ(made.outcome, Outcome::created);
    EXPECT_TRUE(made.description->doubt);
    EXPECT_EQ(must(carry_out(Verb::rotate, "login")).outcome, Outcome::rotated);
    EXPECT_EQ(must(carry_out(Verb::remove, "login")).outcome, Outcome::deleted);
    EXPECT_EQ(world_.secrets, before_);
}

}  // namespace
