// SPDX-License-Identifier: Apache-2.0
//
// Resets that take what was built ahead, and those that clone.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "supply_fixture.h"
#include "support/must.h"
#include "support/sql.h"
#include "support/stride.h"

namespace {

using environment::Answer;
using environment::Outcome;
using support::ask;
using support::execute;
using support::must;
using support::refusal;

// An application's objects of several kinds.
constexpr const char* k_objects =
    "DO $do$ BEGIN "
    "CREATE TABLE fruit (id serial PRIMARY KEY, name text); "
    "INSERT INTO fruit (name) VALUES ('apple'); "
    "CREATE VIEW ripe AS SELECT * FROM fruit; "
    "CREATE TYPE colour AS ENUM ('red'); "
    "CREATE SCHEMA garden; CREATE TABLE garden.bed (id integer); "
    "CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'; "
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; "
    "PERFORM lo_create(0); END $do$";

class SupplyResetTest : public SupplyTest {
   protected:
    Answer made_from_data(int in_pool) const {
        must(make_template("data", k_objects));
        set_pool("data", in_pool);
        must(fill());
        return must(create_from(name_, "data"));
    }
    // Everything in it is the role's, and it can be changed.
    static void expect_all_its_own(const pg::ConnectionInfo& url) {
        EXPECT_EQ(ask(url,
                      "SELECT coalesce(string_agg(DISTINCT pg_describe_object(classid, objid, 0), "
                      "', '), '') AS value FROM pg_shdepend WHERE refclassid = "
                      "'pg_authid'::regclass AND refobjid <> current_user::regrole AND dbid = "
                      "(SELECT oid FROM pg_database WHERE datname = current_database())"),
                  "");
        EXPECT_EQ(ask(url, "SELECT name AS value FROM ripe"), "apple");
        for (const auto* sql :
             {"ALTER TABLE fruit ADD COLUMN ripe boolean", "DROP FUNCTION one()",
              "ALTER TYPE colour ADD VALUE 'blue'", "DROP SCHEMA garden CASCADE", "DROP VIEW ripe",
              "SELECT lo_unlink(oid) FROM pg_largeobject_metadata",
              "CREATE TABLE more (id integer)", "DROP TABLE fruit"}) {
            EXPECT_EQ(refusal(url, sql), "") << sql;
        }
    }
};

TEST_F(SupplyResetTest, takes_what_was_built_ahead_and_keeps_the_url) {
    const auto made = made_from_data(2);
    execute(login(made), "DROP TABLE fruit CASCADE");
    const auto fresh = must(reset(name_));
    EXPECT_EQ(fresh.outcome, Outcome::reset);
    EXPECT_TRUE(fresh.warm);
    EXPECT_EQ(login(fresh).to_uri().reveal(), login(made).to_uri().reveal());
    EXPECT_EQ(fresh.description->role, made.description->role);
    EXPECT_EQ(warm("data"), 0);
    expect_all_its_own(login(made));
    EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    expect_agreement();
    EXPECT_EQ(must(fill()).built, 2);
    EXPECT_TRUE(must(reset(name_)).warm);
    expect_all_its_own(login(made));
    expect_agreement();
}

TEST_F(SupplyResetTest, builds_where_nothing_was_built_ahead) {
    const auto made = made_from_data(1);
    const auto fresh = must(reset(name_));
    EXPECT_FALSE(fresh.warm);
    EXPECT_EQ(login(fresh).to_uri().reveal(), login(made).to_uri().reveal());
    expect_all_its_own(login(made));
    expect_agreement();
}

TEST_F(SupplyResetTest, to_another_template_gives_its_data_and_remembers_it) {
    const auto made = must(create(name_));
    must(make_template("data", k_objects));
    EXPECT_EQ(must(reset(name_, "data")).description->database_template, "data");
    expect_all_its_own(login(made));
    EXPECT_EQ(must(reset(name_)).description->database_template, "data");
    expect_all_its_own(login(made));
    EXPECT_EQ(must(reset(name_, "empty")).description->database_template, "empty");
    EXPECT_EQ(refusal(login(made), "SELECT * FROM fruit"), "42P01");
    EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
    expect_agreement();
}

TEST_F(SupplyResetTest, that_died_after_any_step_goes_on_or_is_taken_back) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    const auto made = made_from_data(2);
    int steps = 0;
    bool repairs = false;
    for (;; steps += support::every_day(2)) {
        SCOPED_TRACE(steps);
        must(fill());
        execute(login(made), "CREATE TABLE mark (id integer)");
        const bool finished = reset(name_, {}, steps).has_value();
        wait_for_the_dead();
        repairs = !repairs;
        if (!finished && repairs) {
            const auto repaired = must(repair(name_));
            EXPECT_EQ(login(repaired).to_uri().reveal(), login(made).to_uri().reveal());
            EXPECT_EQ(refusal(login(made), "SELECT * FROM mark"), "");
        }
        EXPECT_EQ(must(reset(name_)).outcome, Outcome::reset);
        EXPECT_EQ(refusal(login(made), "SELECT * FROM mark"), "42P01");
        EXPECT_EQ(must(create(name_)).outcome, Outcome::unchanged);
        expect_agreement();
        if (finished || HasFailure()) break;
    }
    EXPECT_GE(steps, 9);
    expect_all_its_own(login(made));
}

TEST_F(SupplyResetTest, goes_on_in_spite_of_sessions_that_end_at_any_step) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    const auto made = made_from_data(2);
    using environment::StepKind;
    for (const auto kind : {StepKind::take_warm, StepKind::record_reset, StepKind::secure_database,
                            StepKind::hand_over, StepKind::dismiss_owner, StepKind::close_database,
                            StepKind::end_sessions, StepKind::swap}) {
        SCOPED_TRACE(to_text(kind));
        must(fill());
        int ended = 0;
        const auto fresh = must(reset(name_, {}, std::nullopt, [&](const auto& step) {
            if (step.kind == kind && ended++ == 0) end_our_sessions();
        }));
        EXPECT_GE(ended, 1);
        EXPECT_EQ(fresh.outcome, Outcome::reset);
        EXPECT_EQ(refusal(login(made), "SELECT * FROM fruit"), "");
        expect_agreement();
    }
}

}  // namespace
