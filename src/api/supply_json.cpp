// SPDX-License-Identifier: Apache-2.0
#include "api/supply_json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "api/indented.h"
#include "api/values.h"
#include "base/duration.h"

namespace api {

namespace {

namespace json = boost::json;

json::object to_object(const environment::TemplateDescription& found) {
    const auto& record = found.record;
    json::object object;
    object["name"] = record.name;
    object["project"] = record.project;
    object["state"] = environment::to_text(record.state);
    object["source"] = or_null(record.source);
    object["digest"] = or_null(record.digest);
    object["size_bytes"] = found.size_bytes;
    object["clones"] = found.clones;
    object["warm"] = found.warm;
    object["default"] = found.is_default;
    object["created_at"] = base::format_time(record.created_at);
    object["refreshed_at"] = or_null(record.refreshed_at);
    return object;
}

}  // namespace

std::string template_json(const environment::TemplateDescription& found,
                          std::optional<environment::Outcome> outcome) {
    auto object = to_object(found);
    if (outcome) object["outcome"] = environment::to_text(*outcome);
    return indented(object);
}

std::string template_outcome_json(const environment::TemplateSubject& subject,
                                  const environment::Answer& answer) {
    return indented(json::object{{"name", subject.name},
                                 {"project", subject.project.text()},
                                 {"outcome", environment::to_text(answer.outcome)},
                                 {"steps", to_array(answer.steps)}});
}

std::string templates_json(const std::vector<environment::TemplateDescription>& found) {
    json::array list;
    for (const auto& one : found) list.emplace_back(to_object(one));
    return indented(json::object{{"templates", std::move(list)}});
}

std::string pool_json(const environment::PoolFacts& facts,
                      const std::optional<environment::PoolReport>& report) {
    json::array list;
    for (const auto& line : environment::summary(facts)) {
        list.emplace_back(json::object{{"template", line.database_template},
                                       {"target", line.target},
                                       {"warm", line.warm},
                                       {"building", line.building},
                                       {"stale", line.stale}});
    }
    json::object object{{"pool", std::move(list)}};
    if (report) {
        object["built"] = report->built;
        object["retired"] = report->retired;
        object["held"] = or_null(report->held);
    }
    return indented(object);
}

}  // namespace api
