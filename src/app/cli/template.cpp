// SPDX-License-Identifier: Apache-2.0
#include "app/cli/template.h"

#include <fmt/format.h>

#include "api/supply_json.h"
#include "app/cli/print.h"
#include "app/cli/question.h"
#include "app/cli/session.h"
#include "app/cli/verbs.h"
#include "base/duration.h"
#include "base/size.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;
using environment::TemplateDescription;
using environment::TemplateSubject;

constexpr std::string_view k_usage =
    "usage: reviewdb template create NAME SOURCE | refresh NAME [SOURCE] | list | get NAME | "
    "delete NAME | default NAME";

std::string age_of(const TemplateDescription& found) {
    if (!found.record.refreshed_at) return "-";
    const auto age = std::chrono::system_clock::now() - *found.record.refreshed_at;
    return base::describe_duration(std::chrono::duration_cast<std::chrono::seconds>(age));
}

std::string details_of(const TemplateDescription& found,
                       std::optional<environment::Outcome> outcome) {
    const auto& record = found.record;
    std::vector<std::vector<std::string>> rows{{"name", record.name},
                                               {"project", record.project},
                                               {"state", std::string(to_text(record.state))}};
    if (outcome) rows.push_back({"outcome", std::string(to_text(*outcome))});
    rows.push_back({"source", record.source});
    if (!record.digest.empty()) rows.push_back({"digest", record.digest});
    rows.push_back({"size", base::describe_size(found.size_bytes)});
    rows.push_back({"clones", std::to_string(found.clones)});
    rows.push_back({"warm", std::to_string(found.warm)});
    rows.push_back({"default", found.is_default ? "yes" : "no"});
    if (record.refreshed_at) rows.push_back({"made", base::format_time(*record.refreshed_at)});
    return table(rows);
}

Result<int> list_templates(Session& session) {
    if (session.arguments().name) {
        return base::fail(ErrorKind::invalid_input, "template list takes no NAME",
                          "'reviewdb template get NAME' shows one");
    }
    BASE_TRY(session.must_connect());
    BASE_TRY_ASSIGN(const auto found,
                    session.server().templates(session.settings().project, session.deadline()));
    if (session.wants("json")) {
        print_result(api::templates_json(found));
        return 0;
    }
    if (session.arguments().quiet) {
        for (const auto& one : found) print_result(one.record.name + "\n");
        return 0;
    }
    std::vector<std::vector<std::string>> rows{
        {"NAME", "STATE", "AGE", "SIZE", "CLONES", "WARM", "DEFAULT", "SOURCE"}};
    for (const auto& one : found) {
        rows.push_back({one.record.name, std::string(to_text(one.record.state)), age_of(one),
                        base::describe_size(one.size_bytes), std::to_string(one.clones),
                        std::to_string(one.warm), one.is_default ? "yes" : "", one.record.source});
    }
    print_result(table(rows));
    return 0;
}

Result<int> get_template(Session& session) {
    BASE_TRY_ASSIGN(const auto subject, named_template(session));
    BASE_TRY(session.must_connect());
    return show_template(session, subject, std::nullopt);
}

Result<int> delete_template(Session& session) {
    BASE_TRY_ASSIGN(const auto subject, named_template(session));
    BASE_TRY(session.must_connect());
    const auto& arguments = session.arguments();
    const auto found = session.manager().get_template(subject, session.deadline());
    const bool asks = found && !arguments.yes && !arguments.dry_run && someone_can_answer();
    if (asks && !says_yes(details_of(*found, std::nullopt) +
                          fmt::format("Delete the template '{}'? What was cloned from it stays.",
                                      subject.name))) {
        return 1;
    }
    BASE_TRY_ASSIGN(const auto answer, session.manager().forget_template(
                                           subject, session.execution(), session.patience()));
    session.end_progress();
    for (const auto& remark : answer.remarks) session.notice("reviewdb: " + remark);
    print_result(session.wants("json")
                     ? api::template_outcome_json(subject, answer)
                     : fmt::format("{}: {}\n", subject.name, to_text(answer.outcome)));
    return 0;
}

Result<int> choose_default(Session& session) {
    const auto& name = session.arguments().name;
    if (!name || *name != environment::k_empty) BASE_TRY(named_template(session));
    BASE_TRY(session.must_connect());
    const auto& project = session.settings().project;
    if (*name != environment::k_empty) {
        BASE_TRY(session.manager().get_template({project, *name}, session.deadline()));
    }
    BASE_TRY(session.server().set_policy(project.text(), "template", *name, session.actor(),
                                         session.deadline()));
    session.notice(fmt::format("reviewdb: new environments are cloned from {} now", *name));
    return 0;
}

}  // namespace

Result<TemplateSubject> named_template(const Session& session) {
    const auto& name = session.arguments().name;
    if (!name) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("template {} takes a NAME", session.arguments().action),
                          std::string(k_usage));
    }
    BASE_TRY(environment::check_template_name(*name));
    return TemplateSubject{session.settings().project, *name};
}

Result<int> show_template(Session& session, const TemplateSubject& subject,
                          std::optional<environment::Outcome> outcome) {
    BASE_TRY_ASSIGN(const auto found, session.manager().get_template(subject, session.patience()));
    session.end_progress();
    if (session.wants("json")) {
        print_result(api::template_json(found, outcome));
    } else if (session.arguments().quiet) {
        print_result(found.record.name + "\n");
    } else {
        print_result(details_of(found, outcome));
    }
    return 0;
}

Result<void> check_template_choice(const std::optional<std::string>& name) {
    const bool reserved = name && (*name == environment::k_empty || *name == environment::k_auto);
    if (!name || reserved) return {};
    auto checked = environment::check_template_name(*name);
    if (!checked) return base::fail(std::move(checked).error().during("--template"));
    return {};
}

Result<int> run_template(Session& session) {
    const auto& action = session.arguments().action;
    if (action == "create" || action == "refresh") return make_template(session);
    if (action == "list") return list_templates(session);
    if (action == "get") return get_template(session);
    if (action == "delete") return delete_template(session);
    if (action == "default") return choose_default(session);
    return base::fail(ErrorKind::invalid_input,
                      action.empty() ? "template takes one of create, refresh, list, get, delete, "
                                       "default"
                                     : fmt::format("template does not know '{}'", action),
                      std::string(k_usage));
}

}  // namespace cli
