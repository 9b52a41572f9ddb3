// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "app/cli/lookup.h"
#include "app/cli/print.h"
#include "app/cli/session.h"
#include "app/cli/verbs.h"
#include "base/words.h"
#include "server/inspect.h"
#include "server/refusals.h"

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

Colour colour_of(Grade grade) {
    return grade == Grade::ok        ? Colour::green
           : grade == Grade::warning ? Colour::yellow
                                     : Colour::red;
}

// The value in effect, also of a setting that has only its default.
std::string effective_value(const Session& session, const Setting& setting) {
    if (setting.key == "actor") return session.actor().name;
    if (setting.origin != "default") return setting.value;
    if (setting.key == "log_format") return isatty(STDERR_FILENO) == 1 ? "text" : "json";
    if (setting.key == "server") return "local";
    if (setting.key != "state_dir") return setting.value;
    const auto folder = state_folder(session.settings());
    return folder ? folder->string() : setting.value;
}

std::string as_json(const Session& session, const std::vector<Finding>& findings) {
    std::string text = "{\n  \"findings\": [";
    const char* separator = "\n";
    for (const auto& finding : findings) {
        text += fmt::format(
            "{}    {{\"grade\": {}, \"subject\": {}, \"found\": {}, \"hint\": {}, \"drift\": {}}}",
            separator, json_quoted(to_text(finding.grade)), json_quoted(finding.subject),
            json_quoted(finding.found), json_quoted(finding.hint), finding.is_drift);
        separator = ",\n";
    }
    text += "\n  ],\n  \"settings\": [";
    separator = "\n";
    for (const auto& setting : session.settings().shown) {
        text +=
            fmt::format("{}    {{\"key\": {}, \"value\": {}, \"origin\": {}}}", separator,
                        json_quoted(setting.key), json_quoted(effective_value(session, setting)),
                        json_quoted(setting.origin));
        separator = ",\n";
    }
    return text + "\n  ]\n}\n";
}

std::string findings_text(const std::vector<Finding>& findings) {
    std::string text;
    for (const auto& finding : findings) {
        const auto word = fmt::format("{:8}", to_text(finding.grade));
        text += fmt::format("{} {}: {}\n", coloured(word, colour_of(finding.grade), STDOUT_FILENO),
                            base::harmless_line(finding.subject), base::harmless(finding.found));
        if (finding.hint.empty()) continue;
        text += fmt::format("{:8} hint: {}\n", "", base::harmless(finding.hint));
    }
    return text;
}

std::string settings_text(const Session& session) {
    std::vector<std::vector<std::string>> rows{{"SETTING", "VALUE", "FROM"}};
    for (const auto& setting : session.settings().shown) {
        rows.push_back({setting.key, effective_value(session, setting), setting.origin});
    }
    return "\n" + table(rows);
}

// Adds a line for an environment that needs a repair; false then.
bool add_report(const environment::Report& report, std::vector<Finding>& findings) {
    const auto name = report.subject.name.text();
    if (!report.result) {
        const auto& error = report.result.error();
        findings.push_back({Grade::failure, name, error.message, error.hint, true});
        return false;
    }
    if (report.result->outcome == environment::Outcome::unchanged) return true;
    findings.push_back({Grade::failure, name, environment::summary(report.result->steps),
                        "repair it: reviewdb repair " + shell_quoted(name), true});
    return false;
}

// What `repair --all` would do, a line for each environment that is not as it should be.
Result<void> add_drift(Session& session, std::vector<Finding>& findings) {
    const auto& project = session.settings().project;
    BASE_TRY_ASSIGN(const auto reports, session.manager().examine(project, session.deadline()));
    std::size_t sound = 0;
    for (const auto& report : reports) {
        if (add_report(report, findings)) ++sound;
    }
    const auto* const untried =
        reports.size() > environment::Manager::k_most_logins ? "; no login was tried" : "";
    findings.push_back({Grade::ok,
                        "environments",
                        fmt::format("{} of {} in project {} are as they should be{}", sound,
                                    reports.size(), project.text(), untried),
                        {},
                        false});
    return {};
}

Finding judge_pool(const environment::PoolLine& line) {
    const auto subject = "pool of " + line.database_template;
    const auto ready = fmt::format("{} of {} are ready", line.warm, line.target);
    if (line.target > 0 && !line.has_source) {
        return {Grade::warning, subject, ready + ": its template is not there",
                fmt::format("make it: reviewdb template create {0} …; or: reviewdb pool set 0 "
                            "--template {0}",
                            line.database_template),
                false};
    }
    auto found = ready;
    if (line.building > 0) found += fmt::format(", {} are being built", line.building);
    if (line.stale > 0) {
        found += fmt::format(", {} cannot be given any more ({})", line.stale,
                             line.why_stale.empty() ? "they were left half built" : line.why_stale);
    }
    const bool fine = line.stale == 0 && line.warm + line.building >= line.target;
    return {fine ? Grade::ok : Grade::warning, subject, std::move(found),
            fine ? ""
                 : "nobody fills it now: reviewdb pool fill, or the Lambda's maintain event on a "
                   "schedule",
            false};
}

// What is to be ready before anybody asks, and is not.
Result<void> add_supply(Session& session, std::vector<Finding>& findings) {
    const auto& project = session.settings().project;
    BASE_TRY_ASSIGN(const auto facts, session.server().observe_pool(project, session.deadline()));
    BASE_TRY_ASSIGN(const auto templates, session.server().templates(project, session.deadline()));
    const auto wanted = facts.common.policy.value("template");
    const bool there =
        wanted == environment::k_empty || std::ranges::any_of(templates, [&](const auto& one) {
            return one.record.name == wanted &&
                   one.record.state == environment::TemplateState::ready;
        });
    if (!there) {
        findings.push_back({Grade::warning, "template " + wanted,
                            "is what new environments are to be cloned from, and is not there: "
                            "they are empty",
                            fmt::format("reviewdb template create {} …, or: reviewdb template "
                                        "default NAME",
                                        wanted),
                            false});
    }
    for (const auto& line : environment::summary(facts)) findings.push_back(judge_pool(line));
    const auto next = environment::next_action(facts);
    if (next.kind == environment::PoolAction::Kind::hold) {
        findings.push_back({Grade::warning, "pool", "nothing more is built now: " + next.reason,
                            "make room, and fill it again: reviewdb pool fill", false});
    }
    return {};
}

int exit_code(const std::vector<Finding>& findings) {
    if (std::ranges::any_of(findings, &Finding::is_drift)) return base::k_exit_drift;
    const bool failed = std::ranges::any_of(
        findings, [](const auto& finding) { return finding.grade == Grade::failure; });
    return failed ? 1 : 0;
}

}  // namespace

namespace {

int print_findings(Session& session, const std::vector<Finding>& findings) {
    session.end_progress();
    const bool named = session.arguments().name.has_value();
    if (session.wants("json")) {
        print_result(as_json(session, findings));
    } else {
        print_raw_result(findings_text(findings));
        if (!session.arguments().quiet && !named) print_result(settings_text(session));
    }
    return exit_code(findings);
}

// Explains one environment: what Postgres refuses to it, and whether it needs a repair.
Result<int> examine_environment(Session& session) {
    BASE_TRY_ASSIGN(const auto subject, session.reach_subject());
    BASE_TRY_ASSIGN(const auto found, find_environment(session, subject));
    BASE_TRY_ASSIGN(auto findings, server::explain_refusals(session.reached().login, found,
                                                            session.deadline(), session.log()));
    if (found.environment.shielded) {
        findings.push_back({Grade::ok, "protection", "delete, reset and sweep refuse it",
                            "lift it: reviewdb unprotect " + shell_quoted(subject.name.text()),
                            false});
    }
    if (found.environment.state == environment::EnvironmentState::ready) {
        const environment::Wish wish{subject.project, subject.name, {}, {}, {}};
        const auto repair =
            session.manager().repair(wish, environment::Execution::dry_run, session.deadline());
        add_report({subject, repair}, findings);
    }
    return print_findings(session, findings);
}

}  // namespace

Result<int> run_doctor(Session& session) {
    if (session.arguments().name) return examine_environment(session);
    BASE_TRY_ASSIGN(const bool there, session.connect(Missing::leave));
    std::vector<Finding> findings;
    if (there) {
        BASE_TRY_ASSIGN(findings,
                        server::inspect(session.reached().login, session.settings().project,
                                        session.deadline(), session.log()));
        BASE_TRY(add_drift(session, findings));
        BASE_TRY(add_supply(session, findings));
    } else {
        findings.push_back(
            {Grade::ok, "local server", "there is none yet", "'reviewdb create' makes it", false});
    }
    return print_findings(session, findings);
}

}  // namespace cli
