// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include "api/json.h"
#include "app/cli/access.h"
#include "app/cli/formats.h"
#include "app/cli/print.h"
#include "app/cli/session.h"
#include "app/cli/show.h"
#include "app/cli/template.h"
#include "app/cli/verbs.h"
#include "base/duration.h"

namespace cli {

namespace {

using base::Result;

Result<environment::CreateWish> create_wish(const Session& session, const Found& found) {
    const auto& arguments = session.arguments();
    BASE_TRY_ASSIGN(auto name, environment::Name::parse(found.name));
    BASE_TRY_ASSIGN(auto labels, parse_labels(arguments.labels));
    std::optional<std::chrono::seconds> ttl;
    if (arguments.ttl) {
        auto parsed = base::parse_duration(*arguments.ttl);
        if (!parsed) return base::fail(std::move(parsed).error().during("--ttl"));
        ttl = *parsed;
    }
    BASE_TRY(environment::check(found.origin));
    BASE_TRY(check_template_choice(arguments.wanted_template));
    return environment::CreateWish{.project = session.settings().project,
                                   .name = std::move(name),
                                   .origin = found.origin,
                                   .labels = std::move(labels),
                                   .ttl = ttl,
                                   .may_be_shielded = found.may_be_shielded,
                                   .wanted_template = arguments.wanted_template.value_or(""),
                                   .event_at = found.event_at,
                                   .forced = arguments.force};
}

// Creates; a server without a registry is prepared first, where that may be.
Result<environment::Answer> create_or_prepare(Session& session,
                                              const environment::CreateWish& wish) {
    const auto execution = session.execution();
    auto answer = session.manager().create(wish, execution, session.deadline());
    if (answer || answer.error().sqlstate != "3D000") return answer;
    if (session.arguments().dry_run) {
        return base::fail(std::move(answer).error().with_hint(
            "create would prepare the server first; 'reviewdb init --print-sql' shows how"));
    }
    BASE_TRY(session.prepare());
    return session.manager().create(wish, execution, session.deadline());
}

std::string as_table(const environment::Answer& answer, bool dry_run) {
    if (dry_run) {
        return answer.steps.empty() ? "nothing to do\n" : step_lines(answer.steps);
    }
    return details(*answer.description, answer.outcome, std::chrono::system_clock::now());
}

Result<void> print_route(const Session& session, const pg::ConnectionInfo& route) {
    mask(route, session.variables());
    if (session.wants("github")) return append_to_github(route, session.variables());
    if (session.wants("url")) {
        print_result(route.to_uri().reveal() + "\n");
        return {};
    }
    BASE_TRY_ASSIGN(const auto text, formatted(session.arguments().output, variables_of(route)));
    print_result(text);
    return {};
}

bool prints_route(const Session& session) {
    const auto& output = session.arguments().output;
    return !output.empty() && output != "table" && output != "json";
}

// The URL without its password, and what a person does next.
std::string what_next(const pg::ConnectionInfo& route,
                      const environment::Description& description) {
    const auto bare = route.with_login(std::string(route.get("user")), base::Secret());
    return fmt::format("\n{}\nNext: reviewdb psql {}\n", bare.to_uri().reveal(),
                       shell_quoted(description.environment.name));
}

Result<void> print_created(Session& session, const environment::Answer& answer) {
    session.end_progress();
    const bool dry_run = session.arguments().dry_run;
    if (dry_run || !answer.description) {
        print_result(session.wants("json")
                         ? api::steps_json(answer.outcome, answer.steps, answer.remarks)
                         : as_table(answer, true));
        return {};
    }
    if (session.wants("json")) {
        print_result(api::to_json(*answer.description, answer.outcome, answer.warm));
        return {};
    }
    if (prints_route(session)) {
        BASE_TRY_ASSIGN(const auto route, advertised_route(*answer.description));
        return print_route(session, route);
    }
    if (session.arguments().quiet) {
        print_result(answer.description->environment.name + "\n");
    } else {
        print_result(as_table(answer, false));
        const auto route = advertised_route(*answer.description);
        if (route && isatty(STDOUT_FILENO) == 1)
            print_result(what_next(*route, *answer.description));
    }
    return {};
}

}  // namespace

Result<int> run_create(Session& session) {
    BASE_TRY_ASSIGN(auto found, session.found_name(Clone::ask_later));
    BASE_TRY_ASSIGN(auto wish, create_wish(session, found));
    const bool dry_run = session.arguments().dry_run;
    BASE_TRY_ASSIGN(const bool there,
                    session.connect(dry_run ? Missing::leave : Missing::make, found));
    wish.origin = std::move(found.origin);
    BASE_TRY(environment::check(wish.origin));
    if (!there) {
        session.notice("reviewdb: there is no local server yet; create would make one first");
        print_result(session.wants("json") ? api::steps_json(environment::Outcome::created, {}, {})
                                           : "make the local server, then the environment\n");
        return 0;
    }
    if (wish.wanted_template == environment::k_auto) {
        BASE_TRY_ASSIGN(wish.wanted_template, template_of_working_tree(session));
    }
    BASE_TRY_ASSIGN(const auto answer, create_or_prepare(session, wish));
    for (const auto& remark : answer.remarks) session.notice("reviewdb: " + remark);
    const bool runs = session.arguments().run_command && !dry_run;
    if (runs && answer.description) {
        if (session.wants("github")) BASE_TRY(print_created(session, answer));
        BASE_TRY_ASSIGN(const auto route, advertised_route(*answer.description));
        const auto& command = session.arguments().command;
        return tell_not_run(command.front(),
                            become(command, route, base::Environment::application));
    }
    BASE_TRY(print_created(session, answer));
    return 0;
}

}  // namespace cli
