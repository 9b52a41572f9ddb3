// SPDX-License-Identifier: Apache-2.0
//
// Every verb while an environment's role holds every lock that it can reach, from four sessions and
// with prepared transactions in two databases: each succeeds. Under ./dev chaos, which has the
// machine for itself, each also ends within its normal time and three seconds, and each lock is
// tried by itself; CI tries all of them in one transaction.
#include <fmt/format.h>

#include <functional>

#include "siege.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/stride.h"

namespace {

using environment::Execution;
using environment::Outcome;
using std::chrono::milliseconds;
using support::ask;
using support::must;
using support::refusal;
using support::soon;

class EnvironmentUnderSiege : public SiegeTest {
   protected:
    using Deed = std::function<base::Result<Answer>(environment::Manager&)>;

    environment::Wish wish(const std::string& name) const {
        return {project(), must(environment::Name::parse(name)), {}, "test"};
    }

    // Does it in peace, and under each siege; `again` makes what the deed needs. Of a deed of two
    // verbs each has three seconds.
    void expect_in_time(const Deed& deed, const std::function<void()>& again = {}, int verbs = 1) {
        const auto calm = time_of(deed, "in peace");
        const std::size_t all = plans().size();
        for (std::size_t i = support::is_exhaustive() ? 0 : all - 1; i < all; ++i) {
            roll_back_what_is_prepared();
            if (again) again();
            // With the names of now.
            const auto plan = plans().at(i);
            if (!can_take(plan)) continue;
            Siege siege(mine_, plan);
            siege.wait_until_it_holds();
            const auto took = time_of(deed, plan.name);
            if (!support::is_exhaustive()) continue;
            EXPECT_LT(took.count(), (calm + verbs * milliseconds(3000)).count())
                << plan.name << ", " << siege.logins() << " logins";
        }
    }
    milliseconds time_of(const Deed& deed, const std::string& when) const {
        SCOPED_TRACE(when);
        const auto begin = std::chrono::steady_clock::now();
        const auto done = in_a_process(std::nullopt, deed);
        EXPECT_TRUE(done) << done.error().message << " (" << done.error().sqlstate << ")";
        const auto took =
            std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
        fmt::print("{}: {} ms\n", when, took.count());
        return took;
    }
    // Some locks are refused to an environment, on one major or on all. All of them together are
    // not.
    bool can_take(const Siege::Plan& plan) const {
        if (plan.locks.size() > 1) return true;
        auto session = support::connect(mine_);
        const auto taken = session.begin({{plan.locks.front()}}, soon());
        std::move(session).close_and_wait(soon());
        if (!taken) fmt::print("{}: {}\n", plan.name, taken.error().message);
        return taken.has_value();
    }
    // The environment is as create makes it, and its own login works.
    void expect_usable() {
        const auto mine = must(create(name_));
        mine_ = login(mine);
        EXPECT_EQ(refusal(mine_, "SELECT 1"), "");
    }
    // What was handed over is nothing of reviewdb's any more, nor is what it prepared.
    void drop_released() const {
        roll_back_what_is_prepared();
        support::execute(root(), fmt::format("DROP DATABASE {} WITH (FORCE)", my_database_));
        support::execute(root(), fmt::format("DROP OWNED BY {}", my_role_));
        support::execute(root(), fmt::format("DROP ROLE {}", my_role_));
    }
    void renew() {
        must(remove(name_));
        const auto mine = must(create(name_));
        mine_ = login(mine);
        my_role_ = mine.description->role;
        my_database_ = mine.description->database;
        support::execute(mine_, "CREATE TABLE loot (line text)");
    }
};

TEST_F(EnvironmentUnderSiege, is_deleted_for_good) {
    expect_in_time(
        [&](auto& manager) {
            auto gone = wish(name_);
            gone.purges = true;
            return manager.remove(gone, Execution::carry_out, soon());
        },
        [&] { renew(); });
    EXPECT_EQ(ask(root(), fmt::format("SELECT count(*)::text AS value FROM pg_roles WHERE "
                                      "rolname = '{}'",
                                      my_role_)),
              "0");
}

TEST_F(EnvironmentUnderSiege, is_put_into_the_trash_and_brought_back) {
    expect_in_time(
        [&](auto& manager) {
            auto gone = manager.remove(wish(name_), Execution::carry_out, soon());
            return gone ? manager.restore(wish(name_), {project(), wish(name_).name, {}},
                                          Execution::carry_out, soon())
                        : gone;
        },
        {}, 2);
    expect_usable();
}

TEST_F(EnvironmentUnderSiege, is_closed_and_opened) {
    expect_in_time(
        [&](auto& manager) {
            auto closed = manager.close(wish(name_), Execution::carry_out, soon());
            return closed ? manager.open(wish(name_), Execution::carry_out, soon()) : closed;
        },
        {}, 2);
    expect_usable();
}

TEST_F(EnvironmentUnderSiege, is_reset) {
    expect_in_time(
        [&](auto& manager) { return manager.reset(wish(name_), Execution::carry_out, soon()); },
        [&] { support::execute(mine_, "CREATE TABLE IF NOT EXISTS loot (line text)"); });
    expect_usable();
}

TEST_F(EnvironmentUnderSiege, gets_another_password) {
    expect_in_time(
        [&](auto& manager) {
            return manager.rotate(wish(name_), environment::Sessions::end, Execution::carry_out,
                                  soon());
        },
        [&] { expect_usable(); });
    EXPECT_EQ(refusal(mine_, "SELECT 1"), "28P01");
    expect_usable();
}

TEST_F(EnvironmentUnderSiege, is_protected_and_unprotected) {
    expect_in_time(
        [&](auto& manager) {
            auto done = manager.protect(wish(name_), environment::Protection::on,
                                        Execution::carry_out, soon());
            return done ? manager.protect(wish(name_), environment::Protection::off,
                                          Execution::carry_out, soon())
                        : done;
        },
        {}, 2);
    expect_usable();
}

TEST_F(EnvironmentUnderSiege, is_repaired) {
    const auto harm = [&] {
        support::execute(root(),
                         fmt::format("GRANT CONNECT ON DATABASE {} TO PUBLIC", my_database_));
        support::execute(root(), fmt::format("ALTER ROLE {} CONNECTION LIMIT 7", my_role_));
    };
    harm();
    expect_in_time(
        [&](auto& manager) { return manager.repair(wish(name_), Execution::carry_out, soon()); },
        harm);
    expect_usable();
}

TEST_F(EnvironmentUnderSiege, is_finished_when_its_delete_died) {
    expect_in_time(
        [&](auto& manager) -> base::Result<Answer> {
            BASE_TRY_ASSIGN(auto reports, manager.finish_pending(soon()));
            for (auto& report : reports) BASE_TRY(report.result);
            return Answer{};
        },
        [&] {
            renew();
            EXPECT_FALSE(remove(name_, 1));
            wait_for_the_dead();
        });
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::absent);
}

TEST_F(EnvironmentUnderSiege, is_removed_by_a_sweep) {
    expect_in_time(
        [&](auto& manager) -> base::Result<Answer> {
            BASE_TRY_ASSIGN(const auto report, manager.sweep({project(), std::nullopt, {}},
                                                             Execution::carry_out, soon()));
            EXPECT_FALSE(report.has_left());
            return Answer{};
        },
        [&] {
            renew();
            support::execute(root("reviewdb"),
                             fmt::format("UPDATE registry.environment SET expires_at = now() - "
                                         "interval '1 hour' WHERE name = '{}'",
                                         name_));
        });
    EXPECT_EQ(must(remove(name_)).outcome, Outcome::absent);
    empty_trash();
}

TEST_F(EnvironmentUnderSiege, is_released) {
    expect_in_time(
        [&](auto& manager) { return manager.release(wish(name_), Execution::carry_out, soon()); },
        [&] {
            drop_released();
            renew();
        });
    drop_released();
}

TEST_F(EnvironmentUnderSiege, does_not_keep_its_neighbor_from_being_reset_and_deleted) {
    expect_in_time(
        [&](auto& manager) {
            auto done = manager.reset(wish(their_name_), Execution::carry_out, soon());
            auto gone = wish(their_name_);
            gone.purges = true;
            return done ? manager.remove(gone, Execution::carry_out, soon()) : done;
        },
        [&] {
            const auto theirs = must(create(their_name_));
            their_role_ = theirs.description->role;
            their_database_ = theirs.description->database;
        },
        2);
    expect_usable();
}

TEST_F(EnvironmentUnderSiege, does_not_keep_a_template_from_being_made_of_it) {
    expect_in_time([&](auto& manager) -> base::Result<Answer> {
        return in_a_process_of_two(std::nullopt, [&](auto& one, auto& beside) {
            static_cast<void>(manager);
            const environment::TemplateWish made{
                {project(), "copy"}, "a test", "{}", support::unique_name()};
            const environment::Filler nothing = [](const auto&, const auto&, base::Deadline)
                -> base::Result<std::vector<std::string>> { return std::vector<std::string>(); };
            return one.make_template_from({project(), wish(name_).name}, made, nothing, beside,
                                          Execution::carry_out, soon());
        });
    });
    expect_usable();
    must(in_a_process(std::nullopt, [&](auto& manager) {
        return manager.forget_template({project(), "copy"}, Execution::carry_out, soon());
    }));
    must(in_a_process(std::nullopt, [&](auto& manager) { return manager.finish_pending(soon()); }));
}

}  // namespace
