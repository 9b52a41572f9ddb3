// SPDX-License-Identifier: Apache-2.0
//
// Into the trash and out of it on a real server: with the same URL and password, at every moment,
// stopped after every step, and with the name taken again.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/environment_test.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/stride.h"

namespace {

using base::ErrorKind;
using environment::Answer;
using environment::Execution;
using environment::Name;
using environment::Outcome;
using environment::TrashFilter;
using support::ask;
using support::must;
using support::refusal;
using support::soon;
using testing::HasSubstr;

class TrashTest : public support::EnvironmentTest {
   protected:
    void TearDown() override {
        if (IsSkipped()) return;
        in_a_process(std::nullopt, [&](auto& manager) {
            environment::ListFilter filter;
            filter.project = project();
            for (const auto& one : must(manager.list(filter, soon()))) {
                must(EnvironmentTest::remove(one.environment.name));
            }
            return 0;
        });
        empty_trash();
        expect_nothing_left();
    }

    // Into the trash.
    base::Result<Answer> remove(const std::string& name,
                                std::optional<int> steps = std::nullopt) const {
        return in_a_process(steps, [&](auto& manager) {
            return manager.remove({project(), must(Name::parse(name)), {}, "test"},
                                  Execution::carry_out, soon());
        });
    }
    base::Result<Answer> restore(const std::string& from, const std::string& as,
                                 std::optional<int> steps = std::nullopt) const {
        return in_a_process(steps, [&](auto& manager) {
            return manager.restore({project(), must(Name::parse(as)), {}, "test"},
                                   {project(), must(Name::parse(from)), {}}, Execution::carry_out,
                                   soon());
        });
    }
    base::Result<Answer> restore(std::optional<int> steps = std::nullopt) const {
        return restore(name_, name_, steps);
    }
    base::Result<Answer> reset() const {
        return in_a_process(std::nullopt, [&](auto& manager) {
            return manager.reset({project(), must(Name::parse(name_)), {}, "test"},
                                 Execution::carry_out, soon());
        });
    }
    std::vector<environment::Trashed> trash() const {
        return in_a_process(std::nullopt, [&](auto& manager) {
            return must(manager.trash({project(), std::nullopt, {}}, soon()));
        });
    }

    pg::ConnectionInfo make_with_data(const std::string& what = "kept") {
        const auto made = must(create(name_));
        EXPECT_EQ(refusal(login(made), fmt::format("CREATE TABLE {0} AS SELECT 1 AS {0}", what)),
                  "");
        return login(made);
    }
};

TEST_F(TrashTest, brings_back_the_data_under_the_same_url_and_password) {
    const auto mine = make_with_data();
    must(remove(name_));
    EXPECT_NE(refusal(mine, "SELECT 1"), "");
    ASSERT_EQ(trash().size(), 1);
    EXPECT_EQ(trash()[0].former->name, name_);
    EXPECT_TRUE(trash()[0].is_there);
    EXPECT_GT(trash()[0].size_bytes.value_or(0), 1'000'000);
    const auto back = must(restore());
    EXPECT_EQ(back.outcome, Outcome::restored);
    EXPECT_EQ(refusal(mine, "SELECT * FROM kept"), "");
    EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    EXPECT_TRUE(trash().empty());
}

TEST_F(TrashTest, restores_under_another_name_while_its_own_is_taken) {
    const auto mine = make_with_data();
    must(remove(name_));
    const auto anew = must(create(name_));
    EXPECT_EQ(anew.outcome, Outcome::created);
    const auto refused = restore();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_THAT(refused.error().hint, HasSubstr("--as"));
    const auto other = name_ + "_back";
    const auto back = must(restore(name_, other));
    EXPECT_EQ(refusal(mine.with("dbname", back.description->database), "SELECT * FROM kept"), "");
    EXPECT_NE(refusal(login(anew), "SELECT * FROM kept"), "");
    EXPECT_NE(back.description->role, anew.description->role);
}

TEST_F(TrashTest, brings_back_what_a_reset_replaced) {
    const auto mine = make_with_data("first");
    must(reset());
    EXPECT_NE(refusal(mine, "SELECT * FROM first"), "");
    EXPECT_EQ(refusal(mine, "CREATE TABLE second (id int)"), "");
    must(restore());
    EXPECT_EQ(refusal(mine, "SELECT * FROM first"), "");
    // And what it had then.
    must(restore());
    EXPECT_EQ(refusal(mine, "SELECT * FROM second"), "");
    // Its role serves it, so that no other environment can have the former data.
    const auto refused = restore(name_, name_ + "_other");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().hint, HasSubstr("restore " + name_));
}

TEST_F(TrashTest, keeps_the_newest_of_one_name_and_what_its_resets_left) {
    make_with_data("first");
    must(reset());
    must(remove(name_));
    make_with_data("third");
    must(remove(name_));
    ASSERT_EQ(trash().size(), 3);
    EXPECT_TRUE(trash()[2].by_reset);
    const auto back = must(restore());
    EXPECT_EQ(refusal(login(back), "SELECT * FROM third"), "");
}

TEST_F(TrashTest, survives_the_death_of_a_delete_at_every_step) {
    for (int steps = 0;; steps += support::every_day(2)) {
        const auto mine = make_with_data();
        if (remove(name_, steps)) break;
        wait_for_the_dead();
        const auto again = must(remove(name_));
        EXPECT_TRUE(again.outcome == Outcome::deleted || again.outcome == Outcome::absent);
        ASSERT_EQ(trash().size(), 1) << steps;
        must(restore());
        EXPECT_EQ(refusal(mine, "SELECT * FROM kept"), "") << steps;
        EXPECT_EQ(refusal(mine, "DROP TABLE kept"), "");
        ASSERT_LT(steps, 20);
    }
    must(restore());
}

TEST_F(TrashTest, survives_the_death_of_a_restore_at_every_step) {
    const auto mine = make_with_data();
    for (int steps = 1;; steps += support::every_day(2)) {
        must(remove(name_));
        const bool done = restore(steps).has_value();
        if (!done) {
            wait_for_the_dead();
            const auto again = restore();
            ASSERT_TRUE(again) << steps << again.error().message;
        }
        EXPECT_EQ(refusal(mine, "SELECT * FROM kept"), "") << steps;
        EXPECT_TRUE(trash().empty()) << steps;
        if (done) break;
        ASSERT_LT(steps, 20);
    }
}

TEST_F(TrashTest, finishes_a_removal_as_it_was_begun_when_a_create_comes) {
    const auto mine = make_with_data();
    ASSERT_FALSE(remove(name_, 2));
    wait_for_the_dead();
    EXPECT_EQ(must(create(name_)).outcome, Outcome::created);
    ASSERT_EQ(trash().size(), 1);
    const auto back = must(restore(name_, name_ + "_back"));
    EXPECT_EQ(refusal(mine.with("dbname", back.description->database), "SELECT * FROM kept"), "");
}

TEST_F(TrashTest, drops_it_for_good_after_its_time_and_then_says_so) {
    make_with_data();
    must(remove(name_));
    support::execute(root("reviewdb"),
                     "UPDATE registry.instance SET keep_until = now() - interval '1 second' "
                     "WHERE state = 'trashed'");
    must(remove("nobody"));  // whoever has a moment clears up
    EXPECT_TRUE(trash().empty());
    const auto refused = restore();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::not_found);
    expect_nothing_left();
    EXPECT_EQ(
        ask(root("reviewdb"), fmt::format("SELECT string_agg(event, ' ' ORDER BY id) AS value FROM "
                                          "registry.history WHERE name = '{}'",
                                          name_)),
        "created deleted purged");
}

TEST_F(TrashTest, is_emptied_at_once_by_who_says_so) {
    make_with_data();
    must(remove(name_));
    const auto gone = in_a_process(std::nullopt, [&](auto& manager) {
        return must(manager.empty_trash({project(), must(Name::parse(name_)), {}},
                                        "nobody needs it", Execution::carry_out, soon()));
    });
    EXPECT_EQ(gone.size(), 1);
    expect_nothing_left();
    EXPECT_EQ(ask(root("reviewdb"), fmt::format("SELECT reason AS value FROM registry.history "
                                                "WHERE name = '{}' AND event = 'purged'",
                                                name_)),
              "nobody needs it");
}

TEST_F(TrashTest, is_restored_once_by_twenty_at_once_while_others_clear_up) {
    const auto mine = make_with_data();
    must(remove(name_));
    std::vector<std::thread> threads;
    std::atomic<int> restored = 0;
    for (int i = 0; i < 20; ++i) {
        threads.emplace_back([&, i] {
            if (i % 4 == 0) {
                (void)remove("nobody");
            } else if (restore()) {
                ++restored;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_GE(restored, 1);
    EXPECT_EQ(refusal(mine, "SELECT * FROM kept"), "");
    EXPECT_TRUE(trash().empty());
}

TEST_F(TrashTest, never_keeps_or_restores_what_only_carries_a_name_like_it) {
    make_with_data();
    must(remove(name_));
    const auto its = trash().at(0).instance.database;
    // Somebody puts another database in its place.
    support::execute(root(), fmt::format("ALTER DATABASE {} RENAME TO put_aside", its));
    support::execute(root(), fmt::format("CREATE DATABASE {}", its));
    EXPECT_FALSE(trash().at(0).is_there);
    const auto refused = restore();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::not_found);
    support::execute(root(), fmt::format("DROP DATABASE {}", its));
    support::execute(root(), fmt::format("ALTER DATABASE put_aside RENAME TO {}", its));
    must(restore());
}

}  // namespace
