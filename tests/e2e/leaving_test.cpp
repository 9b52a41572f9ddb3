// SPDX-License-Identifier: Apache-2.0
//
// What the program tells of what goes and what there is, and how one leaves it again.
#include <fmt/format.h>

#include "e2e/cli_fixture.h"

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

}  // namespace
