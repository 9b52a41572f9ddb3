// SPDX-License-Identifier: Apache-2.0
//
// One call over the wire: JSON 1.1 with the action in a header, retries, expired credentials.
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
#include "aws/secrets_manager_call.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "aws/secret_id.h"

namespace aws {

namespace {

using base::ErrorKind;

constexpr int k_attempts = 10;

std::optional<boost::json::object> parse_object(const base::Secret& text) {
    boost::system::error_code problem;
    auto value = boost::json::parse(text.reveal(), problem);
    if (problem || !value.is_object()) return std::nullopt;
    return std::move(value.as_object());
}

std::string text_of(const boost::json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// "com.amazonaws.secretsmanager#NAME:URL" has NAME in the middle, when it has the rest at all.
std::string bare_exception(const std::string& type) {
    const auto start = type.find('#') + 1;  // 0 when there is none
    return type.substr(start, type.find(':', start) - start);
}

Refusal read_refusal(const http::Response& response) {
    Refusal refusal{response.status, {}, {}};
    if (const auto body = parse_object(response.body)) {
        refusal.exception = bare_exception(text_of(*body, "__type"));
        refusal.message = text_of(*body, "message");
        if (refusal.message.empty()) refusal.message = text_of(*body, "Message");
    }
    const auto header = response.headers.find("x-amzn-errortype");
    if (refusal.exception.empty() && header != response.headers.end()) {
        refusal.exception = bare_exception(header->second);
    }
    return refusal;
}

// A value, and each text in it that is long enough to be a password.
std::vector<base::Secret> parts_of(const base::Secret& value) {
    constexpr std::size_t k_shortest = 8;
    std::vector<base::Secret> parts{value};
    const auto object = parse_object(value);
    if (!object) return parts;
    for (const auto& [key, member] : *object) {
        if (member.is_string() && member.get_string().size() >= k_shortest) {
            parts.emplace_back(std::string(member.get_string()));
        }
    }
    return parts;
}

// A lost connection, or an answer that no Secrets Manager gives.
bool may_pass(const Failure& failure) {
    return passes(failure.code) ||
           (failure.code == Code::other && failure.kind == ErrorKind::unavailable);
}

}  // namespace

Outcome<SecretsManager::Answer> SecretsManager::attempt(const Call& call, const std::string& region,
                                                        base::Deadline deadline) {
    BASE_TRY_ASSIGN(const auto credentials, credentials_.current(deadline));
    http::Request request;
    request.method = "POST";
    request.url = endpoint_of(settings_, Service::secrets_manager, region) + "/";
    request.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                       {"X-Amz-Target", fmt::format("secretsmanager.{}", call.action)}};
    request.body = base::Secret(boost::json::serialize(call.body));
    request.signing =
        http::Signing{signing_name(Service::secrets_manager), region, credentials.access_key_id,
                      credentials.secret_access_key, credentials.session_token};
    request.time_limit = settings_.attempt_limit;
    auto response = http_.send(request, deadline);
    if (!response) {
        return fail(std::move(response).error().during(
            fmt::format("{} on secret \"{}\"", call.action, call.secret)));
    }
    if (response->status == 200) {
        if (auto body = parse_object(response->body)) return Answer{*std::move(body)};
        return fail(
            base::Error{ErrorKind::unavailable,
                        fmt::format("{} on secret \"{}\": the answer is not Secrets Manager's",
                                    call.action, call.secret),
                        "check AWS_ENDPOINT_URL and the proxy settings",
                        {}});
    }
    auto never_quoted = parts_of(call.never_quoted);
    never_quoted.push_back(credentials.session_token);
    return fail(failure_of({call.action, call.secret, region, std::move(never_quoted)},
                           read_refusal(*response)));
}

Outcome<SecretsManager::Answer> SecretsManager::perform(const Call& call, base::Deadline deadline) {
    const auto arn = parse_secret_arn(call.secret);
    const auto region = arn ? arn->region : settings_.region.value_or("");
    if (!is_region(region)) {
        return fail(
            base::Error{ErrorKind::invalid_input,
                        fmt::format("no AWS region is known for secret \"{}\"", call.secret),
                        "set AWS_REGION, or name the secret by its ARN",
                        {}});
    }
    bool renewed = false;
    for (int number = 1;; ++number) {
        auto outcome = attempt(call, region, deadline);
        if (outcome) return outcome;
        if (outcome.error().code == Code::expired && !renewed) {
            credentials_.forget();
            renewed = true;
            continue;
        }
        if (!may_pass(outcome.error())) return outcome;
        if (number >= settings_.max_attempts.value_or(k_attempts) ||
            !http::wait_for_attempt(waiting_, number, deadline)) {
            outcome.error().message += fmt::format(" (tried {} times)", number);
            return outcome;
        }
    }
}

}  // namespace aws
