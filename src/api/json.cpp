// SPDX-License-Identifier: Apache-2.0
#include "api/json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "api/indented.h"
#include "api/values.h"
#include "base/duration.h"

namespace api {

namespace {

namespace json = boost::json;

json::object to_object(const environment::Description& description,
                       std::optional<environment::Outcome> outcome, bool warm) {
    const auto& record = description.environment;
    json::object object;
    object["name"] = record.name;
    object["project"] = record.project;
    object["repository"] = or_null(record.origin.repository);
    object["ref"] = or_null(record.origin.ref);
    object["state"] = environment::to_text(record.state);
    if (outcome) {
        object["outcome"] = environment::to_text(*outcome);
        object["warm"] = warm;
    }
    object["database"] = or_null(description.database);
    object["role"] = or_null(description.role);
    object["host"] = or_null(description.host);
    object["port"] = description.port;
    object["template"] = or_null(description.database_template);
    object["secret"] = or_null(record.secret);
    json::object labels;
    for (const auto& [key, value] : record.labels) labels[key] = value;
    object["labels"] = std::move(labels);
    object["pull_request"] = or_null(record.origin.pull_request);
    object["commit"] = or_null(record.origin.commit);
    object["created_at"] = base::format_time(record.created_at);
    object["expires_at"] = or_null(record.expires_at);
    object["protected"] = record.shielded;
    if (description.size_bytes) object["size_bytes"] = *description.size_bytes;
    return object;
}

json::object to_object(const base::Error& error) {
    const auto& facts = base::facts_of(error.kind);
    return {{"code", facts.name},
            {"message", error.message},
            {"hint", or_null(error.hint)},
            {"retryable", facts.retryable}};
}

std::string under(std::string_view key, json::value value) {
    json::object object;
    object[key] = std::move(value);
    return indented(object);
}

}  // namespace

std::string to_json(const environment::Description& description,
                    std::optional<environment::Outcome> outcome, bool warm,
                    const std::vector<std::string>& remarks) {
    auto object = to_object(description, outcome, warm);
    if (!remarks.empty()) object["remarks"] = json::array(remarks.begin(), remarks.end());
    return indented(object);
}

std::string list_json(const std::vector<environment::Description>& descriptions) {
    json::array list;
    for (const auto& one : descriptions) list.emplace_back(to_object(one, std::nullopt, false));
    return under("environments", std::move(list));
}

std::string steps_json(environment::Outcome outcome, const std::vector<environment::Step>& steps,
                       const std::vector<std::string>& remarks) {
    return indented(json::object{{"outcome", environment::to_text(outcome)},
                                 {"steps", to_array(steps)},
                                 {"remarks", json::array(remarks.begin(), remarks.end())}});
}

std::string reports_json(const std::vector<environment::Report>& reports) {
    json::array list;
    for (const auto& report : reports) {
        json::object object{{"name", report.subject.name.text()},
                            {"project", report.subject.project.text()}};
        if (report.result) {
            object["outcome"] = environment::to_text(report.result->outcome);
            object["steps"] = to_array(report.result->steps);
        } else {
            object["error"] = to_object(report.result.error());
        }
        list.emplace_back(std::move(object));
    }
    return under("reports", std::move(list));
}

std::string error_json(const base::Error& error) { return under("error", to_object(error)); }

std::string history_json(const std::vector<environment::HistoryEntry>& entries) {
    json::array list;
    for (const auto& entry : entries) {
        json::object object;
        object["at"] = base::format_time(entry.at);
        object["project"] = entry.project;
        object["name"] = or_null(entry.name);
        object["event"] = entry.event;
        object["reason"] = entry.reason;
        object["actor"] = entry.actor;
        object["door"] = entry.door;
        object["program"] = entry.program;
        if (environment::tells_of_removal(entry.event)) {
            object["database"] = or_null(entry.database);
            object["size_bytes"] = or_null(entry.size_bytes);
            object["age_seconds"] = entry.age ? json::value(entry.age->count()) : nullptr;
        }
        list.emplace_back(std::move(object));
    }
    return under("history", std::move(list));
}

std::string policy_json(const std::vector<environment::PolicyValue>& values) {
    json::array list;
    for (const auto& value : values) {
        json::object object;
        object["key"] = value.key;
        object["value"] = value.value;
        object["origin"] = value.origin;
        object["meaning"] = value.meaning;
        list.emplace_back(std::move(object));
    }
    return under("policy", std::move(list));
}

}  // namespace api
