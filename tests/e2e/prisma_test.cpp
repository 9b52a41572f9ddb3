// SPDX-License-Identifier: Apache-2.0
//
// Prisma on an environment: a set with an enumeration, a trusted extension, a trigger, and an index
// that is built concurrently.
#include <fstream>
#include <future>
#include <utility>

#include "e2e/tools_fixture.h"

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* k_tickets = "20240101000000_tickets";
constexpr const char* k_index = "20240102000000_index";

class PrismaTest : public e2e::ToolsTest {
   protected:
    PrismaTest() : ToolsTest("prisma") {}

    e2e::Variables variables() const {
        // It asks for its native engines, which have to be downloaded, but does not use them here.
        const auto engine = (folder() / "schema.prisma").string();
        return {{"CHECKPOINT_DISABLE", "1"},
                {"PRISMA_HIDE_UPDATE_MESSAGE", "1"},
                {"PRISMA_QUERY_ENGINE_LIBRARY", engine},
                {"PRISMA_SCHEMA_ENGINE_BINARY", engine}};
    }
    base::Finished prisma(const e2e::Words& words) const {
        return run("prisma", words, variables());
    }
    // What it said; the test fails when it does.
    std::string output_of(const e2e::Words& words) const {
        const auto finished = prisma(words);
        EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
        return finished.out;
    }
    // Two deployments that both stand before Prisma's lock when it is let go.
    std::pair<base::Finished, base::Finished> deploy_twice_at_once() const {
        auto gate = support::connect(login());
        support::ask(gate, "SELECT pg_advisory_lock(72707369)::text AS value");
        const auto deploy = [this] { return prisma({"migrate", "deploy"}); };
        auto one = std::async(std::launch::async, deploy);
        auto other = std::async(std::launch::async, deploy);
        wait_for_waiters("advisory", "2");
        support::ask(gate, "SELECT pg_advisory_unlock(72707369)::text AS value");
        return {one.get(), other.get()};
    }
    void expect_reset_and_push() const {
        EXPECT_THAT(output_of({"migrate", "reset", "--force", "--skip-generate"}),
                    HasSubstr(k_index));
        expect_migrated();
        std::ofstream(folder() / "schema.prisma", std::ios::app)
            << "\nmodel Note {\n  id Int @id\n  text String\n}\n";
        EXPECT_THAT(output_of({"db", "push", "--skip-generate"}), HasSubstr("now in sync"));
        EXPECT_EQ(count("\"Note\""), "0");
    }
    // The whole set, finished, and each of its kinds at work.
    void expect_migrated() const {
        EXPECT_EQ(count("_prisma_migrations WHERE finished_at IS NOT NULL"), "2");
        EXPECT_EQ(count("_prisma_migrations"), "2");
        EXPECT_EQ(count("pg_index WHERE indexrelid = '\"Ticket_state_idx\"'::regclass AND "
                        "indisvalid"),
                  "1");
        EXPECT_EQ(ask("SELECT enum_range(NULL::\"State\")::text AS value"), "{open,closed}");
        EXPECT_EQ(count("pg_extension WHERE extname = 'citext'"), "1");
        EXPECT_EQ(count("\"Ticket\""), "0");
        execute("INSERT INTO \"Ticket\" (title) VALUES ('Broken')");
        execute("UPDATE \"Ticket\" SET state = 'closed' WHERE title = 'BROKEN'");
        EXPECT_EQ(ask("SELECT changes::text AS value FROM \"Ticket\""), "1");
    }
};

TEST_F(PrismaTest, DeploysResetsAndPushesAsTheRoleOfTheEnvironment) {
    EXPECT_THAT(output_of({"migrate", "deploy"}), HasSubstr(k_index));
    expect_migrated();

    EXPECT_THAT(output_of({"migrate", "deploy"}), HasSubstr("No pending migrations"));
    EXPECT_EQ(count("\"Ticket\""), "1");

    expect_reset_and_push();
    expect_whole_and_remove("\"Ticket\" WHERE title = 'broken'", "1");
}

// What the branch adds to the template's migrations is all that runs in its clone.
TEST_F(PrismaTest, AppliesToACloneOnlyWhatTheTemplateDoesNotHaveYet) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    const auto of_the_branch = folder() / "migrations" / k_index;
    const auto aside = home() / k_index;
    std::filesystem::rename(of_the_branch, aside);
    begin_with("npx prisma migrate deploy", Built::on_the_spot, variables());
    EXPECT_EQ(count("_prisma_migrations WHERE finished_at IS NOT NULL"), "1");
    std::filesystem::rename(aside, of_the_branch);

    EXPECT_THAT(output_of({"migrate", "deploy"}),
                AllOf(HasSubstr(k_index), Not(HasSubstr(k_tickets))));
    expect_migrated();
    expect_reset_and_push();
    expect_whole_and_remove("\"Ticket\" WHERE title = 'broken'", "1");
    remove_template();
}

TEST_F(PrismaTest, MigratesOnceWhenTwoDeployAtOnce) {
    if (is_tried_on_another_major()) GTEST_SKIP() << k_tried_on_15;
    std::filesystem::remove_all(folder() / "migrations" / k_index);
    const auto [one, other] = deploy_twice_at_once();
    EXPECT_EQ(one.exit_code, 0) << one.out << one.err;
    EXPECT_EQ(other.exit_code, 0) << other.out << other.err;
    EXPECT_THAT(one.out + other.out, HasSubstr("have been applied"));
    EXPECT_THAT(one.out + other.out, HasSubstr("No pending migrations"));
    expect_whole_and_remove("_prisma_migrations WHERE finished_at IS NOT NULL", "1");
}

// The statement that waits for Prisma's lock has a snapshot, and an index that is built
// concurrently waits for whoever has one. On any Postgres the one of both that was first to wait
// for as long as deadlock_timeout is ended, and its job starts it again. The timeout is long enough
// here for that to be the one at the lock, and never the index.
TEST_F(PrismaTest, BuildsAnIndexConcurrentlyWhileAnotherDeploymentWaits) {
    support::shared_cluster().restart({{"deadlock_timeout", "3s"}});
    auto [winner, loser] = deploy_twice_at_once();
    if (winner.exit_code != 0) std::swap(winner, loser);
    EXPECT_EQ(winner.exit_code, 0) << winner.out << winner.err;
    EXPECT_THAT(winner.out, HasSubstr(k_index));
    EXPECT_EQ(loser.exit_code, 1) << loser.out << loser.err;
    EXPECT_THAT(loser.err, HasSubstr("deadlock detected"));
    EXPECT_THAT(output_of({"migrate", "deploy"}), HasSubstr("No pending migrations"));
    expect_migrated();
    expect_whole_and_remove("_prisma_migrations WHERE finished_at IS NOT NULL", "2");
}

}  // namespace
