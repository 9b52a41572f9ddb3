// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "api/json.h"
#include "app/cli/print.h"
#include "app/cli/session.h"
#include "app/cli/verbs.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Result<Pairs> parse_pairs(const std::vector<std::string>& words) {
    Pairs pairs;
    for (const auto& word : words) {
        const auto equals = word.find('=');
        if (equals == std::string::npos || equals == 0) {
            return base::fail(ErrorKind::invalid_input, fmt::format("'{}' is not KEY=VALUE", word),
                              "as in: reviewdb config set ttl=14d");
        }
        pairs.emplace_back(word.substr(0, equals), word.substr(equals + 1));
        BASE_TRY(environment::Policy::check(pairs.back().first, pairs.back().second));
    }
    if (!pairs.empty()) return pairs;
    return base::fail(ErrorKind::invalid_input, "there is nothing to set",
                      "as in: reviewdb config set ttl=14d");
}

Result<int> set_values(Session& session) {
    BASE_TRY_ASSIGN(const auto pairs, parse_pairs(session.arguments().pairs));
    BASE_TRY(session.must_connect());
    const std::string project = session.arguments().all_projects
                                    ? std::string(environment::k_every_project)
                                    : session.settings().project.text();
    for (const auto& [key, value] : pairs) {
        BASE_TRY(
            session.server().set_policy(project, key, value, session.actor(), session.deadline()));
        session.notice(fmt::format("reviewdb: {} is '{}' now", key, value));
    }
    return 0;
}

std::string values_table(const Session& session,
                         const std::vector<environment::PolicyValue>& values) {
    std::vector<std::vector<std::string>> rows{{"POLICY", "VALUE", "FROM", "MEANING"}};
    for (const auto& value : values) {
        rows.push_back({value.key, value.value, value.origin, std::string(value.meaning)});
    }
    rows.emplace_back();
    rows.push_back({"SETTING", "VALUE", "FROM"});
    for (const auto& setting : session.settings().shown) {
        rows.push_back({setting.key, setting.value, setting.origin});
    }
    return table(rows);
}

Result<int> show_values(Session& session) {
    const auto& wanted = session.arguments().pairs;
    for (const auto& key : wanted) {
        const auto known = environment::policy_definitions();
        if (std::ranges::any_of(known, [&](const auto& one) { return one.key == key; })) continue;
        return base::fail(ErrorKind::invalid_input, fmt::format("there is no policy '{}'", key),
                          "'reviewdb config' shows all of them");
    }
    BASE_TRY(session.must_connect());
    BASE_TRY_ASSIGN(const auto policy,
                    session.server().policy(session.settings().project, session.deadline()));
    auto values = policy.values();
    if (!wanted.empty()) {
        std::erase_if(values, [&](const auto& value) {
            return std::ranges::find(wanted, value.key) == wanted.end();
        });
    }
    if (session.wants("json")) {
        print_result(api::policy_json(values));
    } else if (wanted.empty()) {
        print_result(values_table(session, values));
    } else {
        for (const auto& value : values) print_result(value.value + "\n");
    }
    return 0;
}

}  // namespace

Result<int> run_config(Session& session) {
    const auto& arguments = session.arguments();
    if (arguments.action == "set") return set_values(session);
    const bool shows = arguments.action.empty() || arguments.action == "show" ||
                       (arguments.action == "get" && !arguments.pairs.empty());
    if (shows) return show_values(session);
    return base::fail(ErrorKind::invalid_input,
                      arguments.action == "get"
                          ? "config get takes a KEY"
                          : fmt::format("config does not know '{}'", arguments.action),
                      "usage: reviewdb config [get KEY… | set KEY=VALUE…]");
}

}  // namespace cli
