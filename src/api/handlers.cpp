// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/object.hpp>
#include <functional>

#include "api/drop_in.h"
#include "api/indented.h"
#include "api/json.h"
#include "api/request.h"
#include "base/duration.h"
#include "environment/default_name.h"
#include "environment/secret_value.h"
#include "environment/standing.h"

namespace api {

namespace {

using base::ErrorKind;
using base::Result;
using environment::Answer;
using environment::Execution;
using environment::Outcome;
using environment::Project;
using environment::Wish;

using Handler = Result<base::Secret> (*)(const Request& request);

constexpr int k_most_history = 100;

Result<environment::Name> name_of(const Request& request) {
    BASE_TRY_ASSIGN(const auto name, request.members.text("name"));
    if (!name)
        return base::fail(ErrorKind::invalid_input, "the request names no environment",
                          R"(add "name": the branch, stage or pull request)");
    return environment::Name::parse(environment::given_name(*name));
}

}  // namespace

Result<Wish> wish_of(const Request& request) {
    BASE_TRY_ASSIGN(auto name, name_of(request));
    BASE_TRY_ASSIGN(auto repository, request.members.text("repository"));
    BASE_TRY_ASSIGN(auto reason, request.members.text("reason"));
    return Wish{request.project,
                std::move(name),
                std::move(repository).value_or(""),
                std::move(reason).value_or(""),
                {}};
}

base::Secret told(const Request& request, const Wish& wish, const Answer& answer) {
    if (request.execution == Execution::dry_run) {
        return base::Secret(steps_json(answer.outcome, answer.steps, answer.remarks));
    }
    const bool gone = answer.outcome == Outcome::deleted || answer.outcome == Outcome::absent;
    if (answer.description && !gone) {
        return base::Secret(to_json(*answer.description, answer.outcome, answer.warm));
    }
    return base::Secret(indented(boost::json::object{{"name", wish.name.text()},
                                                     {"project", wish.project.text()},
                                                     {"outcome", to_text(answer.outcome)}}));
}

namespace {

// What new data come from; empty where the request does not say.
Result<std::string> template_of(const Request& request) {
    BASE_TRY_ASSIGN(auto name, request.members.text("template"));
    if (!name || *name == environment::k_empty) return std::move(name).value_or("");
    BASE_TRY(environment::check_template_name(*name));
    return *std::move(name);
}

Result<std::optional<std::chrono::seconds>> ttl_of(const Request& request) {
    BASE_TRY_ASSIGN(const auto text, request.members.text("ttl"));
    if (!text) return std::optional<std::chrono::seconds>();
    auto time = base::parse_duration(*text);
    if (!time) return base::fail(std::move(time).error().during("ttl"));
    return std::optional(*time);
}

// A verb about one environment that is there.
using Verb = std::function<Result<Answer>(environment::Manager&, const Wish&)>;
Result<base::Secret> change(const Request& request, const Verb& verb) {
    BASE_TRY_ASSIGN(const auto wish, wish_of(request));
    BASE_TRY(request.members.nothing_else());
    BASE_TRY_ASSIGN(const auto answer, verb(request.hands.manager, wish));
    return told(request, wish, answer);
}

Result<base::Secret> create(const Request& request) {
    auto& members = request.members;
    BASE_TRY_ASSIGN(auto wish, wish_of(request));
    environment::CreateWish create{request.project, wish.name, {}, {}, std::nullopt};
    BASE_TRY_ASSIGN(create.labels, members.texts("labels"));
    BASE_TRY_ASSIGN(create.ttl, ttl_of(request));
    BASE_TRY_ASSIGN(auto ref, members.text("ref"));
    BASE_TRY_ASSIGN(auto commit, members.text("commit"));
    BASE_TRY_ASSIGN(create.origin.pull_request, members.number("pull_request"));
    BASE_TRY_ASSIGN(create.wanted_template, template_of(request));
    BASE_TRY_ASSIGN(const bool fork, members.flag("fork"));
    BASE_TRY_ASSIGN(create.event_at, event_time_of(request));
    BASE_TRY_ASSIGN(create.forced, members.flag("force"));
    BASE_TRY(members.nothing_else());
    create.origin.repository = std::move(wish.repository);
    create.origin.ref = std::move(ref).value_or("");
    create.origin.commit = std::move(commit).value_or("");
    create.may_be_shielded = !fork;
    BASE_TRY_ASSIGN(const auto answer, request.hands.manager.create(create, request.execution,
                                                                    request.hands.deadline));
    return told(request, wish, answer);
}

Result<base::Secret> repair_all(const Request& request) {
    BASE_TRY(request.members.nothing_else());
    const auto& hands = request.hands;
    std::vector<environment::Report> reports;
    if (request.execution == Execution::dry_run) {
        BASE_TRY_ASSIGN(reports, hands.manager.examine(request.project, hands.deadline));
        return base::Secret(reports_json(reports));
    }
    BASE_TRY_ASSIGN(const auto subjects, hands.manager.subjects(request.project, hands.deadline));
    for (const auto& subject : subjects) {
        reports.push_back({subject, hands.manager.repair({subject.project, subject.name},
                                                         request.execution, hands.deadline)});
    }
    return base::Secret(reports_json(reports));
}

Result<base::Secret> repair(const Request& request) {
    BASE_TRY_ASSIGN(const bool all, request.members.flag("all"));
    if (all) return repair_all(request);
    return change(request, [&](auto& manager, const auto& wish) {
        return manager.repair(wish, request.execution, request.hands.deadline);
    });
}

Result<base::Secret> reset(const Request& request) {
    BASE_TRY_ASSIGN(const auto wanted, template_of(request));
    return change(request, [&](auto& manager, auto wish) {
        wish.wanted_template = wanted;
        return manager.reset(wish, request.execution, request.hands.deadline);
    });
}

Result<base::Secret> rotate(const Request& request) {
    BASE_TRY_ASSIGN(const bool disconnect, request.members.flag("disconnect"));
    const auto sessions = disconnect ? environment::Sessions::end : environment::Sessions::leave;
    return change(request, [&](auto& manager, const auto& wish) {
        return manager.rotate(wish, sessions, request.execution, request.hands.deadline);
    });
}

Result<base::Secret> extend(const Request& request) {
    BASE_TRY_ASSIGN(const auto ttl, ttl_of(request));
    return change(request, [&](auto& manager, const auto& wish) {
        return manager.extend(wish, ttl, request.execution, request.hands.deadline);
    });
}

template <environment::Protection wanted>
Result<base::Secret> protect(const Request& request) {
    return change(request, [&](auto& manager, const auto& wish) {
        return manager.protect(wish, wanted, request.execution, request.hands.deadline);
    });
}

Result<base::Secret> close(const Request& request) {
    return change(request, [&](auto& manager, const auto& wish) {
        return manager.close(wish, request.execution, request.hands.deadline);
    });
}

Result<base::Secret> open(const Request& request) {
    return change(request, [&](auto& manager, const auto& wish) {
        return manager.open(wish, request.execution, request.hands.deadline);
    });
}

Result<environment::Description> find(const Request& request) {
    BASE_TRY_ASSIGN(auto name, name_of(request));
    BASE_TRY(request.members.nothing_else());
    return request.hands.manager.get({request.project, std::move(name)}, request.hands.deadline);
}

Result<base::Secret> get(const Request& request) {
    BASE_TRY_ASSIGN(const auto found, find(request));
    return base::Secret(to_json(found, std::nullopt, false));
}

Result<base::Secret> url(const Request& request) {
    BASE_TRY_ASSIGN(const auto found, find(request));
    if (found.environment.state != environment::EnvironmentState::ready) {
        return base::fail(ErrorKind::unavailable,
                          fmt::format("the environment '{}' is {}, not ready",
                                      found.environment.name, to_text(found.environment.state)),
                          "create finishes it");
    }
    if (found.doubt) {
        return base::fail(environment::doubtful(
            fmt::format("the URL of '{}' was not answered", found.environment.name), *found.doubt));
    }
    const auto url = environment::connection_url(environment::connection_facts(found));
    return base::Secret(indented(boost::json::object{{"url", url.reveal()}}));
}

// Afterwards nobody can be asked for its password any more, and this answer has none.
Result<base::Secret> release(const Request& request) {
    BASE_TRY_ASSIGN(const auto wish, wish_of(request));
    BASE_TRY(request.members.nothing_else());
    BASE_TRY_ASSIGN(const auto answer,
                    request.hands.manager.release(wish, request.execution, request.hands.deadline));
    if (request.execution == Execution::dry_run) return told(request, wish, answer);
    return base::Secret(to_json(*answer.description, answer.outcome, false, answer.remarks));
}

Result<base::Secret> report(const Request& request) {
    BASE_TRY_ASSIGN(const bool everywhere, request.members.flag("all_projects"));
    BASE_TRY(request.members.nothing_else());
    const auto whose = everywhere ? std::nullopt : std::optional(request.project);
    BASE_TRY_ASSIGN(const auto usage, request.hands.server.usage(whose, request.hands.deadline));
    return base::Secret(usage_json(usage));
}

Result<base::Secret> list(const Request& request) {
    auto& members = request.members;
    environment::ListFilter filter;
    BASE_TRY_ASSIGN(const bool everywhere, members.flag("all_projects"));
    if (!everywhere) filter.project = request.project;
    BASE_TRY_ASSIGN(const auto state, members.text("state"));
    if (state) {
        BASE_TRY_ASSIGN(filter.state, environment::parse_listed_state(*state));
    }
    BASE_TRY_ASSIGN(auto repository, members.text("repository"));
    filter.repository = std::move(repository).value_or("");
    BASE_TRY_ASSIGN(filter.labels, members.texts("labels"));
    BASE_TRY_ASSIGN(filter.with_sizes, members.flag("sizes"));
    BASE_TRY(members.nothing_else());
    BASE_TRY_ASSIGN(const auto found, request.hands.manager.list(filter, request.hands.deadline));
    return base::Secret(list_json(found));
}

Result<base::Secret> history(const Request& request) {
    BASE_TRY_ASSIGN(const auto text, request.members.text("name"));
    std::optional<environment::Name> name;
    if (text) {
        BASE_TRY_ASSIGN(name, environment::Name::parse(environment::given_name(*text)));
    }
    BASE_TRY_ASSIGN(const auto most, request.members.number("most"));
    BASE_TRY(request.members.nothing_else());
    BASE_TRY_ASSIGN(const auto entries, request.hands.server.history(request.project, name,
                                                                     most.value_or(k_most_history),
                                                                     request.hands.deadline));
    return base::Secret(history_json(entries));
}

Result<base::Secret> import(const Request& request) {
    BASE_TRY_ASSIGN(auto stage, request.members.text("name"));
    BASE_TRY(request.members.nothing_else());
    const auto& hands = request.hands;
    BASE_TRY_ASSIGN(const auto reports, import_stages({request.project, std::move(stage),
                                                       hands.administrators, request.execution},
                                                      hands.manager, hands.server, hands.deadline));
    return base::Secret(reports_json(reports));
}

// The policy; with `set`, changes it first.
Result<base::Secret> config(const Request& request) {
    BASE_TRY_ASSIGN(const auto changes, request.members.texts("set"));
    BASE_TRY_ASSIGN(const bool everywhere, request.members.flag("all_projects"));
    BASE_TRY(request.members.nothing_else());
    const auto& hands = request.hands;
    for (const auto& [key, value] : changes) BASE_TRY(environment::Policy::check(key, value));
    const auto whose =
        everywhere ? environment::k_every_project : std::string_view(request.project.text());
    for (const auto& [key, value] : changes) {
        BASE_TRY(hands.server.set_policy(whose, key, value, hands.actor, hands.deadline));
    }
    BASE_TRY_ASSIGN(const auto policy, hands.server.policy(request.project, hands.deadline));
    return base::Secret(policy_json(policy.values()));
}

constexpr std::array<std::pair<std::string_view, Handler>, 24> k_handlers{{
    {"close", close},
    {"config", config},
    {"create", create},
    {"delete", remove},
    {"extend", extend},
    {"get", get},
    {"history", history},
    {"import", import},
    {"list", list},
    {"open", open},
    {"pool", answer_pool},
    {"protect", protect<environment::Protection::on>},
    {"release", release},
    {"repair", repair},
    {"report", report},
    {"reset", reset},
    {"restore", restore},
    {"rotate", rotate},
    {"sweep", sweep},
    {"template", make_template},
    {"templates", list_templates},
    {"trash", answer_trash},
    {"unprotect", protect<environment::Protection::off>},
    {"url", url},
}};

Result<Handler> find_handler(const std::string& operation) {
    std::string known;
    for (const auto& [name, handler] : k_handlers) {
        if (name == operation) return handler;
        known += fmt::format("{} ", name);
    }
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("there is no operation '{}'", operation), "known are: " + known);
}

}  // namespace

Result<base::Secret> handle(std::string_view text, const Hands& hands) {
    BASE_TRY_ASSIGN(auto members, Members::parse(text));
    BASE_TRY_ASSIGN(const auto operation, members.text("operation"));
    BASE_TRY_ASSIGN(const auto handler, find_handler(operation.value_or("")));
    BASE_TRY_ASSIGN(const auto project, members.text("project"));
    BASE_TRY_ASSIGN(auto parsed, Project::parse(project.value_or("review")));
    BASE_TRY_ASSIGN(const bool dry_run, members.flag("dry_run"));
    // Which server is meant was for the door to find out.
    BASE_TRY(members.text("server"));
    return handler(
        {members, std::move(parsed), dry_run ? Execution::dry_run : Execution::carry_out, hands});
}

}  // namespace api
