// SPDX-License-Identifier: Apache-2.0
//
// The verbs restore and trash: what was removed, and can still be brought back.
#include <fmt/format.h>

#include "api/json.h"
#include "api/removal_json.h"
#include "app/cli/answer.h"
#include "app/cli/print.h"
#include "app/cli/question.h"
#include "app/cli/session.h"
#include "app/cli/show.h"
#include "app/cli/verbs.h"
#include "base/duration.h"
#include "base/size.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;
using environment::Name;
using environment::Trashed;
using environment::TrashFilter;
using std::chrono::system_clock;

std::string time_until(const std::optional<environment::Time>& then, system_clock::time_point now) {
    if (!then) return "-";
    if (*then <= now) return "now";
    return "in " +
           base::describe_duration(std::chrono::duration_cast<std::chrono::seconds>(*then - now));
}

// The word of the history: deleted, swept or expired.
std::string why_removed(const Trashed& one) {
    const bool told = one.former && one.former->retirement;
    return told ? one.former->retirement->told_as : std::string("deleted");
}

std::string trash_table(const std::vector<Trashed>& found, system_clock::time_point now) {
    constexpr std::size_t k_enough = 8;
    std::vector<std::vector<std::string>> rows{
        {"NAME", "PROJECT", "INSTANCE", "WHY", "DELETED", "GONE FOR GOOD", "SIZE"}};
    for (const auto& one : found) {
        rows.push_back({one.former ? one.former->name : "-", one.former ? one.former->project : "-",
                        one.instance.id.to_string().substr(0, k_enough),
                        !one.is_there  ? std::string("dropped by hand")
                        : one.by_reset ? std::string("reset")
                                       : why_removed(one),
                        base::format_time(one.let_go_at), time_until(one.instance.keep_until, now),
                        one.size_bytes ? base::describe_size(*one.size_bytes) : "-"});
    }
    return table(rows);
}

void print_trash(Session& session, const std::vector<Trashed>& found) {
    session.end_progress();
    if (session.wants("json")) {
        print_result(api::trash_json(found));
        return;
    }
    if (!session.arguments().quiet) {
        print_result(trash_table(found, system_clock::now()));
        return;
    }
    std::string names;
    for (const auto& one : found) names += (one.former ? one.former->name : "-") + "\n";
    print_result(names);
}

Result<TrashFilter> trash_filter(const Session& session) {
    const auto& arguments = session.arguments();
    TrashFilter filter;
    if (!arguments.all_projects) filter.project = session.settings().project;
    if (arguments.name) {
        BASE_TRY_ASSIGN(filter.name, Name::parse(environment::given_name(*arguments.name)));
    }
    filter.instance = arguments.instance;
    return filter;
}

Result<int> list_trash(Session& session) {
    BASE_TRY_ASSIGN(const auto filter, trash_filter(session));
    BASE_TRY_ASSIGN(const bool there, session.connect(Missing::leave));
    std::vector<Trashed> found;
    if (there) {
        BASE_TRY_ASSIGN(found, session.manager().trash(filter, session.deadline()));
    }
    print_trash(session, found);
    return 0;
}

Result<int> empty_trash(Session& session) {
    BASE_TRY_ASSIGN(const auto filter, trash_filter(session));
    BASE_TRY(session.must_connect());
    const auto& arguments = session.arguments();
    auto& manager = session.manager();
    if (!arguments.yes && !arguments.dry_run && someone_can_answer()) {
        BASE_TRY_ASSIGN(const auto found, manager.trash(filter, session.deadline()));
        if (!found.empty() &&
            !says_yes(trash_table(found, system_clock::now()) + "Drop all of these for good?")) {
            return 1;
        }
    }
    const auto reason =
        arguments.reason.empty() ? std::string("asked for by the caller") : arguments.reason;
    // A person may have thought about it for longer than the deadline.
    BASE_TRY_ASSIGN(const auto gone,
                    manager.empty_trash(filter, reason, session.execution(), session.patience()));
    if (!arguments.dry_run) {
        session.notice(fmt::format("reviewdb: {} dropped for good", gone.size()));
    }
    print_trash(session, gone);
    return 0;
}

}  // namespace

Result<int> run_restore(Session& session) {
    const auto& arguments = session.arguments();
    if (!arguments.name) {
        return base::fail(ErrorKind::invalid_input, "restore takes the NAME of what was deleted",
                          "'reviewdb trash list' shows what is kept");
    }
    BASE_TRY_ASSIGN(const auto found, session.found_name());
    BASE_TRY_ASSIGN(auto name, Name::parse(environment::given_name(*arguments.name)));
    const TrashFilter from{session.settings().project, name, arguments.instance};
    if (arguments.as) {
        BASE_TRY_ASSIGN(name, Name::parse(environment::given_name(*arguments.as)));
    }
    const environment::Wish wish{.project = session.settings().project,
                                 .name = std::move(name),
                                 .repository = found.origin.repository,
                                 .reason = arguments.reason};
    BASE_TRY(session.must_connect());
    BASE_TRY_ASSIGN(const auto answer,
                    session.manager().restore(wish, from, session.execution(), session.deadline()));
    print_answer(session, answer);
    return 0;
}

Result<int> run_trash(Session& session) {
    const auto& action = session.arguments().action;
    if (action == "list" || action.empty()) return list_trash(session);
    if (action == "empty") return empty_trash(session);
    return base::fail(ErrorKind::invalid_input, fmt::format("trash does not know '{}'", action),
                      "usage: reviewdb trash list | empty [NAME]");
}

}  // namespace cli
