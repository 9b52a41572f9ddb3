// SPDX-License-Identifier: Apache-2.0
//
// What the program tells of what goes and what there is, and how one leaves it again.
#include <fmt/format.h>

#include <thread>

#include "e2e/cli_fixture.h"
#include "e2e/process.h"
#include "support/soon.h"
#include "support/stride.h"

namespace {

using e2e::CliTest;
using e2e::login_of;
using e2e::Words;
using support::ask;
using support::execute;
using support::unique_name;
using testing::HasSubstr;
using testing::Not;

TEST_F(CliTest, HistoryTellsOfWhatIsGoneHowLargeAndHowOldItWas) {
    const auto name = unique_name();
    output({"create", name});
    output({"delete", name, "--reason", "branch merged", "--actor", "ada@ci"});
    const auto table = output({"history", name});
    for (const auto* word :
         {"EVENT", "SIZE", "AGE", "deleted", "branch merged", "ada@ci", "cli ", " MB"}) {
        EXPECT_THAT(table, HasSubstr(word));
    }
    EXPECT_THAT(table, Not(HasSubstr("NAME")));
    EXPECT_THAT(output({"history"}), HasSubstr("NAME"));
    const auto told = json({"history", name, "-o", "json"}).at("history").as_array();
    const auto& gone = told.back();
    EXPECT_EQ(gone.at("event").as_string(), "deleted");
    EXPECT_GT(gone.at("size_bytes").as_int64(), 5'000'000);
    EXPECT_GE(gone.at("age_seconds").as_int64(), 0);
    EXPECT_EQ(gone.at("database").as_string(), "review_" + name);
    EXPECT_FALSE(told.front().as_object().contains("size_bytes"));
    const auto nothing = reviewdb({"history", "never_heard_of"});
    EXPECT_EQ(nothing.exit_code, 0);
    EXPECT_THAT(nothing.err, HasSubstr("history tells nothing of 'never_heard_of'"));
}

TEST_F(CliTest, WhatIsGoneIsInNoListAndTheAnswerSaysWhereToLook) {
    const auto refused = reviewdb({"list", "--state", "gone"});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr("reviewdb history"));
    EXPECT_THAT(refused.err, HasSubstr("trash list"));
    EXPECT_EQ(reviewdb({"list", "--state", "nonsense"}).exit_code, 2);
}

TEST_F(CliTest, ADryRunOfADeleteNamesWhoIsInTheWay) {
    const auto name = unique_name();
    output({"create", name});
    const auto inside = support::connect(login_of(output({"url", name})));
    const auto finished = reviewdb({"delete", name, "--dry-run"});
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    const auto said = fmt::format("would go along: session {} of ", inside.backend_pid());
    EXPECT_THAT(finished.err, HasSubstr(said));
    const auto plan = json({"delete", name, "--dry-run", "-o", "json"});
    EXPECT_THAT(std::string(plan.at("remarks").as_array().at(0).as_string()), HasSubstr(said));
    output({"delete", name});
}

TEST_F(CliTest, AReportCountsWhatThereIs) {
    const Words of_project{"--project", "reported"};
    const auto with = [&](Words words) {
        words.insert(words.end(), of_project.begin(), of_project.end());
        return words;
    };
    output(with({"create", "kept"}));
    output(with({"create", "dropped"}));
    output(with({"delete", "dropped"}));
    const auto report = json(with({"report", "-o", "json"}));
    EXPECT_EQ(report.at("project").as_string(), "reported");
    EXPECT_EQ(report.at("environments").at("count").as_int64(), 1);
    EXPECT_EQ(report.at("environments").at("states").at("ready").as_int64(), 1);
    EXPECT_EQ(report.at("oldest").at("name").as_string(), "kept");
    EXPECT_EQ(report.at("this_month").at("removed").at("deleted").at("count").as_int64(), 1);
    EXPECT_EQ(report.at("this_month").at("leaks_reclaimed").at("count").as_int64(), 0);
    EXPECT_TRUE(json({"report", "--all-projects", "-o", "json"}).at("project").is_null());
    EXPECT_THAT(output(with({"report"})), HasSubstr("1 ready"));
    output(with({"delete", "kept"}));
}

TEST_F(CliTest, AReleasedEnvironmentLivesOnAndIsForgotten) {
    const auto name = unique_name();
    output({"create", name});
    const auto url = output({"url", name});
    const auto plan = reviewdb({"release", name, "--dry-run"});
    EXPECT_THAT(plan.out, HasSubstr("release"));
    output({"protect", name});
    EXPECT_EQ(reviewdb({"release", name}).exit_code, 8);
    output({"unprotect", name});
    const auto released = reviewdb({"release", name, "--reason", "goes to staging", "-o", "url"});
    EXPECT_EQ(released.exit_code, 0) << released.err;
    EXPECT_EQ(released.out, url);
    EXPECT_THAT(released.err, HasSubstr("can still change"));
    const auto role = ask(login_of(url), "SELECT current_user AS value");
    EXPECT_EQ(reviewdb({"release", name}).exit_code, 3);
    EXPECT_EQ(reviewdb({"url", name}).exit_code, 3);
    EXPECT_EQ(output({"delete", name}), name + "  absent\n");
    EXPECT_THAT(output({"history", name}), HasSubstr("goes to staging"));
    EXPECT_EQ(ask(login_of(url), "SELECT 'in' AS value"), "in");
    const auto root = support::shared_cluster().superuser();
    execute(root, "DROP DATABASE review_" + name);
    execute(root, "DROP ROLE " + role);
}

// A server that nobody else uses.
class UninstallTest : public support::PgTest {
   protected:
    void SetUp() override {
        PgTest::SetUp();
        if (IsSkipped() || HasFailure()) return;
        cluster_ = std::make_unique<support::Cluster>();
        administrator_ = cluster_->make_administrator().to_uri().reveal();
        init();
        execute(cluster_->superuser(), "CREATE DATABASE reviewdb_x_theirs");
        execute(cluster_->superuser(), "CREATE DATABASE review_theirs");
        execute(cluster_->superuser(), "CREATE ROLE review_theirs LOGIN");
        execute(cluster_->superuser(), "CREATE ROLE reviewdb_reader");
    }

    void init() {
        const auto made = reviewdb({"init", "--sslmode", "disable", "--advertise",
                                    "127.0.0.1:" + std::to_string(cluster_->port())});
        ASSERT_EQ(made.exit_code, 0) << made.err;
        operator_ = made.out.substr(0, made.out.find('\n'));
    }
    // The operator's login, but for what only an administrator may do.
    base::Finished reviewdb(const Words& words) const {
        const bool prepares = words.front() == "init" || words.front() == "uninstall";
        return e2e::call(home_.path(), words,
                         {{"REVIEWDB_SERVER", prepares ? administrator_ : operator_}});
    }
    void must(const Words& words) const {
        const auto finished = reviewdb(words);
        ASSERT_EQ(finished.exit_code, 0) << words.front() << ": " << finished.err;
    }
    // Environments, one of which was reset, and one that is made ahead.
    void fill() const {
        must({"create", "one"});
        must({"create", "two", "--project", "other"});
        must({"reset", "one"});
        must({"create", "three"});
        must({"delete", "three"});
        must({"pool", "set", "1"});
        must({"pool", "fill"});
    }
    // What stands beside what was there before.
    std::string what_stands() const {
        return ask(cluster_->superuser(),
                   "SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') AS value FROM ("
                   "SELECT datname::text AS name FROM pg_database UNION ALL "
                   "SELECT rolname FROM pg_roles) every "
                   "WHERE name ~ '^(review|other)'");
    }
    static constexpr const char* k_theirs =
        "review_theirs review_theirs reviewdb_reader reviewdb_x_theirs";

    support::TempFolder home_;
    std::unique_ptr<support::Cluster> cluster_;
    std::string administrator_;
    std::string operator_;
};

TEST_F(UninstallTest, RefusesTheOperatorAndDailyWorkRefusesTheAdministrator) {
    const auto refused = e2e::call(home_.path(), {"uninstall"}, {{"REVIEWDB_SERVER", operator_}});
    EXPECT_EQ(refused.exit_code, 5);
    EXPECT_THAT(refused.err, HasSubstr("administrator"));
    for (const auto& server : {administrator_, cluster_->superuser().to_uri().reveal()}) {
        const auto daily = e2e::call(home_.path(), {"create", "x"}, {{"REVIEWDB_SERVER", server}});
        EXPECT_EQ(daily.exit_code, 5) << daily.err;
        EXPECT_THAT(daily.err, HasSubstr("reviewdb rotate --operator"));
    }
    const auto made =
        e2e::call(home_.path(), {"rotate", "--operator"}, {{"REVIEWDB_SERVER", administrator_}});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    operator_ = made.out.substr(0, made.out.find('\n'));
    must({"create", "x"});
    must({"delete", "x"});
}

TEST_F(UninstallTest, TakesAllOfOursAndNothingOfOthersAndAsksForWhatLives) {
    fill();
    must({"protect", "one"});
    const auto refused = reviewdb({"uninstall"});
    EXPECT_EQ(refused.exit_code, 4);
    EXPECT_THAT(refused.err, HasSubstr("2 environments"));
    EXPECT_EQ(reviewdb({"uninstall", "--delete-all"}).exit_code, 8);
    must({"unprotect", "one"});
    const auto plan = reviewdb({"uninstall", "--delete-all", "--dry-run"});
    EXPECT_EQ(plan.exit_code, 0) << plan.err;
    EXPECT_THAT(plan.out, HasSubstr("environments, with database, role and secret"));
    EXPECT_THAT(reviewdb({"list", "-q"}).out, HasSubstr("one"));

    const auto removed = reviewdb({"uninstall", "--delete-all"});
    EXPECT_EQ(removed.exit_code, 0) << removed.err << removed.out;
    EXPECT_THAT(removed.out, HasSubstr("role reviewdb_manager"));
    EXPECT_EQ(what_stands(), k_theirs);
    EXPECT_EQ(reviewdb({"uninstall"}).out, "absent\n");
}

TEST_F(UninstallTest, SaysWhatIsHeldAndGoesOnWhenThatHasEnded) {
    fill();
    auto held = support::connect(cluster_->superuser("other_two"));
    const auto stopped = reviewdb({"uninstall", "--delete-all"});
    EXPECT_EQ(stopped.exit_code, 7) << stopped.err << stopped.out;
    EXPECT_THAT(stopped.out,
                HasSubstr(fmt::format("SELECT pg_terminate_backend({})", held.backend_pid())));
    std::move(held).close_and_wait(base::Deadline::after(std::chrono::seconds(5)));
    const auto removed = reviewdb({"uninstall", "--delete-all"});
    EXPECT_EQ(removed.exit_code, 0) << removed.err << removed.out;
    EXPECT_EQ(what_stands(), k_theirs);
}

// The registry is shut when a lock makes the call wait; its time ends before its patience with
// locks.
TEST_F(UninstallTest, OpensTheRegistryAgainWhenItsTimeIsOver) {
    auto other = support::connect(cluster_->superuser());
    support::must(other.begin({{"COMMENT ON DATABASE reviewdb IS 'not yet'"}}, support::soon()));
    const auto late = reviewdb({"uninstall", "--deadline", "2s"});
    EXPECT_EQ(late.exit_code, 6) << late.err << late.out;
    EXPECT_EQ(ask(cluster_->superuser(),
                  "SELECT datallowconn::text AS value FROM pg_database WHERE datname = 'reviewdb'"),
              "true");
    std::move(other).close_and_wait(support::soon());
    must({"create", "one"});
    must({"delete", "--purge", "one"});
    EXPECT_EQ(reviewdb({"uninstall", "--delete-all"}).exit_code, 0);
    EXPECT_EQ(what_stands(), k_theirs);
}

// That nothing lives is believed of the moment in which it was looked at.
TEST_F(UninstallTest, LooksAgainWhateverAnEarlierCallHadSeen) {
    must({"create", "one"});
    const auto root = cluster_->superuser();
    execute(root, "COMMENT ON DATABASE reviewdb IS 'reviewdb/1 leaving'");
    auto inside = support::connect(cluster_->superuser("reviewdb"));
    e2e::Process process(home_.path(), {"uninstall", "--delete-all"},
                         {{"REVIEWDB_SERVER", administrator_}});
    const auto patience = support::soon();
    while (ask(root,
               "SELECT datallowconn::text AS value FROM pg_database WHERE datname = "
               "'reviewdb'") == "true") {
        ASSERT_FALSE(patience.passed());
    }
    process.signal(SIGKILL);
    ASSERT_TRUE(process.was_killed());
    support::must(inside.run({"UPDATE registry.instance SET state = 'trashed'"}, support::soon()));
    std::move(inside).close_and_wait(support::soon());
    EXPECT_NE(reviewdb({"uninstall"}).exit_code, 0);
    EXPECT_EQ(ask(root,
                  "SELECT count(*)::text AS value FROM pg_database WHERE datname = "
                  "'reviewdb'"),
              "1");
}

TEST_F(UninstallTest, CanBeKilledAtAnyMomentAndCalledAgain) {
    constexpr std::chrono::milliseconds k_step(45);
    int killed = 0;
    for (int round = 1; round <= 12; round += support::every_day(3)) {
        fill();
        e2e::Process process(home_.path(), {"uninstall", "--delete-all"},
                             {{"REVIEWDB_SERVER", administrator_}});
        std::this_thread::sleep_for(k_step * round);
        process.signal(SIGKILL);
        killed += process.was_killed() ? 1 : 0;
        const auto again = reviewdb({"uninstall", "--delete-all"});
        ASSERT_EQ(again.exit_code, 0) << round << ": " << again.err << again.out;
        ASSERT_EQ(what_stands(), k_theirs) << round;
        init();
    }
    fmt::print("{} killed\n", killed);
    EXPECT_GT(killed, 0);
}

TEST(LocalUninstall, PointsToTheShorterWay) {
    const support::TempFolder home;
    const auto refused = e2e::call(home.path(), {"--server", "local", "uninstall"}, {});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr("reviewdb local remove"));
}

}  // namespace
