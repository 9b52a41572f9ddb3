// SPDX-License-Identifier: Apache-2.0
//
// Programs of several versions at work on one registry: this one, one with one more migration, and
// one whose migration ends the work of older programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <thread>

#include "base/subprocess.h"
#include "server/upgrade.h"
#include "support/must.h"
#include "support/pg_test.h"
#include "support/sql.h"

namespace {

using support::ask;
using support::must;
using support::unique_name;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class VersionsTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        server_ = administrator_ = cluster().make_administrator().to_uri().reveal();
        const auto prepared =
            call(REVIEWDB_PROGRAM, {"init", "--sslmode", "disable", "--advertise",
                                    "127.0.0.1:" + std::to_string(cluster().port())});
        ASSERT_EQ(prepared.exit_code, 0) << prepared.err;
        server_ = prepared.out;
        server_.pop_back();
        made_ = schema();
    }

    // The operator's login, but for what only an administrator may do.
    base::Command command(const char* program, const Words& words) const {
        const auto& server = words.front() == "upgrade" ? administrator_ : server_;
        base::Command made{.inherits = base::Environment::bare, .folder = home_.path().string()};
        made.arguments = {program};
        made.arguments.insert(made.arguments.end(), words.begin(), words.end());
        made.environment = {{"HOME", home_.path().string()}, {"REVIEWDB_SERVER", server}};
        return made;
    }
    base::Finished call(const char* program, const Words& words) const {
        return must(base::run(command(program, words), base::Deadline::after(k_patience)));
    }
    void expect_well(const char* program, const Words& words) const {
        const auto finished = call(program, words);
        EXPECT_EQ(finished.exit_code, 0) << program << " " << words.front() << ": " << finished.err;
    }
    std::string schema() const {
        return ask(cluster_.superuser("reviewdb"),
                   "SELECT schema_version::text AS value FROM registry.installation");
    }
    // The suite: a life of one environment, by whichever program.
    void live(const char* program, const std::string& name) const {
        expect_well(program, {"create", name, "-q"});
        expect_well(program, {"create", name, "-q"});
        expect_well(program, {"reset", name, "-q"});
        expect_well(program, {"delete", name, "-q"});
    }
    const support::Cluster& cluster() const { return cluster_; }

    static constexpr std::chrono::seconds k_patience{90};
    support::Cluster cluster_;
    support::TempFolder home_;
    std::string server_;
    std::string administrator_;
    std::string made_;  // the schema that this program brings
};

TEST_F(VersionsTest, a_newer_program_works_with_an_older_registry_and_leaves_its_schema) {
    live(REVIEWDB_NEXT, unique_name());
    EXPECT_EQ(schema(), made_);
    EXPECT_THAT(call(REVIEWDB_NEXT, {"--version"}).out, HasSubstr(" to 9001"));
}

TEST_F(VersionsTest, both_work_at_once_before_during_and_after_an_upgrade) {
    constexpr int k_workers = 4;
    std::vector<std::thread> workers;
    workers.reserve(k_workers);
    for (int i = 0; i < k_workers; ++i) {
        workers.emplace_back([this, i] {
            const auto* program = i % 2 == 0 ? REVIEWDB_PROGRAM : REVIEWDB_NEXT;
            const auto name = "at_once_" + std::to_string(i);
            live(program, name);
            live(program, name);
        });
    }
    expect_well(REVIEWDB_NEXT, {"upgrade"});
    for (auto& worker : workers) worker.join();
    EXPECT_EQ(schema(), "9001");
    live(REVIEWDB_PROGRAM, unique_name());
}

TEST_F(VersionsTest, an_upgrade_that_was_killed_is_finished_by_the_next_one) {
    for (int moment = 0; moment < 12; ++moment) {
        // Past its deadline a program is killed.
        const auto killed =
            base::run(command(REVIEWDB_LATER, {"upgrade"}),
                      base::Deadline::after(std::chrono::milliseconds(20 + 25 * moment)));
        if (killed) break;
        const auto now = schema();
        EXPECT_THAT(now, testing::AnyOf(made_, "9001", "9002"));
        // What is there is whole: its own programs work with it.
        expect_well(REVIEWDB_LATER, {"create", "killed", "-q"});
    }
    expect_well(REVIEWDB_LATER, {"upgrade"});
    EXPECT_EQ(schema(), "9002");
    EXPECT_THAT(call(REVIEWDB_LATER, {"upgrade"}).out, HasSubstr("nothing to do"));
    live(REVIEWDB_LATER, unique_name());
}

TEST_F(VersionsTest, an_older_program_changes_nothing_where_it_is_not_allowed_any_more) {
    expect_well(REVIEWDB_PROGRAM, {"create", "x", "-q"});
    expect_well(REVIEWDB_LATER, {"upgrade"});
    for (const Words& words : {Words{"create", "x"}, Words{"create", "y"}, Words{"reset", "x"},
                               Words{"delete", "x"}, Words{"upgrade"}, Words{"rotate", "x"}}) {
        const auto refused = call(REVIEWDB_PROGRAM, words);
        EXPECT_EQ(refused.exit_code, 4) << words.front() << ": " << refused.err;
        EXPECT_THAT(refused.err, HasSubstr("newer"));
    }
    expect_well(REVIEWDB_LATER, {"get", "x", "-q"});
}

}  // namespace
