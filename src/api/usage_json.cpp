// SPDX-License-Identifier: Apache-2.0
#include <boost/json/object.hpp>

#include "api/indented.h"
#include "api/json.h"
#include "api/values.h"
#include "base/duration.h"

namespace api {

namespace json = boost::json;

namespace {

json::object to_object(const environment::Share& share) {
    return {{"count", share.count}, {"bytes", share.bytes}};
}

json::object environments_of(const environment::Usage& usage) {
    auto all = to_object(all_environments(usage));
    json::object states;
    for (const auto& [state, share] : usage.environments) {
        states[environment::to_text(state)] = share.count;
    }
    all["states"] = std::move(states);
    return all;
}

json::object this_month(const environment::Usage& usage) {
    json::object removed;
    for (const auto event : environment::k_removals) {
        const auto found = usage.removed.find(std::string(event));
        removed[event] =
            to_object(found == usage.removed.end() ? environment::Share() : found->second);
    }
    return {{"since", base::format_time(usage.month_began_at)},
            {"removed", std::move(removed)},
            {"leaks_reclaimed", to_object(leaks_reclaimed(usage))}};
}

}  // namespace

std::string usage_json(const environment::Usage& usage) {
    json::object object;
    object["project"] = or_null(usage.project ? usage.project->text() : std::string());
    object["at"] = base::format_time(usage.now);
    object["environments"] = environments_of(usage);
    object["connections"] = json::object{{"environments", usage.connections},
                                         {"server", usage.server_connections},
                                         {"limit", usage.connection_limit}};
    object["secrets"] = usage.secrets;
    object["warm"] = to_object(usage.warm);
    object["templates"] = to_object(usage.templates);
    object["trash"] = to_object(usage.trash);
    object["unfinished"] = to_object(usage.unfinished);
    object["oldest"] = nullptr;
    if (usage.oldest) {
        object["oldest"] =
            json::object{{"project", usage.oldest->project},
                         {"name", usage.oldest->name},
                         {"created_at", base::format_time(usage.oldest->created_at)}};
    }
    object["this_month"] = this_month(usage);
    return indented(object);
}

}  // namespace api
