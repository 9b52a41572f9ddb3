// SPDX-License-Identifier: Apache-2.0
//
// The world changes between the look and the step: another database takes the recorded name, the
// stamp goes, a row moves on, another worker takes the work over. The step notices by itself, and
// what does not belong to the environment is left as it is.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <functional>
#include <vector>

#include "support/environment_test.h"
#include "support/must.h"
#include "support/sql.h"

namespace {

using environment::Execution;
using environment::Outcome;
using environment::StepKind;
using support::ask;
using support::execute;
using support::must;
using support::refusal;
using support::soon;

class ChangedWorld : public support::EnvironmentTest {
   protected:
    // Does the deed, and changes the world once, just before the first step of that kind.
    template <typename Deed>
    auto with_change(StepKind kind, const std::function<void()>& change, const Deed& deed) {
        steps_.clear();
        return in_a_process(std::nullopt, deed, [&](const environment::Step& step) {
            steps_.push_back(step.kind);
            if (step.kind == kind && std::ranges::count(steps_, kind) == 1) change();
        });
    }
    int times(StepKind kind) const { return static_cast<int>(std::ranges::count(steps_, kind)); }
    environment::Wish wish(bool purges = false) const {
        environment::Wish made{project(), must(environment::Name::parse(name_)), {}, "test"};
        made.purges = purges;
        return made;
    }
    static std::string value_of(const std::string& database, const std::string& column) {
        return ask(root(), fmt::format("SELECT ({})::text AS value FROM pg_database d WHERE "
                                       "datname = '{}'",
                                       column, database));
    }
    enum class Stamp { same, none };
    // A stranger's database takes the name; the real one is put aside. What was only just built is
    // told by its stamp alone.
    static void replace(const std::string& database, Stamp kind = Stamp::same) {
        const auto stamp = kind == Stamp::same
                               ? value_of(database, "shobj_description(d.oid, 'pg_database')")
                               : std::string("production");
        const auto limit = value_of(database, "datallowconn");
        execute(root(), fmt::format("ALTER DATABASE {0} RENAME TO {0}_real", database));
        execute(root(),
                fmt::format("CREATE DATABASE {} OWNER reviewdb_manager ALLOW_CONNECTIONS {}",
                            database, limit));
        execute(root(), fmt::format("COMMENT ON DATABASE {} IS '{}'", database, stamp));
    }
    // The stranger's is still there under that name, and the real one comes back.
    static void expect_untouched(const std::string& database, const std::string& open) {
        EXPECT_EQ(value_of(database, "datallowconn"), open);
        execute(root(), "DROP DATABASE " + database);
        execute(root(), fmt::format("ALTER DATABASE {0}_real RENAME TO {0}", database));
    }
    static void expect_another(const base::Error& error) {
        EXPECT_EQ(error.kind, base::ErrorKind::conflict) << error.message;
        EXPECT_THAT(error.message, testing::HasSubstr("not the one that the registry recorded"));
    }
    std::string database() const {
        return ask(root("reviewdb"),
                   fmt::format("SELECT i.database AS value FROM registry.environment e JOIN "
                               "registry.instance i ON i.id = e.instance WHERE e.name = '{}' AND "
                               "e.state <> 'gone'",
                               name_));
    }
    std::string next_database() const {
        return ask(root("reviewdb"),
                   fmt::format("SELECT i.database AS value FROM registry.environment e JOIN "
                               "registry.instance i ON i.id = e.next_instance WHERE e.name = '{}' "
                               "AND e.state <> 'gone'",
                               name_));
    }
    auto removing(bool purges) const {
        return [this, purges](auto& manager) {
            return manager.remove(wish(purges), Execution::carry_out, soon());
        };
    }

    std::vector<StepKind> steps_;
};

TEST_F(ChangedWorld, another_database_is_not_closed) {
    must(create(name_));
    const auto mine = database();
    const auto removed = with_change(
        StepKind::close_database, [&] { replace(mine); }, removing(true));
    ASSERT_FALSE(removed);
    expect_another(removed.error());
    expect_untouched(mine, "true");
    remove_all(name_);
}

TEST_F(ChangedWorld, a_database_without_its_stamp_is_not_closed) {
    must(create(name_));
    const auto mine = database();
    const auto stamp = value_of(mine, "shobj_description(d.oid, 'pg_database')");
    const auto removed = with_change(
        StepKind::close_database,
        [&] { execute(root(), fmt::format("COMMENT ON DATABASE {} IS 'production'", mine)); },
        removing(true));
    ASSERT_FALSE(removed);
    expect_another(removed.error());
    EXPECT_EQ(value_of(mine, "datallowconn"), "true");
    execute(root(), fmt::format("COMMENT ON DATABASE {} IS '{}'", mine, stamp));
    remove_all(name_);
}

TEST_F(ChangedWorld, another_database_is_not_renamed_to_be_dropped_or_kept) {
    for (const bool purges : {true, false}) {
        SCOPED_TRACE(purges);
        must(create(name_));
        const auto mine = database();
        const auto removed = with_change(
            purges ? StepKind::bury : StepKind::trash, [&] { replace(mine); }, removing(purges));
        ASSERT_FALSE(removed);
        expect_another(removed.error());
        expect_untouched(mine, "false");
        remove_all(name_);
    }
}

TEST_F(ChangedWorld, another_database_does_not_get_the_name_of_an_environment) {
    std::string built;
    const environment::CreateWish made{project(), wish().name, {}, {}, std::nullopt};
    const auto created = with_change(
        StepKind::claim,
        [&] {
            built = database();
            replace(built, Stamp::none);
        },
        [&](auto& manager) { return manager.create(made, Execution::carry_out, soon()); });
    ASSERT_FALSE(created);
    expect_another(created.error());
    expect_untouched(built, "true");
    must(create(name_));
    remove_all(name_);
}

TEST_F(ChangedWorld, a_reset_swaps_neither_another_old_nor_another_new_database) {
    for (const bool is_old : {true, false}) {
        SCOPED_TRACE(is_old);
        must(create(name_));
        std::string replaced;
        std::string open;
        const auto done = with_change(
            StepKind::swap,
            [&] {
                replaced = is_old ? database() : next_database();
                open = value_of(replaced, "datallowconn");
                replace(replaced, is_old ? Stamp::same : Stamp::none);
            },
            [&](auto& manager) { return manager.reset(wish(), Execution::carry_out, soon()); });
        ASSERT_FALSE(done);
        EXPECT_THAT(done.error().message, testing::HasSubstr("not the one that"));
        execute(root(), "DROP DATABASE " + replaced);
        execute(root(), fmt::format("ALTER DATABASE {0}_real RENAME TO {0}", replaced));
        EXPECT_EQ(refusal(login(must(create(name_))), "SELECT 1"), "");
        remove_all(name_);
    }
}

TEST_F(ChangedWorld, what_is_no_longer_in_the_trash_is_not_restored) {
    must(create(name_));
    must(in_a_process(std::nullopt, removing(false)));
    const environment::TrashFilter newest{project(), wish().name, {}};
    const auto restored = with_change(
        StepKind::restore,
        [&] {
            execute(root("reviewdb"),
                    "UPDATE registry.instance SET state = 'dropping' WHERE state = 'trashed' AND "
                    "project = 'life'");
        },
        [&](auto& manager) {
            return manager.restore(wish(), newest, Execution::carry_out, soon());
        });
    ASSERT_FALSE(restored);
    EXPECT_EQ(restored.error().kind, base::ErrorKind::not_found) << restored.error().message;
    EXPECT_EQ(ask(root("reviewdb"),
                  "SELECT count(*)::text AS value FROM registry.environment "
                  "WHERE project = 'life' AND state <> 'gone'"),
              "0");
    must(in_a_process(std::nullopt, [](auto& manager) { return manager.finish_pending(soon()); }));
    expect_nothing_left();
}

// Who takes the work over raises the epoch; a worker that wakes up later looks again.
TEST_F(ChangedWorld, a_worker_that_was_overtaken_changes_no_password) {
    must(create(name_));
    std::string version;
    const auto version_now = [&] {
        return ask(root("reviewdb"),
                   fmt::format("SELECT r.password_version::text AS value FROM registry.role r JOIN "
                               "registry.environment e ON e.role = r.id WHERE e.name = '{}'",
                               name_));
    };
    const auto rotated = with_change(
        StepKind::rotate_password,
        [&] {
            execute(root("reviewdb"),
                    fmt::format("UPDATE registry.environment SET epoch = epoch + 1 WHERE name = "
                                "'{}'",
                                name_));
            version = version_now();
        },
        [&](auto& manager) {
            return manager.rotate(wish(), environment::Sessions::leave, Execution::carry_out,
                                  soon());
        });
    EXPECT_EQ(must(rotated).outcome, Outcome::rotated);
    EXPECT_EQ(times(StepKind::rotate_password), 2);
    EXPECT_EQ(version_now(), std::to_string(std::stoi(version) + 1));
    remove_all(name_);
}

TEST_F(ChangedWorld, a_manager_that_lives_on_lets_go_of_the_lock) {
    in_a_process(std::nullopt, [&](auto& manager) {
        const environment::CreateWish made{project(), wish().name, {}, {}, std::nullopt};
        must(manager.create(made, Execution::carry_out, soon()));
        const auto removed = in_a_process(std::nullopt, [&](auto& another) {
            return another.remove(wish(true), Execution::carry_out,
                                  base::Deadline::after(std::chrono::seconds(10)));
        });
        EXPECT_TRUE(removed) << removed.error().message;
        return 0;
    });
    expect_nothing_left();
}

TEST_F(ChangedWorld, an_older_delete_leaves_the_newer_as_the_last) {
    using std::chrono::system_clock;
    const auto now = system_clock::now();
    for (const auto ago : {std::chrono::hours(1), std::chrono::hours(3)}) {
        auto gone = wish();
        gone.event_at = now - ago;
        EXPECT_EQ(must(in_a_process(std::nullopt,
                                    [&](auto& manager) {
                                        return manager.remove(gone, Execution::carry_out, soon());
                                    }))
                      .outcome,
                  Outcome::absent);
    }
    EXPECT_EQ(ask(root("reviewdb"),
                  fmt::format("SELECT count(*)::text AS value FROM registry.environment WHERE name "
                              "= '{}'",
                              name_)),
              "1");
}

TEST_F(ChangedWorld, an_interrupted_rotation_of_all_goes_on_where_it_ended) {
    const auto other = support::unique_name();
    must(create(name_));
    must(create(other));
    base::Log log{base::LogLevel::error, base::LogFormat::text};
    server::LiveServer live(support::prepared_operator(), "reviewdb/test", log);
    EXPECT_EQ(must(live.begin_rotation(project(), soon())).size(), 2U);
    must(in_a_process(std::nullopt, [&](auto& manager) {
        return manager.rotate(wish(), environment::Sessions::leave, Execution::carry_out, soon());
    }));
    const auto due = must(live.begin_rotation(project(), soon()));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].name.text(), other);
    must(live.end_rotation(project(), soon()));
    EXPECT_EQ(must(live.begin_rotation(project(), soon())).size(), 2U);
    must(live.end_rotation(project(), soon()));
    must(remove(other));
    remove_all(name_);
}

}  // namespace
