// SPDX-License-Identifier: Apache-2.0
//
// Requests about what is made before anybody asks: templates, and the pool. Of templates only what
// needs no files and no client tools: those are made from environments.
#include <fmt/format.h>

#include "api/recipe.h"
#include "api/request.h"
#include "api/supply_json.h"

namespace api {

namespace {

using base::ErrorKind;
using base::Result;
using environment::Execution;

constexpr int k_most_at_a_time = 1000000;

// What an environment has is there already.
Result<std::vector<std::string>> nothing_more(const environment::Target& /*target*/,
                                              const environment::Credentials& /*credentials*/,
                                              base::Deadline /*deadline*/) {
    return std::vector<std::string>();
}

Result<void> check_former(const Request& request, const environment::TemplateSubject& subject,
                          const Recipe& recipe) {
    const auto former = request.hands.manager.get_template(subject, request.hands.deadline);
    if (former) return check_scrubbed(recipe, *former);
    if (former.error().kind == ErrorKind::not_found) return {};
    return base::fail(former.error());
}

}  // namespace

Result<base::Secret> list_templates(const Request& request) {
    BASE_TRY(request.members.nothing_else());
    BASE_TRY_ASSIGN(const auto found,
                    request.hands.server.templates(request.project, request.hands.deadline));
    return base::Secret(templates_json(found));
}

Result<base::Secret> make_template(const Request& request) {
    BASE_TRY_ASSIGN(const auto name, request.members.text("name"));
    BASE_TRY_ASSIGN(const auto origin, request.members.text("environment"));
    BASE_TRY(request.members.nothing_else());
    if (!name || !origin) {
        return base::fail(ErrorKind::invalid_input,
                          "the request does not say which template is made from which environment",
                          R"(add "name" and "environment")");
    }
    BASE_TRY(environment::check_template_name(*name));
    BASE_TRY_ASSIGN(auto origin_name, environment::Name::parse(*origin));
    const environment::TemplateSubject subject{request.project, *name};
    Recipe recipe;
    recipe.environment = *origin;
    BASE_TRY(check_former(request, subject, recipe));
    environment::TemplateWish wish{subject, "the environment " + *origin, to_json(recipe), {}};
    const auto& hands = request.hands;
    BASE_TRY_ASSIGN(const auto answer,
                    hands.manager.make_template_from({request.project, std::move(origin_name)},
                                                     std::move(wish), nothing_more, hands.beside,
                                                     request.execution, hands.deadline));
    if (request.execution == Execution::dry_run) {
        return base::Secret(template_outcome_json(subject, answer));
    }
    BASE_TRY_ASSIGN(const auto found, hands.manager.get_template(subject, hands.deadline));
    return base::Secret(template_json(found, answer.outcome));
}

// The pool; with `target` sets it first, with `fill` fills it as far as the time allows.
Result<base::Secret> answer_pool(const Request& request) {
    BASE_TRY_ASSIGN(const auto name, request.members.text("template"));
    BASE_TRY_ASSIGN(const auto target, request.members.number("target"));
    BASE_TRY_ASSIGN(const bool fill, request.members.flag("fill"));
    BASE_TRY(request.members.nothing_else());
    const auto& hands = request.hands;
    if (target) {
        BASE_TRY_ASSIGN(const auto policy, hands.server.policy(request.project, hands.deadline));
        BASE_TRY(hands.server.set_pool(request.project, name.value_or(policy.value("template")),
                                       std::max(0, *target), hands.actor, hands.deadline));
    }
    std::optional<environment::PoolReport> report;
    if (fill) {
        BASE_TRY_ASSIGN(report,
                        hands.manager.fill_pool(request.project, k_most_at_a_time, hands.deadline));
    }
    BASE_TRY_ASSIGN(const auto facts, hands.server.observe_pool(request.project, hands.deadline));
    return base::Secret(pool_json(facts, report));
}

}  // namespace api
