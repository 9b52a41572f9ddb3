// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "api/json.h"
#include "app/cli/print.h"
#include "app/cli/session.h"
#include "app/cli/show.h"
#include "app/cli/verbs.h"
#include "base/duration.h"
#include "base/size.h"

namespace cli {

namespace {

using base::Result;
using environment::Share;

std::string in_words(const Share& share) {
    return share.count == 0
               ? std::string("0")
               : fmt::format("{}  ({})", share.count, base::describe_size(share.bytes));
}

// "3  (22.5 MB): 2 ready, 1 closed"
std::string environments_in_words(const environment::Usage& usage) {
    auto text = in_words(all_environments(usage));
    const char* between = ": ";
    for (const auto& [state, share] : usage.environments) {
        text += fmt::format("{}{} {}", between, share.count, environment::to_text(state));
        between = ", ";
    }
    return text;
}

std::string oldest_in_words(const environment::Usage& usage) {
    if (!usage.oldest) return "none";
    const auto age =
        std::chrono::duration_cast<std::chrono::seconds>(usage.now - usage.oldest->created_at);
    return fmt::format("{} of project {}, {}", usage.oldest->name, usage.oldest->project,
                       base::describe_duration(age));
}

std::string_view meaning(std::string_view event) {
    if (event == "abandoned") return "abandoned, never finished";
    if (event == "released") return "released, handed over";
    if (event == "swept") return "swept, its branch gone";
    if (event == "expired") return "expired, its time over";
    if (event == "purged") return "purged from the trash";
    return event;
}

}  // namespace

std::string usage_lines(const environment::Usage& usage) {
    std::vector<std::vector<std::string>> rows{
        {"project", usage.project ? usage.project->text() : "all"},
        {"at", base::format_time(usage.now)},
        {"environments", environments_in_words(usage)},
        {"oldest", oldest_in_words(usage)},
        {"connections",
         fmt::format("{} of environments, {} of everybody, room for {}", usage.connections,
                     usage.server_connections, usage.connection_limit)},
        {"secrets", std::to_string(usage.secrets)},
        {"warm", in_words(usage.warm)},
        {"templates", in_words(usage.templates)},
        {"trash", in_words(usage.trash)},
        {"unfinished", in_words(usage.unfinished)}};
    const auto month = base::format_time(usage.month_began_at).substr(0, 7);
    for (const auto event : environment::k_removals) {
        const auto found = usage.removed.find(std::string(event));
        if (found == usage.removed.end()) continue;
        rows.push_back(
            {"in " + month, fmt::format("{} {}", meaning(event), in_words(found->second))});
    }
    rows.push_back({"in " + month, "leaks reclaimed " + in_words(leaks_reclaimed(usage))});
    return table(rows);
}

Result<int> run_report(Session& session) {
    BASE_TRY(session.must_connect());
    const auto whose =
        session.arguments().all_projects ? std::nullopt : std::optional(session.settings().project);
    BASE_TRY_ASSIGN(const auto usage, session.server().usage(whose, session.deadline()));
    print_result(session.wants("json") ? api::usage_json(usage) : usage_lines(usage));
    return 0;
}

}  // namespace cli
