// SPDX-License-Identifier: Apache-2.0
#include "app/cli/show.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace {

using cli::Names;
using environment::HistoryEntry;
using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::system_clock;

system_clock::time_point at(int second) { return system_clock::time_point(seconds(second)); }

TEST(Show, tells_history_of_one_environment_without_its_name) {
    const HistoryEntry made{at(60), "shop", "x", "created", "asked for", "ada", "cli", "0.1"};
    EXPECT_EQ(cli::history_lines({made}, Names::leave_out),
              "TIME                  EVENT    REASON     BY   WITH\n"
              "1970-01-01T00:01:00Z  created  asked for  ada  cli 0.1\n");
}

TEST(Show, tells_what_a_removal_took_along) {
    const HistoryEntry policy{at(0), "shop", "", "policy", "ttl = 7d", "ada", "cli", "0.1"};
    HistoryEntry gone{at(60), "shop", "x", "deleted", "merged", "bot", "lambda", "0.2"};
    gone.size_bytes = 8 * 1024 * 1024;
    gone.age = hours(50);
    EXPECT_EQ(cli::history_lines({policy, gone}, Names::show),
              "TIME                  NAME  EVENT    REASON    BY   WITH        SIZE    AGE\n"
              "1970-01-01T00:00:00Z  -     policy   ttl = 7d  ada  cli 0.1\n"
              "1970-01-01T00:01:00Z  x     deleted  merged    bot  lambda 0.2  8.0 MB  2d 2h\n");
}

TEST(Show, says_in_a_list_how_long_an_environment_still_has_or_has_been_over) {
    environment::Description one;
    one.environment.name = "x";
    const auto now = at(10 * 24 * 3600);
    one.environment.created_at = now;
    const auto expiry = [&](std::optional<system_clock::time_point> time) {
        one.environment.expires_at = time;
        const auto text = cli::overview({one}, false, false, now);
        const auto begin = text.find('\n') + 1;
        return text.substr(begin);
    };
    EXPECT_NE(expiry(now + hours(50)).find("in 2d 2h"), std::string::npos);
    EXPECT_NE(expiry(now - hours(3)).find("expired 3h ago"), std::string::npos);
    EXPECT_NE(expiry(std::nullopt).find("never"), std::string::npos);
}

TEST(Show, reports_what_all_of_it_takes) {
    environment::Usage usage;
    usage.now = at(3 * 24 * 3600);
    usage.month_began_at = at(0);
    usage.environments[environment::EnvironmentState::ready] = {2, 16 * 1024 * 1024};
    usage.environments[environment::EnvironmentState::closed] = {1, 8 * 1024 * 1024};
    usage.oldest = {"shop", "x", at(0)};
    usage.connections = 4;
    usage.server_connections = 9;
    usage.connection_limit = 97;
    usage.trash = {1, 8 * 1024 * 1024};
    usage.removed["deleted"] = {5, 40 * 1024 * 1024};
    usage.removed["swept"] = {2, 1024 * 1024};
    usage.removed["expired"] = {1, 1024 * 1024};
    EXPECT_EQ(cli::usage_lines(usage),
              "project       all\n"
              "at            1970-01-04T00:00:00Z\n"
              "environments  3  (24.0 MB): 2 ready, 1 closed\n"
              "oldest        x of project shop, 3d\n"
              "connections   4 of environments, 9 of everybody, room for 97\n"
              "secrets       0\n"
              "warm          0\n"
              "templates     0\n"
              "trash         1  (8.0 MB)\n"
              "unfinished    0\n"
              "in 1970-01    deleted 5  (40.0 MB)\n"
              "in 1970-01    swept, its branch gone 2  (1.0 MB)\n"
              "in 1970-01    expired, its time over 1  (1.0 MB)\n"
              "in 1970-01    leaks reclaimed 3  (2.0 MB)\n");
}

TEST(Show, ends_with_the_exit_code_of_the_worst_failure_wherever_it_stands) {
    using base::ErrorKind;
    const auto report = [](base::Result<environment::Answer> result) {
        return environment::Report{
            {*environment::Project::parse("review"), *environment::Name::parse("x")},
            std::move(result)};
    };
    const auto code = [&](std::vector<ErrorKind> kinds) {
        std::vector<environment::Report> reports;
        for (const auto kind : kinds) reports.push_back(report(base::fail(kind, "no")));
        reports.push_back(report(environment::Answer{}));
        return cli::exit_code_of(reports, cli::Drift::ignored);
    };
    EXPECT_EQ(code({}), 0);
    EXPECT_EQ(code({ErrorKind::overloaded, ErrorKind::denied}), 5);
    EXPECT_EQ(code({ErrorKind::denied, ErrorKind::overloaded}), 5);
    EXPECT_EQ(code({ErrorKind::shielded, ErrorKind::conflict, ErrorKind::deadline}), 4);
    EXPECT_EQ(code({ErrorKind::not_found, ErrorKind::internal, ErrorKind::denied}), 1);
    EXPECT_EQ(code({ErrorKind::in_doubt}), 6);
}

TEST(Show, counts_drift_only_where_nothing_failed) {
    const environment::Subject subject{*environment::Project::parse("review"),
                                       *environment::Name::parse("x")};
    environment::Answer repaired;
    repaired.outcome = environment::Outcome::repaired;
    std::vector<environment::Report> reports{{subject, repaired}};
    EXPECT_EQ(cli::exit_code_of(reports, cli::Drift::ignored), 0);
    EXPECT_EQ(cli::exit_code_of(reports, cli::Drift::counts), base::k_exit_drift);
    reports.push_back({subject, base::fail(base::ErrorKind::unavailable, "away")});
    EXPECT_EQ(cli::exit_code_of(reports, cli::Drift::counts), 6);
}

}  // namespace
