// SPDX-License-Identifier: Apache-2.0
#include "app/cli/template.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/recipe.h"
#include "api/supply_json.h"
#include "app/cli/access.h"
#include "app/cli/print.h"
#include "app/cli/question.h"
#include "app/cli/session.h"
#include "app/cli/show.h"
#include "app/cli/verbs.h"
#include "base/duration.h"
#include "base/size.h"
#include "pg/connection.h"
#include "sources/digest.h"
#include "sources/source.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;
using environment::TemplateDescription;
using environment::TemplateSubject;

constexpr std::string_view k_usage =
    "usage: reviewdb template create NAME SOURCE | refresh NAME [SOURCE] | list | get NAME | "
    "delete NAME | default NAME";

Result<TemplateSubject> subject_of(const Session& session) {
    const auto& name = session.arguments().name;
    if (!name) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("template {} takes a NAME", session.arguments().action),
                          std::string(k_usage));
    }
    BASE_TRY(environment::check_template_name(*name));
    return TemplateSubject{session.settings().project, *name};
}

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

environment::Execution execution_of(const Session& session) {
    return session.arguments().dry_run ? environment::Execution::dry_run
                                       : environment::Execution::carry_out;
}

// A server without a registry is prepared first, as by create.
Result<void> connect_or_prepare(Session& session) {
    BASE_TRY(session.connect(Missing::make));
    const auto there = session.server().policy(session.settings().project, session.deadline());
    if (there || there.error().sqlstate != "3D000") return {};
    return session.prepare();
}

// Nobody works in what is copied, so the environment is closed meanwhile, and opened whatever
// comes.
Result<environment::Answer> snapshot(Session& session, environment::TemplateWish wish,
                                     const std::string& environment_name,
                                     const environment::Filler& filler) {
    BASE_TRY_ASSIGN(auto name, environment::Name::parse(environment_name));
    return session.manager().make_template_from({session.settings().project, std::move(name)},
                                                std::move(wish), filler, execution_of(session),
                                                session.patience());
}

api::Recipe asked_recipe(const Arguments& arguments) {
    return {arguments.run,   arguments.from,   arguments.from_environment.value_or(""),
            arguments.scrub, arguments.digest, arguments.skip_foreign};
}

// A refresh that says nothing of a source makes it as before; personal data are scrubbed as before
// unless it says otherwise.
Result<api::Recipe> recipe_of(const Session& session, const TemplateDescription* former) {
    auto asked = asked_recipe(session.arguments());
    if (former != nullptr) {
        BASE_TRY_ASSIGN(auto known, api::parse_recipe(former->record.recipe));
        if (asked.scrub.empty()) asked.scrub = known.scrub;
        if (asked.digest.empty()) asked.digest = known.digest;
        if (!asked.has_source()) {
            asked.run = known.run;
            asked.from = known.from;
            asked.environment = known.environment;
            asked.skip_foreign = asked.skip_foreign || known.skip_foreign;
        }
    }
    if (!asked.has_source()) {
        return base::fail(ErrorKind::invalid_input,
                          former == nullptr
                              ? "nothing says what the template is to be made from"
                              : "what it was made from is not known any more (a URL with a "
                                "password, or standard input)",
                          "--run 'COMMAND', --from FILE|FOLDER|DUMP|URL, or --environment NAME");
    }
    return asked;
}

// What may stand in the registry, and can be used again.
api::Recipe kept(const api::Recipe& recipe) {
    auto kept = recipe;
    if (!std::ranges::all_of(recipe.from, sources::can_be_kept)) kept.from.clear();
    return kept;
}

// The login of what fills a template: by the way that we came ourselves.
pg::ConnectionInfo filling_login(const Session& session, const environment::Target& target,
                                 const environment::Credentials& credentials) {
    environment::Description description;
    description.database = target.instance.database;
    description.role = target.role.name;
    description.password = credentials.password;
    return own_route(description, session.reached().login);
}

std::map<std::string, std::string> plain(const std::map<std::string, base::Secret>& variables) {
    std::map<std::string, std::string> plain;
    for (const auto& [name, value] : variables) plain[name] = value.reveal();
    return plain;
}

// So that no clone has to: statistics are cloned, and rows that are known to be visible to all.
Result<void> gather_statistics(const pg::ConnectionInfo& login, base::Deadline deadline) {
    BASE_TRY_ASSIGN(auto inside, pg::Connection::open(login, deadline));
    BASE_TRY(inside.run({"VACUUM (ANALYZE)"}, deadline));
    std::move(inside).close_and_wait(deadline);
    return {};
}

environment::Filler filler_of(Session& session, const sources::Source& source) {
    return [&session, &source](const environment::Target& target,
                               const environment::Credentials& credentials,
                               base::Deadline deadline) -> Result<std::vector<std::string>> {
        const auto login = filling_login(session, target, credentials);
        BASE_TRY_ASSIGN(auto report, source.fill(login, plain(variables_of(login)), deadline));
        BASE_TRY(source.scrub(login, deadline));
        BASE_TRY(gather_statistics(login, deadline));
        return std::move(report.notes);
    };
}

std::string path_of(const Variables& variables) {
    const auto found = variables.find("PATH");
    return found == variables.end() ? std::string() : found->second;
}

Result<sources::Source> prepare(Session& session, const api::Recipe& recipe) {
    const sources::Surroundings around{
        session.log(),
        {path_of(session.variables())},
        [&session](const sources::Progress& progress) {
            session.tell_progress(
                progress.of
                    ? fmt::format("{}: {} of {}", progress.what,
                                  base::describe_size(static_cast<std::int64_t>(progress.done)),
                                  base::describe_size(static_cast<std::int64_t>(*progress.of)))
                    : fmt::format("{}: {}", progress.what,
                                  base::describe_size(static_cast<std::int64_t>(progress.done))));
        }};
    return sources::Source::prepare(
        {recipe.run, recipe.from, recipe.scrub, recipe.skip_foreign, !recipe.environment.empty()},
        around, session.patience());
}

std::string source_text(const api::Recipe& recipe, const sources::Source& source) {
    auto text =
        recipe.environment.empty() ? std::string() : "the environment " + recipe.environment;
    const auto more = source.description();
    if (!text.empty() && !more.empty()) text += ", ";
    return text + more;
}

Result<int> make_template(Session& session) {
    const auto& arguments = session.arguments();
    BASE_TRY_ASSIGN(const auto subject, subject_of(session));
    const bool refreshes = arguments.action == "refresh";
    std::optional<TemplateDescription> former;
    if (refreshes) {
        BASE_TRY(session.must_connect());
        BASE_TRY_ASSIGN(former, session.manager().get_template(subject, session.deadline()));
    }
    BASE_TRY_ASSIGN(const auto recipe, recipe_of(session, former ? &*former : nullptr));
    BASE_TRY_ASSIGN(const auto source, prepare(session, recipe));
    environment::TemplateWish wish{
        subject, source_text(recipe, source), to_json(kept(recipe)), {}, arguments.anew, refreshes};
    if (!recipe.digest.empty()) {
        BASE_TRY_ASSIGN(wish.digest, sources::digest_of(recipe.digest));
    }
    if (!refreshes) BASE_TRY(connect_or_prepare(session));
    const auto filler = filler_of(session, source);
    const auto made = recipe.environment.empty()
                          ? session.manager().make_template(wish, filler, execution_of(session),
                                                            session.patience())
                          : snapshot(session, wish, recipe.environment, filler);
    session.end_progress();
    BASE_TRY_ASSIGN(const auto answer, made);
    for (const auto& remark : answer.remarks) session.notice("reviewdb: " + remark);
    if (!arguments.dry_run) return show_template(session, subject, answer.outcome);
    print_result(session.wants("json")  ? api::template_outcome_json(subject, answer)
                 : answer.steps.empty() ? "nothing to do\n"
                                        : step_lines(answer.steps));
    return 0;
}

Result<int> get_template(Session& session) {
    BASE_TRY_ASSIGN(const auto subject, subject_of(session));
    BASE_TRY(session.must_connect());
    return show_template(session, subject, std::nullopt);
}

Result<int> delete_template(Session& session) {
    BASE_TRY_ASSIGN(const auto subject, subject_of(session));
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
                                           subject, execution_of(session), session.patience()));
    session.end_progress();
    for (const auto& remark : answer.remarks) session.notice("reviewdb: " + remark);
    print_result(session.wants("json")
                     ? api::template_outcome_json(subject, answer)
                     : fmt::format("{}: {}\n", subject.name, to_text(answer.outcome)));
    return 0;
}

Result<int> choose_default(Session& session) {
    const auto& name = session.arguments().name;
    if (!name || *name != environment::k_empty) BASE_TRY(subject_of(session));
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

Result<void> check_template_choice(const std::optional<std::string>& name) {
    const bool reserved = name && (*name == environment::k_empty || *name == environment::k_auto);
    if (!name || reserved) return {};
    auto checked = environment::check_template_name(*name);
    if (!checked) return base::fail(std::move(checked).error().during("--template"));
    return {};
}

Result<std::string> template_of_working_tree(Session& session) {
    BASE_TRY_ASSIGN(const auto all,
                    session.server().templates(session.settings().project, session.deadline()));
    const TemplateDescription* newest = nullptr;
    for (const auto& one : all) {
        if (one.record.state != environment::TemplateState::ready || one.record.digest.empty()) {
            continue;
        }
        const auto recipe = api::parse_recipe(one.record.recipe);
        const auto digest = recipe ? sources::digest_of(recipe->digest) : std::string();
        const bool newer =
            newest == nullptr || one.record.refreshed_at > newest->record.refreshed_at;
        if (digest && *digest == one.record.digest && newer) newest = &one;
    }
    if (newest != nullptr) {
        session.notice(fmt::format("reviewdb: template {}, which was made from what is here",
                                   newest->record.name));
        return newest->record.name;
    }
    session.notice("reviewdb: no template was made from what is here; the project's default");
    return std::string();
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
