// SPDX-License-Identifier: Apache-2.0
#include "app/lambda/function.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "api/drop_in.h"
#include "api/handlers.h"
#include "api/json.h"
#include "app/lambda/drop_in.h"
#include "app/lambda/rotation.h"
#include "base/version.h"
#include "base/words.h"

namespace lambda {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

// For the answer to get out before Lambda ends the function.
constexpr std::chrono::milliseconds k_for_the_answer(300);

std::string value_of(const Variables& variables, const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
}

std::string member(const std::string& event, std::string_view key) {
    boost::system::error_code problem;
    const auto value = boost::json::parse(event, problem);
    if (problem || !value.is_object()) return {};
    const auto* found = value.get_object().if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string())
                                                  : std::string();
}

// Off unless it is asked for.
Result<bool> parse_refill(const Variables& variables) {
    constexpr const char* k_name = "REVIEWDB_REFILL_AFTER_ANSWER";
    const auto value = value_of(variables, k_name);
    if (value == "true") return true;
    if (value == "false" || !variables.contains(k_name)) return false;
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("{} is '{}', neither true nor false", k_name, value),
                      "set it to true, or leave it out");
}

base::Error presentable(base::Error error) {
    error.message = base::presentable(error.message);
    return error;
}

Deadline deadline_of(const aws::Invocation& invocation) {
    return Deadline::after(
        std::max(std::chrono::milliseconds(1), invocation.deadline.remaining() - k_for_the_answer));
}

}  // namespace

Function::Function(Variables variables, base::Log& log)
    : variables_(std::move(variables)),
      log_(log),
      actor_{value_of(variables_, "AWS_LAMBDA_FUNCTION_NAME"), "lambda", base::program_version()} {
    if (actor_.name.empty()) actor_.name = "lambda";
}

Result<std::unique_ptr<Function>> Function::make(Variables variables, base::Log& log) {
    std::unique_ptr<Function> made(new Function(std::move(variables), log));
    BASE_TRY_ASSIGN(made->refills_, parse_refill(made->variables_));
    BASE_TRY_ASSIGN(made->account_,
                    aws::Account::open(made->variables_, server::packaged_authorities(), log));
    BASE_TRY_ASSIGN(made->administrators_,
                    Administrators::make(made->variables_, *made->account_, made->actor_, log));
    return made;
}

Result<base::Secret> Function::answer(const aws::Invocation& invocation) {
    const auto& event = invocation.event.reveal();
    served_.reset();
    const auto deadline = deadline_of(invocation);
    if (is_rotation(event)) {
        BASE_TRY_ASSIGN(const auto rotation, parse_rotation(event));
        BASE_TRY(Rotation(*account_, *administrators_, log_).perform(rotation, deadline));
        return base::Secret("null");
    }
    if (member(event, "action") == "maintain") return maintain(event, deadline);
    if (!member(event, "operation").empty()) return answer_request(event, deadline);
    return answer_drop_in(event, deadline);
}

base::Secret Function::answer_drop_in(const std::string& event, Deadline deadline) {
    const auto parsed = api::parse_drop_in(event, value_of(variables_, "DB_NAME_PREFIX"));
    if (!parsed) {
        log_.warning("an event that cannot be understood: {}", parsed.error().message);
        return base::Secret(api::drop_in_error(std::nullopt, presentable(parsed.error())));
    }
    environment::Answer answer;
    const auto done = administrators_->with(
        parsed->administrator,
        [&](Administrator& administrator) -> Result<void> {
            DropInWork work(administrator, actor_, settled_projects_, log_);
            BASE_TRY_ASSIGN(answer, work.perform(*parsed, deadline));
            return {};
        },
        deadline);
    if (done) {
        if (parsed->action == api::DropInAction::create) {
            served_ = Served{parsed->administrator, parsed->project};
        }
        for (const auto& remark : answer.remarks) log_.info("{}", remark);
        log_.info("{} '{}': {}", parsed->project.text(), parsed->stage.text(),
                  to_text(answer.outcome));
        return base::Secret(api::drop_in_answer(*parsed, answer));
    }
    const auto error = presentable(done.error());
    log_.warning("{} '{}': {}: {}", parsed->project.text(), parsed->stage.text(),
                 base::facts_of(error.kind).name, error.message);
    return base::Secret(api::drop_in_error(*parsed, error));
}

base::Secret Function::answer_request(const std::string& event, Deadline deadline) {
    base::Secret told;
    const auto handle = [&]() -> Result<void> {
        BASE_TRY_ASSIGN(const auto server, administrators_->choose(member(event, "server")));
        return administrators_->with(
            server,
            [&](Administrator& administrator) -> Result<void> {
                BASE_TRY_ASSIGN(told,
                                api::handle(event, {*administrator.manager, *administrator.beside,
                                                    *administrator.server, actor_, deadline}));
                note_request(event, server);
                return {};
            },
            deadline);
    };
    const auto done = handle();
    if (done) return told;
    const auto error = presentable(done.error());
    log_.warning("{}: {}: {}", member(event, "operation"), base::facts_of(error.kind).name,
                 error.message);
    return base::Secret(api::error_json(error));
}

// What no source is needed for: what has expired, and what was left. Never more than a part of the
// time, and what cannot be swept keeps nobody else from being maintained.
Result<void> Function::sweep(Administrator& administrator, Deadline deadline) {
    const auto measured = administrator.server->refresh_sizes(deadline);
    if (!measured) log_.warning("sizes: {}", base::presentable(measured.error().message));
    BASE_TRY_ASSIGN(const auto projects, administrator.server->inhabited_projects(deadline));
    for (const auto& project : projects) {
        if (deadline.passed()) return {};
        const auto swept = administrator.manager->sweep(
            {project, std::nullopt, {}}, environment::Execution::carry_out, deadline);
        if (!swept) {
            log_.warning("sweep of {}: {}", project.text(),
                         base::presentable(swept.error().message));
            continue;
        }
        for (const auto& finding : swept->findings) {
            log_.info("sweep of {}: {} '{}' {}: {}{}{}", project.text(), to_text(finding.kind),
                      finding.name, finding.database, finding.reason,
                      finding.left.empty() ? "" : "; left: ", finding.left);
        }
    }
    return {};
}

void Function::note_request(const std::string& event, const std::string& administrator) {
    const auto operation = member(event, "operation");
    if (operation != "create" && operation != "reset") return;
    const auto named = member(event, "project");
    auto project = environment::Project::parse(named.empty() ? "review" : named);
    if (project) served_ = Served{administrator, *std::move(project)};
}

// As far as the time allows: the next event of its kind goes on.
Result<void> Function::fill_pool(Administrator& administrator, const environment::Project& project,
                                 Deadline deadline) {
    constexpr int k_all_of_them = 1000000;
    BASE_TRY_ASSIGN(const auto filled,
                    administrator.manager->fill_pool(project, k_all_of_them, deadline));
    const bool changed = filled.built > 0 || filled.retired > 0 || !filled.held.empty();
    log_.write(changed ? base::LogLevel::info : base::LogLevel::debug,
               fmt::format("pool of {}: built {}, retired {}{}", project.text(), filled.built,
                           filled.retired,
                           filled.held.empty() ? "" : "; nothing more now: " + filled.held));
    return {};
}

// What cannot be filled keeps nobody else's from being filled.
Result<void> Function::fill_pools(Administrator& administrator, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto projects, administrator.server->pooled_projects(deadline));
    for (const auto& project : projects) {
        const auto filled = fill_pool(administrator, project, deadline);
        if (!filled && filled.error().kind == ErrorKind::deadline) return {};
        if (!filled) {
            log_.warning("pool of {}: {}", project.text(),
                         base::presentable(filled.error().message));
        }
    }
    return {};
}

void Function::refill(const aws::Invocation& invocation) {
    if (!refills_ || !served_) return;
    const auto deadline = deadline_of(invocation);
    const auto done = administrators_->with(
        served_->administrator,
        [&](Administrator& administrator) {
            return fill_pool(administrator, served_->project, deadline);
        },
        deadline);
    if (!done) {
        log_.warning("pool of {}: {}", served_->project.text(),
                     base::presentable(done.error().message));
    }
}

Result<base::Secret> Function::maintain(const std::string& event, Deadline deadline) {
    auto servers = administrators_->listed();
    const auto named = member(event, "devDbSecretArn");
    if (!named.empty()) servers = {named};
    if (servers.empty()) {
        return base::fail(ErrorKind::invalid_input, "there is no server to maintain",
                          "list its administrator's secret in REVIEWDB_SERVER");
    }
    std::vector<environment::Report> reports;
    std::vector<base::Error> failures;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const auto share = deadline.remaining() / static_cast<int>(servers.size() - i);
        auto done = maintain_one(servers[i], reports, deadline.at_most(share));
        if (done) continue;
        log_.warning("maintain of {}: {}", servers[i], base::presentable(done.error().message));
        failures.push_back(std::move(done).error().during("cannot maintain " + servers[i]));
    }
    log_.info("maintained {} of {} servers: {} were pending", servers.size() - failures.size(),
              servers.size(), reports.size());
    if (failures.empty()) return base::Secret(api::reports_json(reports));
    auto error = std::move(failures.front());
    error.message += fmt::format(" ({} of {} servers were maintained)",
                                 servers.size() - failures.size(), servers.size());
    return base::fail(std::move(error));
}

// What other servers wait for does not depend on this one.
Result<void> Function::maintain_one(const std::string& server,
                                    std::vector<environment::Report>& reports, Deadline deadline) {
    const auto look_after = [&](Administrator& administrator) -> Result<void> {
        BASE_TRY_ASSIGN(auto pending, administrator.manager->finish_pending(deadline));
        std::move(pending.begin(), pending.end(), std::back_inserter(reports));
        BASE_TRY(sweep(administrator, deadline));
        return fill_pools(administrator, deadline);
    };
    return administrators_->with(server, look_after, deadline);
}

}  // namespace lambda
