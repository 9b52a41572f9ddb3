// SPDX-License-Identifier: Apache-2.0
//
// Templates on a real server: made, refreshed beside the one in service, forgotten.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "server/extension.h"
#include "supply_fixture.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/stride.h"

namespace {

using environment::Answer;
using environment::Outcome;
using environment::StepKind;
using support::ask;
using support::execute;
using support::must;
using support::refusal;

class SupplyTemplateTest : public SupplyTest {
   protected:
    base::Result<Answer> make(const std::string& fruit, std::optional<int> steps = std::nullopt,
                              OnStep on_step = {}) const {
        return make_template("data",
                             fmt::format("CREATE TABLE fruit AS SELECT '{}' AS name", fruit), steps,
                             std::move(on_step));
    }
    static std::string fruit_of(const Answer& answer) {
        return ask(login(answer), "SELECT name AS value FROM fruit");
    }
    std::string fruit_of_a_new_one() const {
        return fruit_of(must(create_from(support::unique_name(), "data")));
    }
    static std::string versions() {
        return ask(root(),
                   "SELECT count(*)::text AS value FROM pg_database WHERE datname ~ "
                   "'^reviewdb_t_'");
    }
    static std::string state_of_template() {
        return ask(root("reviewdb"),
                   "SELECT coalesce(string_agg(state, ' '), 'none') AS value FROM "
                   "registry.template WHERE state <> 'gone'");
    }
};

TEST_F(SupplyTemplateTest, is_made_once_from_the_same_and_locked) {
    EXPECT_EQ(must(make("apple")).outcome, Outcome::created);
    EXPECT_EQ(must(make("apple")).outcome, Outcome::unchanged);
    EXPECT_EQ(versions(), "1");
    const auto version = ask(root(),
                             "SELECT datname AS value FROM pg_database WHERE datistemplate AND "
                             "NOT datallowconn AND datname ~ '^reviewdb_t_'");
    EXPECT_NE(refusal(root(version), "SELECT 1"), "");
    EXPECT_EQ(ask(root("reviewdb"),
                  "SELECT l.rolcanlogin::text AS value FROM registry.template t "
                  "JOIN registry.instance i ON i.id = t.instance JOIN "
                  "registry.role r ON r.id = i.role JOIN pg_roles l ON "
                  "l.rolname = r.name WHERE t.state = 'ready'"),
              "false");
    EXPECT_EQ(ask(root(),
                  "SELECT count(*)::text AS value FROM pg_authid WHERE rolpassword IS NOT "
                  "NULL AND NOT rolcanlogin"),
              "0");
    EXPECT_EQ(fruit_of_a_new_one(), "apple");
    expect_agreement();
}

TEST_F(SupplyTemplateTest, is_refreshed_beside_the_one_in_service) {
    must(make("apple"));
    const auto old = must(create_from(name_, "data"));
    EXPECT_EQ(must(make("pear")).outcome, Outcome::refreshed);
    EXPECT_EQ(fruit_of_a_new_one(), "pear");
    EXPECT_EQ(fruit_of(old), "apple");
    EXPECT_EQ(versions(), "1");
    EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    expect_agreement();
    must(reset(name_));
    EXPECT_EQ(fruit_of(old), "pear");
}

TEST_F(SupplyTemplateTest, that_cannot_be_filled_leaves_the_old_one_in_service_and_nothing_over) {
    EXPECT_FALSE(make_template("data", "SELECT 1/0"));
    EXPECT_EQ(state_of_template(), "none");
    expect_agreement();
    EXPECT_EQ(versions(), "0");
    must(make("apple"));
    const auto failed = make_template("data", "SELECT 1/0");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().sqlstate, "22012");
    EXPECT_EQ(state_of_template(), "ready");
    EXPECT_EQ(fruit_of_a_new_one(), "apple");
    EXPECT_EQ(disagreement(), "");
}

// Puts it into the empty template, and takes it out again: all tests share the server.
class OfAnAdministrator {
   public:
    OfAnAdministrator() {
        base::Log log(base::LogLevel::warning, base::LogFormat::text);
        const auto deadline = base::Deadline::after(std::chrono::seconds(60));
        first_ = must(server::make_extensions(superuser(), {"pageinspect"}, deadline, log));
        again_ = must(server::make_extensions(superuser(), {"pageinspect"}, deadline, log));
    }
    OfAnAdministrator(const OfAnAdministrator&) = delete;
    OfAnAdministrator& operator=(const OfAnAdministrator&) = delete;
    ~OfAnAdministrator() {
        const auto let_in = [](const char* whether) {
            execute(
                superuser(),
                fmt::format("ALTER DATABASE reviewdb_template_0 ALLOW_CONNECTIONS {}", whether));
        };
        let_in("true");
        execute(superuser("reviewdb_template_0"), "DROP EXTENSION pageinspect");
        let_in("false");
    }
    const std::vector<std::string>& first() const { return first_; }
    const std::vector<std::string>& again() const { return again_; }

   private:
    static pg::ConnectionInfo superuser(const std::string& database = "postgres") {
        return support::shared_cluster().superuser(database);
    }

    std::vector<std::string> first_;
    std::vector<std::string> again_;
};

TEST_F(SupplyTemplateTest, may_have_an_extension_of_an_administrator) {
    {
        const OfAnAdministrator extension;
        EXPECT_EQ(extension.first(), std::vector<std::string>{"pageinspect"});
        EXPECT_TRUE(extension.again().empty());
        EXPECT_EQ(refusal(root("reviewdb_template_0"), "SELECT 1"), "55000");
        must(make_template("data", "CREATE EXTENSION IF NOT EXISTS pageinspect"));
    }
    const auto clone = must(create_from(name_, "data"));
    EXPECT_EQ(ask(login(clone),
                  "SELECT rolsuper::text AS value FROM pg_extension JOIN pg_roles ON "
                  "pg_roles.oid = extowner WHERE extname = 'pageinspect'"),
              "true");
    EXPECT_EQ(refusal(login(clone), "CREATE TABLE mine (a int)"), "");
    expect_agreement();
}

TEST_F(SupplyTemplateTest, with_an_extension_that_the_policy_does_not_allow_is_refused) {
    set_policy("extensions", "citext");
    const auto refused = make_template("data", "CREATE EXTENSION pgcrypto");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::denied);
    EXPECT_NE(refused.error().message.find("pgcrypto"), std::string::npos);
    EXPECT_EQ(state_of_template(), "none");
    set_policy("extensions", "citext pgcrypto");
    must(make_template("data", "CREATE EXTENSION pgcrypto"));
    EXPECT_EQ(refusal(login(must(create_from(name_, "data"))), "SELECT gen_random_bytes(1)"), "");
    expect_agreement();
}

TEST_F(SupplyTemplateTest, that_died_at_any_step_leaves_the_old_one_in_service) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    must(make("apple"));
    int steps = 0;
    bool tidies = false;
    for (;; steps += support::every_day(2)) {
        SCOPED_TRACE(steps);
        const bool finished = make("pear", steps).has_value();
        wait_for_the_dead();
        EXPECT_EQ(fruit_of_a_new_one(), finished ? "pear" : "apple");
        if (finished || HasFailure()) break;
        // Either somebody tidies up, or the next refresh does.
        tidies = !tidies;
        if (tidies) finish_leftovers();
    }
    EXPECT_GE(steps, 9);
    expect_agreement();
    EXPECT_EQ(versions(), "1");
}

TEST_F(SupplyTemplateTest, is_made_in_spite_of_sessions_that_end_at_any_step) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    int round = 0;
    for (const auto kind :
         {StepKind::record_template, StepKind::create_role, StepKind::create_database,
          StepKind::secure_database, StepKind::hand_over, StepKind::freeze, StepKind::publish}) {
        SCOPED_TRACE(to_text(kind));
        const auto fruit = "fruit " + std::to_string(++round);
        int ended = 0;
        must(make(fruit, std::nullopt, [&](const auto& step) {
            if (step.kind == kind && ended++ == 0) end_our_sessions();
        }));
        EXPECT_GE(ended, 1);
        EXPECT_EQ(fruit_of_a_new_one(), fruit);
        expect_agreement();
    }
}

TEST_F(SupplyTemplateTest, is_made_by_two_at_once_one_after_the_other) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    std::optional<base::Result<Answer>> apple;
    std::optional<base::Result<Answer>> pear;
    std::thread one([&] { apple = make("apple"); });
    std::thread other([&] { pear = make("pear"); });
    one.join();
    other.join();
    ASSERT_TRUE(*apple) << apple->error().message;
    ASSERT_TRUE(*pear) << pear->error().message;
    EXPECT_NE((*apple)->outcome, (*pear)->outcome);
    EXPECT_EQ(fruit_of_a_new_one(), (*apple)->outcome == Outcome::refreshed ? "apple" : "pear");
    expect_agreement();
}

TEST_F(SupplyTemplateTest, is_refreshed_while_others_clone_it) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    must(make("apple"));
    std::atomic<bool> over = false;
    std::atomic<int> made = 0;
    std::vector<std::thread> cloners;
    for (int i = 0; i < 3; ++i) {
        cloners.emplace_back([&] {
            while (!over) {
                const auto name = support::unique_name();
                const auto answer = create_from(name, "data");
                EXPECT_TRUE(answer) << answer.error().message << answer.error().sqlstate;
                if (!answer) return;
                EXPECT_NE(fruit_of(*answer), "");
                ++made;
                EXPECT_TRUE(remove(name));
            }
        });
    }
    for (int i = 0; i < 4; ++i) {
        const auto refreshed = make("pear " + std::to_string(i));
        EXPECT_TRUE(refreshed) << refreshed.error().message;
    }
    over = true;
    for (auto& cloner : cloners) cloner.join();
    EXPECT_GT(made, 0);
    EXPECT_EQ(fruit_of_a_new_one(), "pear 3");
    expect_agreement();
    EXPECT_EQ(versions(), "1");
}

TEST_F(SupplyTemplateTest, keeps_its_lock_however_long_it_is_filled) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    const auto beats = [] {
        return ask(root(),
                   "SELECT coalesce(max(query_start)::text, '') AS value FROM pg_stat_activity "
                   "WHERE usename = 'reviewdb_operator' AND datname = 'reviewdb'");
    };
    const auto beats_again = [&] {
        const auto last = beats();
        const auto limit = base::Deadline::after(std::chrono::seconds(20));
        while (beats() == last && !limit.passed()) std::this_thread::yield();
        return beats() != last;
    };
    bool has_beaten = false;
    const environment::TemplateWish wish{{project(), "data"}, "a test", "{}", "one"};
    const environment::Filler slow = [&](const auto&, const auto&,
                                         base::Deadline) -> base::Result<std::vector<std::string>> {
        has_beaten = beats_again();
        return std::vector<std::string>{"slowly"};
    };
    const auto made = must(in_a_process(std::nullopt, [&](auto& manager) {
        return manager.make_template(wish, slow, environment::Execution::carry_out,
                                     support::soon());
    }));
    EXPECT_TRUE(has_beaten);
    EXPECT_EQ(made.remarks, std::vector<std::string>{"slowly"});
    expect_agreement();
}

TEST_F(SupplyTemplateTest, is_made_from_an_environment_which_stays_open_whenever_that_dies) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    const auto origin = must(create(name_));
    execute(login(origin), "CREATE TABLE fruit AS SELECT 'fig' AS name");
    const auto make_from = [&](std::optional<int> steps, const std::string& digest) {
        const environment::Subject subject{project(), must(environment::Name::parse(name_)), {}};
        environment::TemplateWish wish{{project(), "data"}, "an environment", "{}", digest};
        const environment::Filler nothing =
            [](const auto&, const auto&, base::Deadline) -> base::Result<std::vector<std::string>> {
            return std::vector<std::string>();
        };
        return in_a_process_of_two(steps, [&](auto& manager, auto& beside) {
            return manager.make_template_from(subject, wish, nothing, beside,
                                              environment::Execution::carry_out, support::soon());
        });
    };
    int steps = 0;
    for (;; steps += support::every_day(2)) {
        SCOPED_TRACE(steps);
        const auto digest = std::to_string(steps);
        const bool finished = make_from(steps, digest).has_value();
        wait_for_the_dead();
        must(make_from(std::nullopt, digest));
        EXPECT_EQ(fruit_of_a_new_one(), "fig");
        EXPECT_EQ(fruit_of(origin), "fig");
        EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
        expect_agreement();
        if (finished || HasFailure()) break;
    }
    EXPECT_GE(steps, 14);
}

TEST_F(SupplyTemplateTest, is_made_from_an_environment_that_people_use_again_once_it_is_copied) {
    const auto origin = must(create(name_));
    execute(login(origin), "CREATE TABLE fruit AS SELECT 'fig' AS name");
    const environment::Subject subject{project(), must(environment::Name::parse(name_)), {}};
    const environment::TemplateWish wish{{project(), "data"}, "an environment", "{}", "one"};
    const environment::Filler eats = [&](const auto&, const auto&,
                                         base::Deadline) -> base::Result<std::vector<std::string>> {
        execute(login(origin), "UPDATE fruit SET name = 'none'");
        EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
        return std::vector<std::string>();
    };
    const auto made = must(in_a_process_of_two(std::nullopt, [&](auto& manager, auto& beside) {
        return manager.make_template_from(subject, wish, eats, beside,
                                          environment::Execution::carry_out, support::soon());
    }));
    EXPECT_NE(made.steps.at(2).reason.find("MB"), std::string::npos) << made.steps.at(2).reason;
    EXPECT_EQ(fruit_of_a_new_one(), "fig");
    EXPECT_EQ(fruit_of(origin), "none");
    expect_agreement();
}

TEST_F(SupplyTemplateTest, that_is_forgotten_leaves_its_clones_and_nothing_else) {
    must(make("apple"));
    set_pool("data", 2);
    must(fill());
    const auto clone = must(create_from(name_, "data"));
    set_policy("template", "data");
    const auto refused = forget_template("data");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::conflict);
    set_policy("template", "empty");
    EXPECT_EQ(must(forget_template("data")).outcome, Outcome::deleted);
    EXPECT_EQ(must(forget_template("data")).outcome, Outcome::absent);
    expect_agreement();
    EXPECT_EQ(versions(), "0");
    EXPECT_EQ(pooled(), 0);
    EXPECT_EQ(fruit_of(clone), "apple");
    EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    const auto gone = create_from(support::unique_name(), "data");
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().kind, base::ErrorKind::not_found);
    // What is reset gets what the project is given by default.
    EXPECT_EQ(must(reset(name_)).description->database_template, "empty");
    must(remove(name_));
    EXPECT_EQ(must(make("pear")).outcome, Outcome::created);
    EXPECT_EQ(fruit_of_a_new_one(), "pear");
}

TEST_F(SupplyTemplateTest, is_forgotten_after_a_death_at_any_step) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    for (int steps = 0;; steps += support::every_day(2)) {
        SCOPED_TRACE(steps);
        must(make("apple"));
        set_pool("data", 1);
        must(fill());
        const bool finished = forget_template("data", steps).has_value();
        wait_for_the_dead();
        must(forget_template("data"));
        expect_agreement();
        EXPECT_EQ(versions(), "0");
        if (finished || HasFailure()) break;
    }
}

}  // namespace
