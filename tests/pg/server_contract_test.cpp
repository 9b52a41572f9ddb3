// SPDX-License-Identifier: Apache-2.0
//
// The server in memory, on which the rules are tried exhaustively, behaves as a real one: the same
// verbs after the same drifts on both, step by step, with the same facts after each.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/drifts.h"
#include "support/environment_test.h"
#include "support/fake_process.h"
#include "support/fake_secret_store.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/stride.h"
#include "support/watched_server.h"

namespace {

using base::Result;
using environment::Answer;
using environment::Manager;
using support::Drift;
using support::execute;
using support::FakeServer;
using support::FakeWorld;
using support::must;
using support::soon;
using support::Verb;
using support::WatchedServer;

class ServerContractTest : public support::EnvironmentTest {
   protected:
    ServerContractTest() { project_name_ = "review"; }

    void SetUp() override {
        EnvironmentTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        base::Log log{base::LogLevel::off, base::LogFormat::text};
        server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
        const auto policy = must(live.policy(project(), soon()));
        for (const auto& value : policy.values()) {
            world_.policy.push_back({"*", value.key, value.value});
        }
    }
    void TearDown() override { remove_everything(); }

    // The verb on both; what each of them wrote down has to be the same.
    void on_both(Verb verb) {
        SCOPED_TRACE(to_text(verb));
        base::Log log{base::LogLevel::off, base::LogFormat::text};
        server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
        server::LiveServer other(support::prepared_operator(), "reviewdb/watch", log);
        const auto on_live = seen(live, other, secrets_, verb);
        support::Fate fate;
        support::Fate other_fate;
        FakeServer fake(world_, fate);
        FakeServer other_fake(world_, other_fate);
        const auto on_fake = seen(fake, other_fake, world_.secrets, verb);
        ASSERT_FALSE(on_live.empty());
        for (std::size_t i = 0; i < std::max(on_live.size(), on_fake.size()); ++i) {
            ASSERT_EQ(i < on_fake.size() ? on_fake[i] : "nothing",
                      i < on_live.size() ? on_live[i] : "nothing");
        }
    }

    void drift_on_both(const Drift& drift) {
        const auto subject = this->subject();
        base::Log log{base::LogLevel::off, base::LogFormat::text};
        server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
        const auto facts = must(live.observe(subject, environment::Purpose::read, soon()));
        for (const auto& statement : drift.sql) {
            execute(root(drift.inside ? facts.database->name : "postgres"),
                    fmt::format(fmt::runtime(statement), facts.database->name, facts.role->name));
        }
        drift.apply(world_, *world_.find_environment("review", name_));
    }

    FakeWorld world_;

    void unprotect() {
        execute(root("reviewdb"), "UPDATE registry.environment SET protected = false");
        auto* row = world_.find_environment("review", name_);
        if (row != nullptr) row->record.shielded = false;
    }

   private:
    environment::Subject subject() const {
        return {project(), must(environment::Name::parse(name_))};
    }

    std::vector<std::string> seen(environment::Server& server, environment::Server& other,
                                  support::FakeSecretStore::Secrets& secrets, Verb verb) const {
        WatchedServer watched(server, other, subject());
        support::Fate fate;
        base::Log log{base::LogLevel::off, base::LogFormat::text};
        Manager::Surroundings surroundings{
            support::k_tester,
            {},
            {},
            [&](const environment::Policy&) -> Result<std::unique_ptr<environment::SecretStore>> {
                return std::make_unique<support::FakeSecretStore>(secrets, fate);
            }};
        Manager manager(watched, std::move(surroundings), log);
        const auto answer = support::carry_out(manager, verb, name_);
        auto all = watched.seen();
        all.push_back(answer ? std::string(to_text(answer->outcome))
                             : fmt::format("{} {}", facts_of(answer.error().kind).name,
                                           answer.error().sqlstate));
        return all;
    }

    void remove_everything() const {
        if (IsSkipped()) return;
        must(remove(name_));
        empty_trash();
        expect_nothing_left();
    }

    support::FakeSecretStore::Secrets secrets_;
};

TEST_F(ServerContractTest, holds_through_every_verb) {
    for (const auto verb :
         {Verb::create, Verb::create, Verb::repair, Verb::extend, Verb::protect, Verb::remove,
          Verb::rotate, Verb::close, Verb::close, Verb::create, Verb::repair, Verb::open}) {
        on_both(verb);
        if (HasFatalFailure()) break;
    }
    unprotect();
    for (const auto verb :
         {Verb::reset, Verb::reset, Verb::remove, Verb::remove, Verb::repair, Verb::close}) {
        if (!HasFatalFailure()) on_both(verb);
    }
}

TEST_F(ServerContractTest, holds_when_an_environment_is_handed_over) {
    for (const auto verb : {Verb::create, Verb::reset, Verb::close, Verb::release, Verb::open,
                            Verb::release, Verb::release, Verb::create}) {
        on_both(verb);
        if (HasFatalFailure()) break;
    }
    const auto database = "review_" + name_;
    const auto owner =
        support::ask(root(),
                     "SELECT pg_get_userbyid(datdba)::text AS value FROM pg_database "
                     "WHERE datname = '" +
                         database + "'");
    EXPECT_EQ(world_.databases.at(database).owner.substr(0, 7), owner.substr(0, 7));
    // What the reset had left goes first.
    must(remove(name_));
    execute(root(), "DROP DATABASE " + database);
    execute(root(), "DROP ROLE " + owner);
}

// Every day one or two of the verbs after each drift, and each of the verbs after every third.
TEST_F(ServerContractTest, holds_after_every_drift) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    int cases = 0;
    for (const auto& drift : support::drifts()) {
        if (drift.sql.empty()) continue;
        SCOPED_TRACE(drift.name);
        for (const auto verb :
             {Verb::repair, Verb::protect, Verb::close, Verb::reset, Verb::remove}) {
            if (!support::is_of_every_day(cases++, 3)) continue;
            // What a reset put in the trash has to go before its role can be dropped by hand.
            if (verb == Verb::remove) on_both(Verb::remove);
            on_both(Verb::create);
            drift_on_both(drift);
            on_both(verb);
            // What a delete refuses can be repaired, and then deleted.
            on_both(verb == Verb::remove ? Verb::repair : Verb::open);
            unprotect();
            if (HasFatalFailure()) return;
        }
        on_both(Verb::remove);
        if (HasFatalFailure()) return;
    }
}

}  // namespace
