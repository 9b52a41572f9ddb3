// SPDX-License-Identifier: Apache-2.0
#include "api/drop_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.h"

namespace api {

namespace {

namespace json = boost::json;
using base::ErrorKind;
using base::Result;
using environment::Outcome;

// What JavaScript makes of a value in a text: the former Lambda took numbers and lists of one, too.
std::string as_text(const json::value& value) {
    if (value.is_string()) return std::string(value.get_string());
    if (value.is_int64() || value.is_uint64()) return json::serialize(value);
    if (value.is_array() && value.get_array().size() == 1) return as_text(value.get_array()[0]);
    return {};
}

std::string member(const json::object& event, std::string_view key) {
    const auto* value = event.if_contains(key);
    return value == nullptr ? std::string() : as_text(*value);
}

tl::unexpected<base::Error> invalid(std::string message) {
    return base::fail(ErrorKind::invalid_input, std::move(message));
}

Result<DropInAction> action_of(const json::object& event) {
    const auto action = member(event, "action");
    if (action == "create") return DropInAction::create;
    if (action == "delete") return DropInAction::remove;
    if (action.empty()) return invalid("Action is required (create or delete)");
    return invalid(fmt::format("Invalid action: {}. Must be 'create' or 'delete'",
                               environment::is_clean_utf8(action) ? action : "?"));
}

// As the stage is written, where AWS takes such a name: a stack made the secret under it.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
std::string default_secret(const environment::Project& project, const environment::Name& stage) {
    const auto& raw = stage.text();
    constexpr std::string_view k_signs = "/_+=.@-";
    const bool fits = std::ranges::all_of(raw, [&](char c) {
        return base::is_alphanumeric(c) || k_signs.find(c) != std::string_view::npos;
    });
    auto plain = fmt::format("aurora_postgres_{}_cdk", raw);
    if (fits && plain.size() <= environment::k_longest_secret_name) return plain;
    return environment::NamePattern::parse(k_drop_in_secrets)
        ->apply(project, stage, environment::k_longest_secret_name);
}

environment::Candidate former_names(const environment::Project& prefix, std::string_view stage) {
    return {fmt::format("{}_{}", prefix.text(), stage),
            fmt::format("{}_user_{}", prefix.text(), stage)};
}

std::string_view operation_of(DropInAction action) {
    return action == DropInAction::create ? "createLogicalDatabase" : "deleteLogicalDatabase";
}

std::string wrapped(int status, const json::object& body) {
    return json::serialize(json::object{{"statusCode", status}, {"body", json::serialize(body)}});
}

}  // namespace

Result<DropIn> parse_drop_in(std::string_view text, std::string_view prefix) {
    boost::system::error_code problem;
    const auto value = json::parse(text, problem);
    if (problem || !value.is_object()) return invalid("the event is not a JSON object");
    const auto& event = value.get_object();
    BASE_TRY_ASSIGN(const auto action, action_of(event));
    const auto stage = member(event, "stageName");
    if (stage.empty()) return invalid("Stage name is required");
    auto administrator = member(event, "devDbSecretArn");
    if (administrator.empty()) return invalid("Dev database secret ARN is required");
    BASE_TRY_ASSIGN(auto name, environment::Name::parse(stage));
    auto own_prefix = member(event, "dbNamePrefix");
    if (own_prefix.empty()) own_prefix = prefix.empty() ? "reviewapp" : std::string(prefix);
    auto project = environment::Project::parse(own_prefix);
    if (!project) return base::fail(std::move(project).error().during("dbNamePrefix"));
    auto secret = member(event, "prSecretName");
    if (secret.empty()) secret = default_secret(*project, name);
    auto incumbent = former_names(*project, stage);
    return DropIn{action,
                  std::move(name),
                  *std::move(project),
                  std::move(administrator),
                  std::move(secret),
                  std::move(incumbent)};
}

environment::CreateWish drop_in_wish(const DropIn& event, std::string_view administrators) {
    environment::CreateWish wish{event.project, event.stage, {}, {}, std::nullopt};
    wish.secret = event.secret;
    wish.adoption = environment::Adoption{event.incumbent, std::string(administrators), false};
    return wish;
}

Result<std::vector<environment::Report>> import_stages(const Import& wish,
                                                       environment::Manager& manager,
                                                       environment::Server& server,
                                                       base::Deadline deadline) {
    std::vector<std::string> stages;
    if (wish.stage) {
        stages.push_back(*wish.stage);
    } else {
        BASE_TRY_ASSIGN(stages, server.candidates(wish.project.text(), deadline));
    }
    std::vector<environment::Report> reports;
    for (const auto& stage : stages) {
        BASE_TRY_ASSIGN(const auto name, environment::Name::parse(stage));
        environment::CreateWish create{wish.project, name, {}, {}, std::nullopt};
        create.secret = default_secret(wish.project, name);
        create.adoption =
            environment::Adoption{former_names(wish.project, stage), wish.administrators, true};
        create.must_adopt = true;
        reports.push_back({{wish.project, name}, manager.create(create, wish.execution, deadline)});
    }
    return reports;
}

std::string drop_in_answer(const DropIn& event, const environment::Answer& answer) {
    const auto& known = answer.description;
    const auto database = known ? known->database : event.incumbent.database;
    const auto role = known ? known->role : event.incumbent.role;
    const auto& secret =
        known && !known->environment.secret.empty() ? known->environment.secret : event.secret;
    const bool created = event.action == DropInAction::create;
    return wrapped(200,
                   {{"statusCode", 200},
                    {"message", fmt::format("Database {} and user {} {}", database, role,
                                            created ? "setup complete" : "deleted successfully")},
                    {"secretName", secret},
                    {"dbName", database},
                    {"outcome", to_text(answer.outcome)},
                    {"created", answer.outcome == Outcome::created}});
}

std::string drop_in_error(const std::optional<DropIn>& event, const base::Error& error) {
    const auto& facts = base::facts_of(error.kind);
    json::object body{{"statusCode", 500},
                      {"message", event ? fmt::format("Database operation '{}' failed: {}",
                                                      operation_of(event->action), error.message)
                                        : error.message},
                      {"error", error.message}};
    if (!error.sqlstate.empty()) body["cause"] = "SQLSTATE " + error.sqlstate;
    if (event) {
        body["operation"] = operation_of(event->action);
        body["secretName"] = event->secret;
    }
    body["code"] = facts.name;
    if (!error.hint.empty()) body["hint"] = error.hint;
    body["retryable"] = facts.retryable;
    body["created"] = false;
    return wrapped(500, body);
}

}  // namespace api
