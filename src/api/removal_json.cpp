// SPDX-License-Identifier: Apache-2.0
#include "api/removal_json.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "api/indented.h"
#include "api/values.h"
#include "base/duration.h"

namespace api {

namespace {

namespace json = boost::json;

json::value size_or_null(const std::optional<std::int64_t>& size) {
    return size ? json::value(*size) : json::value(nullptr);
}

json::object to_object(const environment::Trashed& trashed) {
    json::object object;
    object["name"] = trashed.former ? or_null(trashed.former->name) : json::value(nullptr);
    object["project"] = trashed.former ? or_null(trashed.former->project) : json::value(nullptr);
    object["instance"] = trashed.instance.id.to_string();
    object["database"] = trashed.instance.database;
    object["template"] = or_null(trashed.instance.database_template);
    object["deleted_at"] = base::format_time(trashed.let_go_at);
    object["keep_until"] = or_null(trashed.instance.keep_until);
    object["by_reset"] = trashed.by_reset;
    const bool told = !trashed.by_reset && trashed.former && trashed.former->retirement;
    object["removed_as"] = told ? trashed.former->retirement->told_as
                                : std::string(trashed.by_reset ? "reset" : "deleted");
    object["restorable"] = trashed.is_there;
    object["size_bytes"] = size_or_null(trashed.size_bytes);
    return object;
}

json::object to_object(const environment::Finding& finding) {
    json::object object;
    object["kind"] = environment::to_text(finding.kind);
    object["name"] = or_null(finding.name);
    object["database"] = or_null(finding.database);
    object["reason"] = finding.reason;
    object["left"] = or_null(finding.left);
    object["due"] = finding.is_due;
    object["age_seconds"] = finding.age.count();
    object["size_bytes"] = size_or_null(finding.size_bytes);
    return object;
}

}  // namespace

std::string trash_json(const std::vector<environment::Trashed>& found) {
    json::array list;
    for (const auto& one : found) list.emplace_back(to_object(one));
    return indented(json::object{{"trash", std::move(list)}});
}

std::string sweep_json(const environment::SweepReport& report) {
    json::array found;
    for (const auto& finding : report.findings) found.emplace_back(to_object(finding));
    const auto left = std::ranges::count_if(report.findings, [](const auto& finding) {
        return finding.is_due && !finding.left.empty();
    });
    json::array remarks(report.remarks.begin(), report.remarks.end());
    return indented(json::object{{"found", std::move(found)},
                                 {"left", left},
                                 {"unjudged", report.unjudged},
                                 {"remarks", std::move(remarks)}});
}

}  // namespace api
