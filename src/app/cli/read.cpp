// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "api/json.h"
#include "app/cli/lookup.h"
#include "app/cli/print.h"
#include "app/cli/session.h"
#include "app/cli/show.h"
#include "app/cli/verbs.h"
#include "environment/standing.h"

namespace cli {

namespace {

using base::Result;

Result<environment::ListFilter> make_filter(const Session& session) {
    const auto& arguments = session.arguments();
    environment::ListFilter filter;
    if (!arguments.all_projects) filter.project = session.settings().project;
    if (arguments.state) {
        BASE_TRY_ASSIGN(filter.state, environment::parse_listed_state(*arguments.state));
    }
    if (arguments.repository) filter.repository = *arguments.repository;
    BASE_TRY_ASSIGN(filter.labels, parse_labels(arguments.labels));
    filter.with_sizes = arguments.with_sizes;
    return filter;
}

}  // namespace

Result<int> run_get(Session& session) {
    BASE_TRY_ASSIGN(const auto subject, session.reach_subject());
    BASE_TRY_ASSIGN(const auto found, find_environment(session, subject));
    if (found.doubt) session.notice("reviewdb: " + environment::remark_of(*found.doubt));
    if (session.wants("json")) {
        print_result(api::to_json(found, std::nullopt, false));
    } else if (session.arguments().quiet) {
        print_result(found.environment.name + "\n");
    } else {
        print_result(details(found, std::nullopt, std::chrono::system_clock::now()));
    }
    return 0;
}

Result<int> run_list(Session& session) {
    BASE_TRY_ASSIGN(const auto filter, make_filter(session));
    BASE_TRY_ASSIGN(const bool there, session.connect(Missing::leave));
    std::vector<environment::Description> found;
    if (there) {
        BASE_TRY_ASSIGN(found, session.manager().list(filter, session.deadline()));
    } else {
        session.notice("reviewdb: there is no local server yet; 'reviewdb create' makes one");
    }
    const auto& arguments = session.arguments();
    if (session.wants("json")) {
        print_result(api::list_json(found));
    } else if (arguments.quiet) {
        std::string names;
        for (const auto& one : found) names += one.environment.name + "\n";
        print_result(names);
    } else {
        print_result(overview(found, arguments.all_projects, arguments.with_sizes,
                              std::chrono::system_clock::now()));
    }
    return 0;
}

Result<int> run_history(Session& session) {
    std::optional<environment::Name> name;
    if (session.arguments().name) {
        BASE_TRY_ASSIGN(
            name, environment::Name::parse(environment::given_name(*session.arguments().name)));
    }
    BASE_TRY_ASSIGN(const bool there, session.connect(Missing::leave));
    std::vector<environment::HistoryEntry> entries;
    if (there) {
        BASE_TRY_ASSIGN(entries,
                        session.server().history(session.settings().project, name,
                                                 session.arguments().most, session.deadline()));
    }
    if (session.wants("json")) {
        print_result(api::history_json(entries));
    } else if (entries.empty()) {
        session.notice(fmt::format("reviewdb: history tells nothing{} in project {}",
                                   name ? " of '" + name->text() + "'" : std::string(),
                                   session.settings().project.text()));
    } else {
        print_result(history_lines(entries, name ? Names::leave_out : Names::show));
    }
    return 0;
}

}  // namespace cli
