// SPDX-License-Identifier: Apache-2.0
#include "app/cli/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/cli/print.h"
#include "base/duration.h"
#include "base/size.h"

namespace cli {

namespace {

using std::chrono::system_clock;

std::string time_between(system_clock::time_point from, system_clock::time_point to) {
    return base::describe_duration(std::chrono::duration_cast<std::chrono::seconds>(to - from));
}

std::string expiry(const environment::EnvironmentRecord& environment,
                   system_clock::time_point now) {
    if (!environment.expires_at) return "never";
    if (*environment.expires_at <= now) {
        return fmt::format("expired {} ago", time_between(*environment.expires_at, now));
    }
    return "in " + time_between(now, *environment.expires_at);
}

std::string label_words(const environment::Labels& labels) {
    std::string words;
    for (const auto& [key, value] : labels) {
        words += fmt::format("{}{}={}", words.empty() ? "" : " ", key, value);
    }
    return words;
}

void add_line(std::vector<std::vector<std::string>>& rows, std::string key, std::string value) {
    if (!value.empty()) rows.push_back({std::move(key), std::move(value)});
}

}  // namespace

base::Result<environment::Labels> parse_labels(const std::vector<std::string>& words) {
    environment::Labels labels;
    for (const auto& word : words) {
        const auto equals = word.find('=');
        if (equals == std::string::npos || equals == 0 || !environment::is_clean_utf8(word)) {
            return base::fail(base::ErrorKind::invalid_input,
                              environment::is_clean_utf8(word)
                                  ? fmt::format("--label: '{}' is not KEY=VALUE", word)
                                  : "--label: a label is UTF-8 without control characters",
                              "as in --label team=web");
        }
        labels[word.substr(0, equals)] = word.substr(equals + 1);
    }
    return labels;
}

std::string details(const environment::Description& description,
                    std::optional<environment::Outcome> outcome, system_clock::time_point now) {
    const auto& environment = description.environment;
    std::vector<std::vector<std::string>> rows;
    add_line(rows, "name", environment.name);
    add_line(rows, "project", environment.project);
    add_line(rows, "state", std::string(to_text(environment.state)));
    if (outcome) add_line(rows, "outcome", std::string(to_text(*outcome)));
    add_line(rows, "database", description.database);
    add_line(rows, "role", description.role);
    add_line(rows, "address", fmt::format("{}:{}", description.host, description.port));
    add_line(rows, "secret", environment.secret);
    add_line(rows, "repository", environment.origin.repository);
    add_line(rows, "ref", environment.origin.ref);
    if (environment.origin.pull_request) {
        add_line(rows, "pull request", fmt::format("{}", *environment.origin.pull_request));
    }
    add_line(rows, "commit", environment.origin.commit);
    add_line(rows, "labels", label_words(environment.labels));
    add_line(rows, "protected", environment.shielded ? "yes" : "");
    add_line(rows, "created", base::format_time(environment.created_at));
    add_line(rows, "expires", expiry(environment, now));
    return table(rows);
}

std::string overview(const std::vector<environment::Description>& descriptions, bool with_projects,
                     bool with_sizes, system_clock::time_point now) {
    std::vector<std::vector<std::string>> rows;
    rows.push_back({"NAME", "STATE", "DATABASE", "AGE", "EXPIRES", "REPOSITORY"});
    if (with_sizes) rows.back().insert(rows.back().begin() + 3, "SIZE");
    if (with_projects) rows.back().insert(rows.back().begin(), "PROJECT");
    for (const auto& description : descriptions) {
        const auto& environment = description.environment;
        rows.push_back({environment.name, std::string(to_text(environment.state)),
                        description.database, time_between(environment.created_at, now),
                        expiry(environment, now), environment.origin.repository});
        auto& row = rows.back();
        if (with_sizes)
            row.insert(row.begin() + 3,
                       description.size_bytes ? base::describe_size(*description.size_bytes) : "-");
        if (with_projects) row.insert(row.begin(), environment.project);
    }
    return table(rows);
}

std::string history_lines(const std::vector<environment::HistoryEntry>& entries, Names names) {
    const bool with_removals = std::ranges::any_of(
        entries, [](const auto& entry) { return environment::tells_of_removal(entry.event); });
    std::vector<std::vector<std::string>> rows{{"TIME", "NAME", "EVENT", "REASON", "BY", "WITH"}};
    for (const auto& entry : entries) {
        rows.push_back({base::format_time(entry.at), entry.name.empty() ? "-" : entry.name,
                        entry.event, entry.reason, entry.actor,
                        fmt::format("{} {}", entry.door, entry.program)});
        if (!with_removals) continue;
        rows.back().push_back(entry.size_bytes ? base::describe_size(*entry.size_bytes) : "");
        rows.back().push_back(entry.age ? base::describe_duration(*entry.age) : "");
    }
    if (with_removals) rows.front().insert(rows.front().end(), {"SIZE", "AGE"});
    for (auto& row : rows) {
        if (names == Names::leave_out) row.erase(row.begin() + 1);
    }
    return table(rows);
}

std::string step_lines(const std::vector<environment::Step>& steps) {
    std::vector<std::vector<std::string>> rows;
    rows.reserve(steps.size());
    for (const auto& step : steps) rows.push_back({std::string(to_text(step.kind)), step.reason});
    return table(rows);
}

std::string report_lines(const std::vector<environment::Report>& reports) {
    std::vector<std::vector<std::string>> rows{{"NAME", "OUTCOME", "WHY"}};
    for (const auto& report : reports) {
        const auto name = report.subject.name.text();
        if (!report.result) {
            rows.push_back({name, "failed", report.result.error().message});
            continue;
        }
        std::string why;
        if (report.result->outcome != environment::Outcome::unchanged) {
            why = environment::summary(report.result->steps);
        }
        rows.push_back({name, std::string(to_text(report.result->outcome)), why});
    }
    return table(rows);
}

int exit_code_of(const std::vector<environment::Report>& reports, Drift drift) {
    constexpr std::array<int, 9> k_from_best{0, base::k_exit_drift, 6, 2, 3, 8, 4, 5, 1};
    const auto* worst = k_from_best.begin();
    for (const auto& report : reports) {
        int code = 0;
        if (!report.result) {
            code = base::facts_of(report.result.error().kind).exit_code;
        } else if (drift == Drift::counts &&
                   report.result->outcome != environment::Outcome::unchanged) {
            code = base::k_exit_drift;
        }
        worst = std::max(worst, std::ranges::find(k_from_best, code));
    }
    return *worst;
}

}  // namespace cli
