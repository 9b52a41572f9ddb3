// SPDX-License-Identifier: Apache-2.0
//
// template create and refresh: from what a call says, or the last one said, to a template.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "api/recipe.h"
#include "api/supply_json.h"
#include "app/cli/access.h"
#include "app/cli/known_recipes.h"
#include "app/cli/print.h"
#include "app/cli/show.h"
#include "app/cli/template.h"
#include "base/size.h"
#include "pg/connection.h"
#include "sources/digest.h"
#include "sources/personal.h"
#include "sources/source.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;
using environment::TemplateDescription;
using environment::TemplateSubject;

// A server without a registry is prepared first, as by create.
Result<void> connect_or_prepare(Session& session) {
    BASE_TRY(session.connect(Missing::make));
    const auto there = session.server().policy(session.settings().project, session.deadline());
    if (there || there.error().sqlstate != "3D000") return {};
    return session.prepare();
}

// Nobody works in what is copied, so a helper closes the environment for that moment.
Result<environment::Answer> snapshot(Session& session, environment::TemplateWish wish,
                                     const std::string& environment_name,
                                     const environment::Filler& filler) {
    BASE_TRY_ASSIGN(auto name, environment::Name::parse(environment_name));
    const auto helper = session.helper();
    environment::Subject origin{session.settings().project, std::move(name)};
    origin.repository = repository_at_hand(session.arguments(), session.settings(),
                                           session.variables(), session.deadline());
    return session.manager().make_template_from(origin, std::move(wish), filler, *helper.manager,
                                                session.execution(), session.patience());
}

api::Recipe asked_recipe(const Arguments& arguments) {
    return {arguments.run,         arguments.from,        arguments.from_environment.value_or(""),
            arguments.scrub,       arguments.digest,      arguments.skip_foreign,
            arguments.allow_empty, arguments.schema_only, arguments.exclude_table_data,
            arguments.tables,      arguments.schemas};
}

void take_choice(const api::Recipe& stored, api::Recipe& asked) {
    asked.schema_only = stored.schema_only;
    asked.exclude_table_data = stored.exclude_table_data;
    asked.tables = stored.tables;
    asked.schemas = stored.schemas;
}

// A refresh that says nothing of a source makes it as before; personal data are scrubbed as before
// unless it says otherwise. What the registry says concerns this machine only if it is permitted.
Result<void> complete(Session& session, const TemplateDescription& former, api::Recipe& asked) {
    BASE_TRY_ASSIGN(auto stored, api::parse_recipe(former.record.recipe));
    if (asked.has_source()) {
        stored.run.clear();
        stored.from.clear();
        stored.environment.clear();
        stored.skip_foreign = false;
        stored.allow_empty = false;
    }
    if (!asked.scrub.empty()) stored.scrub.clear();
    if (!asked.digest.empty()) stored.digest.clear();
    BASE_TRY(
        permit_stored_recipe(session, {session.settings().project, former.record.name}, stored));
    if (!asked.has_source()) {
        asked.run = stored.run;
        asked.from = stored.from;
        asked.environment = stored.environment;
        asked.skip_foreign = asked.skip_foreign || stored.skip_foreign;
        asked.allow_empty = asked.allow_empty || stored.allow_empty;
    }
    // A URL is named again, and is not to bring more than before only because of that.
    const bool chooses_from_something = !asked.from.empty();
    if (!asked.chooses() && chooses_from_something) take_choice(stored, asked);
    if (asked.scrub.empty()) asked.scrub = stored.scrub;
    if (asked.digest.empty()) asked.digest = stored.digest;
    return {};
}

Result<api::Recipe> recipe_of(Session& session, const TemplateDescription* former) {
    auto asked = asked_recipe(session.arguments());
    if (former != nullptr) BASE_TRY(complete(session, *former, asked));
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

// The registry's paths are of others: only what lies below the current folder is read for them.
bool is_of_working_tree(const std::string& path) {
    std::error_code problem;
    const auto here = std::filesystem::current_path(problem);
    const auto real =
        problem ? std::filesystem::path() : std::filesystem::canonical(here / path, problem);
    if (problem || std::filesystem::path(path).is_absolute()) return false;
    const auto relative = real.lexically_relative(here);
    return !relative.empty() && *relative.begin() != ".." &&
           (std::filesystem::is_directory(real, problem) ||
            std::filesystem::is_regular_file(real, problem));
}

// Of what the template is made from, and of what scrubs it; empty where nobody asked for one.
Result<std::string> digest_of(const api::Recipe& recipe) {
    if (recipe.digest.empty()) return std::string();
    auto paths = recipe.digest;
    paths.insert(paths.end(), recipe.scrub.begin(), recipe.scrub.end());
    return sources::digest_of(paths);
}

Result<std::optional<TemplateDescription>> known_template(Session& session,
                                                          const TemplateSubject& subject) {
    auto found = session.manager().get_template(subject, session.deadline());
    if (found) return std::optional(*std::move(found));
    if (found.error().kind == ErrorKind::not_found) return std::optional<TemplateDescription>();
    return base::fail(std::move(found).error());
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

// The policy's word on data of a dump that no scrub has seen: what is to be noted.
Result<std::vector<std::string>> judge_unscrubbed(Session& session, const pg::ConnectionInfo& login,
                                                  base::Deadline deadline) {
    BASE_TRY_ASSIGN(const auto policy,
                    session.server().policy(session.settings().project, deadline));
    const auto rule = policy.value("scrub");
    if (rule == "off") return std::vector<std::string>();
    BASE_TRY_ASSIGN(const auto found, sources::find_personal_data(login, deadline));
    if (rule == "require" && found.has_rows) {
        return base::fail(
            ErrorKind::conflict,
            fmt::format("the policy scrub = require refuses a template from a dump without a "
                        "scrub; {}",
                        to_text(found)),
            "--scrub FILE takes personal data out, --schema-only takes no rows, and 'reviewdb "
            "config set scrub=warn' permits it");
    }
    if (found.count == 0) return std::vector<std::string>();
    return std::vector{
        fmt::format("there is no scrub, and {}; --scrub FILE takes personal data "
                    "out, 'reviewdb config set scrub=off' ends this warning",
                    to_text(found))};
}

environment::Filler filler_of(Session& session, const sources::Source& source) {
    return [&session, &source](const environment::Target& target,
                               const environment::Credentials& credentials,
                               base::Deadline deadline) -> Result<std::vector<std::string>> {
        const auto login = filling_login(session, target, credentials);
        BASE_TRY_ASSIGN(auto report, source.fill(login, plain(variables_of(login)), deadline));
        BASE_TRY_ASSIGN(auto scrubbed, source.scrub(login, deadline));
        BASE_TRY(gather_statistics(login, deadline));
        if (report.brings_a_dump && !source.scrubs()) {
            BASE_TRY_ASSIGN(auto warnings, judge_unscrubbed(session, login, deadline));
            std::ranges::move(warnings, std::back_inserter(report.notes));
        }
        std::ranges::move(scrubbed.notes, std::back_inserter(report.notes));
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
    return sources::Source::prepare({recipe.run, recipe.from, recipe.scrub, recipe.skip_foreign,
                                     !recipe.environment.empty(), recipe.allow_empty,
                                     sources::Choice{recipe.schema_only, recipe.exclude_table_data,
                                                     recipe.tables, recipe.schemas}},
                                    around, session.patience());
}

std::string source_text(const api::Recipe& recipe, const sources::Source& source) {
    auto text =
        recipe.environment.empty() ? std::string() : "the environment " + recipe.environment;
    const auto more = source.description();
    if (!text.empty() && !more.empty()) text += ", ";
    return text + more;
}

}  // namespace

Result<int> make_template(Session& session) {
    const auto& arguments = session.arguments();
    BASE_TRY_ASSIGN(const auto subject, named_template(session));
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
    BASE_TRY_ASSIGN(wish.digest, digest_of(recipe));
    if (!refreshes) {
        BASE_TRY(connect_or_prepare(session));
        BASE_TRY_ASSIGN(former, known_template(session, subject));
    }
    if (former) {
        BASE_TRY(api::check_scrubbed(recipe, *former));
        BASE_TRY_ASSIGN(const auto known, api::parse_recipe(former->record.recipe));
        wish.anew = wish.anew || known != kept(recipe);
    }
    const auto filler = filler_of(session, source);
    const auto made =
        recipe.environment.empty()
            ? session.manager().make_template(wish, filler, session.execution(), session.patience())
            : snapshot(session, wish, recipe.environment, filler);
    session.end_progress();
    BASE_TRY_ASSIGN(const auto answer, made);
    if (!arguments.dry_run) remember_recipe(session, subject, kept(recipe));
    for (const auto& remark : answer.remarks) session.notice("reviewdb: " + remark);
    if (!arguments.dry_run) return show_template(session, subject, answer.outcome);
    print_result(session.wants("json")  ? api::template_outcome_json(subject, answer)
                 : answer.steps.empty() ? "nothing to do\n"
                                        : step_lines(answer.steps));
    return 0;
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
        const bool is_here = recipe && std::ranges::all_of(recipe->digest, is_of_working_tree) &&
                             std::ranges::all_of(recipe->scrub, is_of_working_tree);
        const auto digest = is_here ? digest_of(*recipe) : Result<std::string>(std::string());
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

}  // namespace cli
