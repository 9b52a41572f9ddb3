// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "app/cli/print.h"
#include "app/cli/session.h"
#include "app/cli/verbs.h"
#include "server/inspect.h"

namespace cli {

namespace {

using base::Result;
using server::Finding;
using server::Grade;

std::string_view to_text(Grade grade) {
    switch (grade) {
        case Grade::ok:
            return "ok";
        case Grade::warning:
            return "warning";
        case Grade::failure:
            break;
    }
    return "failure";
}

std::string findings_json(const std::vector<Finding>& findings) {
    std::string text = "{\n  \"findings\": [";
    const char* separator = "\n";
    for (const auto& finding : findings) {
        text += fmt::format(
            "{}    {{\"grade\": {}, \"subject\": {}, \"found\": {}, \"hint\": {}, \"drift\": {}}}",
            separator, json_quoted(to_text(finding.grade)), json_quoted(finding.subject),
            json_quoted(finding.found), json_quoted(finding.hint), finding.is_drift);
        separator = ",\n";
    }
    return text + (findings.empty() ? "]\n}\n" : "\n  ]\n}\n");
}

std::string findings_text(const std::vector<Finding>& findings) {
    std::string text;
    for (const auto& finding : findings) {
        text +=
            fmt::format("{:8} {}: {}\n", to_text(finding.grade), finding.subject, finding.found);
        if (!finding.hint.empty()) text += fmt::format("{:8} hint: {}\n", "", finding.hint);
    }
    return text;
}

std::string settings_text(const Session& session) {
    std::vector<std::vector<std::string>> rows{{"SETTING", "VALUE", "FROM"}};
    for (const auto& setting : session.settings().shown) {
        rows.push_back({setting.key, setting.value, setting.origin});
    }
    return "\n" + table(rows);
}

int exit_code(const std::vector<Finding>& findings) {
    if (std::ranges::any_of(findings, &Finding::is_drift)) return base::k_exit_drift;
    const bool failed = std::ranges::any_of(
        findings, [](const auto& finding) { return finding.grade == Grade::failure; });
    return failed ? 1 : 0;
}

}  // namespace

Result<int> run_doctor(Session& session) {
    BASE_TRY_ASSIGN(const bool there, session.connect(Missing::leave));
    std::vector<Finding> findings;
    if (there) {
        BASE_TRY_ASSIGN(findings,
                        server::inspect(session.reached().login, session.settings().project,
                                        session.deadline(), session.log()));
    } else {
        findings.push_back(
            {Grade::ok, "local server", "there is none yet", "'reviewdb create' makes it", false});
    }
    if (session.wants("json")) {
        print_result(findings_json(findings));
    } else {
        print_result(findings_text(findings) +
                     (session.arguments().quiet ? "" : settings_text(session)));
    }
    return exit_code(findings);
}

}  // namespace cli
