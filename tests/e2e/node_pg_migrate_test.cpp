// SPDX-License-Identifier: Apache-2.0
//
// node-pg-migrate on an environment. It was taken rather than knex because types, domains,
// triggers, views, policies and schemas are commands of its own there, which it can also undo; knex
// would be given the same SQL that a test can run without it. Its objects and its history each have
// a schema.
#include <chrono>
#include <future>

#include "e2e/tools_fixture.h"

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class NodePgMigrateTest : public e2e::ToolsTest {
   protected:
    NodePgMigrateTest() : ToolsTest("node-pg-migrate") {}

    static e2e::Words schemas() {
        return {"--schema",
                "shop",
                "--create-schema",
                "--migrations-schema",
                "history",
                "--create-migrations-schema",
                "--migrations-table",
                "done"};
    }
    base::Finished migrate(e2e::Words words) const {
        const auto schemas = NodePgMigrateTest::schemas();
        words.insert(words.end(), schemas.begin(), schemas.end());
        return run("node-pg-migrate", words);
    }
    // What it said; the test fails when it does.
    std::string output_of(const e2e::Words& words) const {
        const auto finished = migrate(words);
        EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
        return finished.out;
    }
    // All three migrations, and each kind of thing at work.
    void expect_migrated() const {
        EXPECT_EQ(ask("SELECT string_agg(name, ' ' ORDER BY id) AS value FROM history.done"),
                  "1_items 2_rules 3_index");
        EXPECT_EQ(count("pg_index WHERE indexrelid = 'shop.item_size'::regclass AND indisvalid"),
                  "1");
        EXPECT_EQ(count("pg_policies WHERE schemaname = 'shop' AND policyname = 'visible'"), "1");
        execute("INSERT INTO shop.item (size, amount) VALUES ('small', 1), ('large', 2)");
        execute("UPDATE shop.item SET amount = amount + 1");
        execute("REFRESH MATERIALIZED VIEW shop.total");
        EXPECT_EQ(ask("SELECT sum(changes)::text AS value FROM shop.item"), "2");
        EXPECT_EQ(ask("SELECT amount::text AS value FROM shop.total"), "5");
        EXPECT_EQ(count("shop.large"), "1");
        EXPECT_EQ(support::refusal(login(), "INSERT INTO shop.item (amount) VALUES (0)"), "23514");
    }
};

TEST_F(NodePgMigrateTest, GoesUpDownAndUpAgainAsTheRoleOfTheEnvironment) {
    output_of({"up"});
    expect_migrated();
    EXPECT_THAT(output_of({"up"}), HasSubstr("No migrations to run"));
    EXPECT_EQ(count("shop.item"), "2");

    output_of({"down"});
    EXPECT_EQ(count("history.done"), "2");
    EXPECT_EQ(ask("SELECT coalesce(to_regclass('shop.item_size')::text, '') AS value"), "");
    EXPECT_EQ(count("shop.item"), "2");
    output_of({"down", "2"});
    EXPECT_EQ(count("history.done"), "0");
    EXPECT_EQ(count("pg_class WHERE relnamespace = 'shop'::regnamespace"), "0");
    EXPECT_EQ(count("pg_type WHERE typnamespace = 'shop'::regnamespace"), "0");
    EXPECT_EQ(count("pg_proc WHERE pronamespace = 'shop'::regnamespace"), "0");

    output_of({"up"});
    expect_migrated();
    expect_whole_and_remove("shop.item", "2");
}

TEST_F(NodePgMigrateTest, RunsInACloneOnlyWhatTheTemplateDoesNotHaveYet) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    const auto of_the_branch = folder() / "migrations/3_index.js";
    const auto aside = home() / "3_index.js";
    std::filesystem::rename(of_the_branch, aside);
    std::string command = "npx node-pg-migrate up";
    for (const auto& word : schemas()) command += " " + word;
    begin_with(command, Built::ahead);
    EXPECT_EQ(count("history.done"), "2");
    std::filesystem::rename(aside, of_the_branch);

    EXPECT_THAT(output_of({"up"}), AllOf(HasSubstr("3_index"), Not(HasSubstr("2_rules"))));
    expect_migrated();
    output_of({"down", "3"});
    EXPECT_EQ(count("pg_class WHERE relnamespace = 'shop'::regnamespace"), "0");
    output_of({"up"});
    expect_migrated();
    expect_whole_and_remove("shop.item", "2");
    remove_template();
}

// It takes its lock or gives up: the second is refused while the first is at work, which a lock on
// the table that it wants to change prolongs.
TEST_F(NodePgMigrateTest, MigratesOnceWhenTwoGoUpAtOnce) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    output_of({"up", "1"});
    auto gate = support::connect(login());
    const auto soon = base::Deadline::after(std::chrono::seconds(60));
    support::must(gate.run({"BEGIN"}, soon));
    support::must(gate.run({"LOCK TABLE shop.item"}, soon));
    auto running = std::async(std::launch::async, [this] { return migrate({"up"}); });
    wait_for_waiters("relation", "1");
    const auto second = migrate({"up"});
    support::must(gate.run({"COMMIT"}, soon));
    const auto first = running.get();
    EXPECT_EQ(first.exit_code, 0) << first.out << first.err;
    EXPECT_EQ(second.exit_code, 1) << second.out << second.err;
    EXPECT_THAT(second.err, HasSubstr("already running"));
    EXPECT_THAT(output_of({"up"}), HasSubstr("No migrations to run"));
    expect_migrated();
    expect_whole_and_remove("shop.item", "2");
}

}  // namespace
