// SPDX-License-Identifier: Apache-2.0
#include "app/lambda/rotation.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "aws/secret_id.h"
#include "environment/secret_value.h"
#include "server/operator_login.h"

namespace lambda {

namespace {

namespace json = boost::json;
using base::Deadline;
using base::ErrorKind;
using base::Result;

constexpr std::string_view k_current = "AWSCURRENT";
constexpr std::string_view k_pending = "AWSPENDING";

std::string member(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
}

bool has(const std::vector<std::string>& stages, std::string_view stage) {
    return std::ranges::find(stages, stage) != stages.end();
}

// The value with another password; the rest as it is.
Result<base::Secret> with_password(const base::Secret& value, const base::Secret& password) {
    boost::system::error_code problem;
    auto parsed = json::parse(value.reveal(), problem);
    if (problem || !parsed.is_object()) {
        return base::fail(ErrorKind::conflict, "the administrator's secret is no JSON object");
    }
    parsed.as_object()["password"] = password.reveal();
    return base::Secret(json::serialize(parsed));
}

bool same_password(const base::Secret& one, const base::Secret& other) {
    const auto password = [](const base::Secret& value) {
        return environment::login_in_secret(value)
            .value_or(environment::ConnectionFacts())
            .password;
    };
    return password(one) == password(other);
}

tl::unexpected<base::Error> superseded(const environment::Name& name) {
    return base::fail(
        ErrorKind::conflict,
        fmt::format("the password of '{}' was rotated while Secrets Manager was rotating it",
                    name.text()),
        "cancel this rotation (aws secretsmanager cancel-rotate-secret), and start it anew");
}

}  // namespace

bool is_rotation(std::string_view event) {
    boost::system::error_code problem;
    const auto value = json::parse(event, problem);
    return !problem && value.is_object() && value.get_object().contains("SecretId") &&
           value.get_object().contains("Step");
}

Result<RotationEvent> parse_rotation(std::string_view event) {
    boost::system::error_code problem;
    const auto value = json::parse(event, problem);
    if (problem || !value.is_object()) {
        return base::fail(ErrorKind::invalid_input, "the rotation event is not a JSON object");
    }
    const auto& object = value.get_object();
    RotationEvent rotation{member(object, "SecretId"), member(object, "ClientRequestToken"), {}};
    const auto step = member(object, "Step");
    constexpr std::array<std::pair<std::string_view, RotationStep>, 4> k_steps{
        {{"createSecret", RotationStep::create},
         {"setSecret", RotationStep::set},
         {"testSecret", RotationStep::test},
         {"finishSecret", RotationStep::finish}}};
    const auto* known = std::ranges::find(k_steps, step, [](const auto& one) { return one.first; });
    if (rotation.secret.empty() || rotation.token.empty() || known == k_steps.end()) {
        return base::fail(ErrorKind::invalid_input,
                          "a rotation event has SecretId, ClientRequestToken and Step "
                          "(createSecret, setSecret, testSecret or finishSecret)");
    }
    rotation.step = known->second;
    return rotation;
}

Result<void> Rotation::perform(const RotationEvent& event, Deadline deadline) {
    auto about = secrets_.describe(event.secret, deadline);
    if (!about) return base::fail(aws::plain(std::move(about).error()));
    const auto version = about->stages.find(event.token);
    if (!about->rotation_enabled || version == about->stages.end()) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("the secret {} is not being rotated to version {}",
                                      about->name, event.token),
                          "rotation is started by Secrets Manager, not by hand");
    }
    if (has(version->second, k_current)) return {};
    if (!has(version->second, k_pending)) {
        return base::fail(
            ErrorKind::conflict,
            fmt::format("version {} of the secret {} is not pending", event.token, about->name));
    }
    std::string from;
    for (const auto& [id, stages] : about->stages) {
        if (has(stages, k_current)) from = id;
    }
    const auto listed = administrators_.listed();
    const bool administrators_own = std::ranges::any_of(listed, [&](const auto& id) {
        return aws::may_be_same_secret(id, about->arn) || aws::may_be_same_secret(id, about->name);
    });
    return administrators_own ? of_administrator(event, from, deadline)
                              : of_environment(event, from, deadline);
}

Result<base::Secret> Rotation::current(const RotationEvent& event, Deadline deadline) {
    auto found = secrets_.get_value(event.secret, {{}, std::string(k_current)}, deadline);
    if (!found) return base::fail(aws::plain(std::move(found).error()));
    return std::move(found->value);
}

Result<base::Secret> Rotation::pending(const RotationEvent& event, Deadline deadline) {
    auto found = secrets_.get_value(event.secret, {event.token, std::string(k_pending)}, deadline);
    if (!found) return base::fail(aws::plain(std::move(found).error()));
    return std::move(found->value);
}

// What is there already stays: a step may come twice.
Result<void> Rotation::keep_pending(const RotationEvent& event, const base::Secret& value,
                                    Deadline deadline) {
    const auto there =
        secrets_.get_value(event.secret, {event.token, std::string(k_pending)}, deadline);
    if (there) return {};
    if (there.error().code != aws::Code::not_found) return base::fail(aws::plain(there.error()));
    auto put =
        secrets_.put_value(event.secret, {value, event.token, {std::string(k_pending)}}, deadline);
    if (!put) return base::fail(aws::plain(std::move(put).error()));
    return {};
}

// Only from where it was before the new password was looked at: a rotation that came between has
// moved it.
Result<void> Rotation::finish(const RotationEvent& event, const std::string& from,
                              Deadline deadline) {
    auto moved = secrets_.move_stage(
        event.secret, aws::StageMove{std::string(k_current), from, event.token}, deadline);
    if (!moved) return base::fail(aws::plain(std::move(moved).error()));
    log_.info("rotated {}", event.secret);
    return {};
}

// It changes its own password, which needs no right but its login.
Result<void> Rotation::of_administrator(const RotationEvent& event, const std::string& from,
                                        Deadline deadline) {
    BASE_TRY_ASSIGN(const auto reference, administrators_.admitted(event.secret));
    BASE_TRY_ASSIGN(const auto now, current(event, deadline));
    if (event.step == RotationStep::create) {
        BASE_TRY_ASSIGN(const auto next, with_password(now, server::make_operator_password()));
        return keep_pending(event, next, deadline);
    }
    BASE_TRY_ASSIGN(const auto next, pending(event, deadline));
    const auto authorities = server::usual_authorities();
    BASE_TRY_ASSIGN(const auto new_login,
                    server::login_in(next, reference, authorities, administrators_.variables()));
    auto proved = server::prove_own_login(new_login, deadline, log_);
    if (proved && event.step == RotationStep::finish) return finish(event, from, deadline);
    if (proved || event.step != RotationStep::set) return proved;
    if (proved.error().kind != ErrorKind::denied) return proved;
    BASE_TRY_ASSIGN(const auto login,
                    server::login_in(now, reference, authorities, administrators_.variables()));
    if (login.get("user") != new_login.get("user") || login.get("host") != new_login.get("host")) {
        return base::fail(ErrorKind::conflict,
                          "the pending version is about another login than the current one");
    }
    return server::change_own_password(login, new_login.password(), deadline, log_);
}

Result<void> Rotation::with_environment(
    const RotationEvent& event, const base::Secret& value, const base::Uuid& owner,
    const std::function<Result<void>(Administrator&, const environment::Subject&)>& deed,
    Deadline deadline) {
    const auto host = environment::login_in_secret(value).value_or(environment::ConnectionFacts());
    for (const auto& id : administrators_.listed()) {
        bool is_here = false;
        BASE_TRY(administrators_.with(
            id,
            [&](Administrator& administrator) -> Result<void> {
                BASE_TRY_ASSIGN(const auto all, administrator.server->list({}, deadline));
                const auto found = std::ranges::find_if(
                    all, [&](const auto& one) { return one.environment.id == owner; });
                is_here = found != all.end();
                if (!is_here) return {};
                const auto& secret = found->environment.secret;
                if (!aws::may_be_same_secret(secret, event.secret)) {
                    return base::fail(ErrorKind::conflict,
                                      fmt::format("the secret {} has the value of '{}', whose "
                                                  "secret is {}",
                                                  event.secret, found->environment.name, secret),
                                      "let that one be rotated");
                }
                BASE_TRY_ASSIGN(auto project,
                                environment::Project::parse(found->environment.project));
                BASE_TRY_ASSIGN(auto name, environment::Name::parse(found->environment.name));
                return deed(administrator, {std::move(project), std::move(name)});
            },
            deadline));
        if (is_here) return {};
    }
    return base::fail(ErrorKind::not_found,
                      fmt::format("the secret names an environment at {} that is on none of the "
                                  "servers in REVIEWDB_SERVER",
                                  host.host),
                      "list the secret of that server's administrator in REVIEWDB_SERVER");
}

Result<void> Rotation::of_environment(const RotationEvent& event, const std::string& from,
                                      Deadline deadline) {
    BASE_TRY_ASSIGN(const auto now, current(event, deadline));
    const auto owner = environment::owner_of_secret(now);
    if (!owner) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("the secret {} is no environment's, and no administrator's "
                                      "in REVIEWDB_SERVER",
                                      event.secret),
                          "a placeholder has no password yet: create its environment first");
    }
    return with_environment(
        event, now, *owner,
        [&](Administrator& administrator, const environment::Subject& subject) -> Result<void> {
            auto& manager = *administrator.manager;
            const environment::Wish wish{
                subject.project, subject.name, {}, "Secrets Manager's rotation"};
            if (event.step == RotationStep::test) {
                BASE_TRY(manager.repair(wish, environment::Execution::carry_out, deadline));
                return {};
            }
            BASE_TRY_ASSIGN(const auto values, manager.succession(subject, deadline));
            if (event.step == RotationStep::create) {
                return keep_pending(event, values.next, deadline);
            }
            BASE_TRY_ASSIGN(const auto wanted, pending(event, deadline));
            if (event.step == RotationStep::set) {
                return set_password(wanted, values, manager, wish, deadline);
            }
            if (!same_password(wanted, values.current)) return superseded(subject.name);
            return finish(event, from, deadline);
        },
        deadline);
}

// The manager changes password and current version together, so that no reader is ever handed a
// password that is dead.
Result<void> Rotation::set_password(const base::Secret& wanted,
                                    const environment::Succession& values,
                                    environment::Manager& manager, const environment::Wish& wish,
                                    Deadline deadline) {
    if (same_password(wanted, values.current)) {
        // It was set, and perhaps no more than that.
        BASE_TRY(manager.repair(wish, environment::Execution::carry_out, deadline));
        return {};
    }
    if (!same_password(wanted, values.next)) return superseded(wish.name);
    BASE_TRY(manager.rotate_from(values.version, wish, deadline));
    return {};
}

}  // namespace lambda
