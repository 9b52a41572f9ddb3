// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>
#include <thread>
#include <vector>

#include "api/supply_json.h"
#include "app/cli/print.h"
#include "app/cli/session.h"
#include "app/cli/template.h"
#include "app/cli/verbs.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;
using environment::PoolReport;

constexpr int k_most_targets = 10000;
constexpr int k_all_of_them = 1000000;

std::string pool_table(const environment::PoolFacts& facts) {
    const auto lines = environment::summary(facts);
    if (lines.empty()) return "nothing is built ahead: reviewdb pool set N\n";
    std::vector<std::vector<std::string>> rows{{"TEMPLATE", "TARGET", "WARM", "BUILDING", "STALE"}};
    for (const auto& line : lines) {
        rows.push_back({line.database_template, std::to_string(line.target),
                        std::to_string(line.warm), std::to_string(line.building),
                        std::to_string(line.stale)});
    }
    return table(rows);
}

Result<int> show_pool(Session& session, const std::optional<PoolReport>& report) {
    BASE_TRY_ASSIGN(const auto facts,
                    session.server().observe_pool(session.settings().project, session.patience()));
    session.end_progress();
    if (report) {
        session.notice(
            fmt::format("reviewdb: built {}, retired {}", report->built, report->retired));
    }
    const bool asked = session.arguments().action == "status" || session.arguments().action.empty();
    if (session.wants("json")) {
        print_result(api::pool_json(facts, report));
    } else if (asked || !session.arguments().quiet) {
        print_result(pool_table(facts));
    }
    if (!report || report->held.empty()) return 0;
    return base::fail(ErrorKind::overloaded,
                      fmt::format("nothing more is built ahead now: {}", report->held),
                      "'reviewdb pool status' shows what is lacking; fill it again later");
}

Result<int> number_of(const Session& session) {
    const auto& word = session.arguments().name;
    int number = 0;
    if (word) {
        const auto* end = word->data() + word->size();
        const auto [stop, problem] = std::from_chars(word->data(), end, number);
        if (problem == std::errc() && stop == end && number >= 0 && number <= k_most_targets) {
            return number;
        }
    }
    return base::fail(ErrorKind::invalid_input,
                      word ? fmt::format("'{}' is not a number from 0 to {}", *word, k_most_targets)
                           : "pool set takes a number",
                      "as in: reviewdb pool set 5 --template app");
}

Result<int> set_pool(Session& session) {
    BASE_TRY_ASSIGN(const int number, number_of(session));
    BASE_TRY(session.must_connect());
    const auto& project = session.settings().project;
    auto name = session.arguments().wanted_template;
    if (!name) {
        BASE_TRY_ASSIGN(const auto policy, session.server().policy(project, session.deadline()));
        name = policy.value("template");
    }
    BASE_TRY(
        session.server().set_pool(project, *name, number, session.actor(), session.deadline()));
    session.notice(
        fmt::format("reviewdb: {} of template {} are to be ready; 'reviewdb pool fill' "
                    "builds them",
                    number, *name));
    return show_pool(session, std::nullopt);
}

// One builder more, with a session of its own.
Result<PoolReport> build_beside(Session& session) {
    const auto helper = session.helper();
    return helper.manager->fill_pool(session.settings().project, k_all_of_them, session.patience());
}

Result<int> fill_pool(Session& session) {
    BASE_TRY(session.must_connect());
    std::vector<Result<PoolReport>> results(static_cast<std::size_t>(session.arguments().jobs),
                                            PoolReport());
    std::vector<std::thread> helpers;
    for (std::size_t i = 1; i < results.size(); ++i) {
        helpers.emplace_back([&session, &result = results[i]] { result = build_beside(session); });
    }
    results.front() =
        session.manager().fill_pool(session.settings().project, k_all_of_them, session.patience());
    for (auto& helper : helpers) helper.join();
    PoolReport sum;
    for (auto& result : results) {
        if (!result) return base::fail(std::move(result).error());
        sum.built += result->built;
        sum.retired += result->retired;
        if (sum.held.empty()) sum.held = result->held;
    }
    return show_pool(session, sum);
}

Result<int> drain_pool(Session& session) {
    BASE_TRY(session.must_connect());
    BASE_TRY_ASSIGN(const auto report,
                    session.manager().drain_pool(session.settings().project,
                                                 session.arguments().wanted_template.value_or(""),
                                                 session.patience()));
    return show_pool(session, report);
}

}  // namespace

Result<int> run_pool(Session& session) {
    const auto& [action, name] = std::tie(session.arguments().action, session.arguments().name);
    if (session.arguments().wanted_template) {
        BASE_TRY(check_template_choice(session.arguments().wanted_template));
    }
    if (action == "set") return set_pool(session);
    if (name) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("pool {} takes no number: '{}'", action, *name),
                          "usage: reviewdb pool set N | fill | drain | status");
    }
    if (action == "fill") return fill_pool(session);
    if (action == "drain") return drain_pool(session);
    if (action == "status" || action.empty()) {
        BASE_TRY(session.must_connect());
        return show_pool(session, std::nullopt);
    }
    return base::fail(ErrorKind::invalid_input, fmt::format("pool does not know '{}'", action),
                      "usage: reviewdb pool set N | fill | drain | status [--template NAME]");
}

}  // namespace cli
