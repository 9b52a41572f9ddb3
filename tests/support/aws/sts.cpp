// SPDX-License-Identifier: Apache-2.0
#include "support/aws/sts.h"

#include <algorithm>
#include <cctype>
#include <ctime>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "base/bytes.h"
#include "base/uuid.h"
#include "support/aws/signature.h"

namespace support {

namespace {

constexpr std::string_view k_namespace = "https://sts.amazonaws.com/doc/2011-06-15/";

using Parameters = std::map<std::string, std::string>;

std::string decoded(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = text[i] == '%' ? base::from_hex(text.substr(i + 1, 2)) : std::nullopt;
        if (byte && byte->size() == 1) {
            result += *byte;
            i += 2;
        } else {
            result += text[i] == '+' ? ' ' : text[i];
        }
    }
    return result;
}

Parameters parameters_of(const HttpRequest& request) {
    const auto question = request.target.find('?');
    std::string_view rest = request.body;
    if (question != std::string::npos) rest = std::string_view(request.target).substr(question + 1);
    Parameters parameters;
    while (!rest.empty()) {
        const auto pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        const auto equals = std::min(pair.find('='), pair.size());
        const auto value = equals < pair.size() ? pair.substr(equals + 1) : std::string_view{};
        parameters[decoded(pair.substr(0, equals))] = decoded(value);
    }
    return parameters;
}

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '&') {
            result += "&amp;";
        } else if (c == '<') {
            result += "&lt;";
        } else {
            result += c;
        }
    }
    return result;
}

HttpAnswer xml(int status, const std::string& body) {
    return {.status = status, .headers = {{"Content-Type", "text/xml"}}, .body = body};
}

HttpAnswer success(const std::string& action, const Parameters& parameters, const StsState& state) {
    const auto role = state.role_arn.substr(state.role_arn.rfind('/') + 1);
    const auto session = parameters.at("RoleSessionName");
    return xml(200,
               "<" + action + "Response xmlns=\"" + std::string(k_namespace) + "\">\n  <" + action +
                   "Result>\n    <AssumedRoleUser>\n      <AssumedRoleId>AROATEST:" + session +
                   "</AssumedRoleId>\n      <Arn>arn:aws:sts::123456789012:assumed-role/" + role +
                   '/' + session + "</Arn>\n    </AssumedRoleUser>\n    <Credentials>\n" +
                   "      <AccessKeyId>" + state.credentials.access_key_id +
                   "</AccessKeyId>\n      <SecretAccessKey>" + state.credentials.secret_access_key +
                   "</SecretAccessKey>\n      <SessionToken>" + state.credentials.session_token +
                   "</SessionToken>\n      <Expiration>" + rfc3339(state.expires) +
                   "</Expiration>\n    </Credentials>\n  </" + action +
                   "Result>\n  <ResponseMetadata>\n    <RequestId>" +
                   base::Uuid::random().to_string() + "</RequestId>\n  </ResponseMetadata>\n</" +
                   action + "Response>\n");
}

void check_parameters(const std::string& action, const Parameters& parameters) {
    static const std::set<std::string> k_known{
        "Action",     "Version",         "RoleArn", "RoleSessionName",
        "ExternalId", "DurationSeconds", "Policy",  "SourceIdentity"};
    std::set<std::string> required{"RoleArn", "RoleSessionName"};
    if (action == "AssumeRoleWithWebIdentity") required.insert("WebIdentityToken");
    for (const auto& name : required) {
        if (!parameters.contains(name) || parameters.at(name).empty()) {
            throw AwsFailure{"ValidationError", "1 validation error detected: Value at '" + name +
                                                    "' failed to satisfy constraint: Member must "
                                                    "not be null"};
        }
    }
    for (const auto& [name, value] : parameters) {
        if (!k_known.contains(name) && !required.contains(name)) {
            throw AwsFailure{"ValidationError", "there is no parameter " + name};
        }
    }
    if (parameters.contains("Version") && parameters.at("Version") == "2011-06-15") return;
    throw AwsFailure{"InvalidAction", "Could not find operation " + action + " for this version"};
}

void check_session_name(const std::string& name) {
    const bool fits =
        name.size() >= 2 && name.size() <= 64 &&
        std::all_of(name.begin(), name.end(), [](unsigned char c) {
            return std::isalnum(c) != 0 ||
                   std::string_view("_+=,.@-").find(static_cast<char>(c)) != std::string_view::npos;
        });
    if (fits) return;
    throw AwsFailure{"ValidationError",
                     "1 validation error detected: Value at 'roleSessionName' failed to satisfy "
                     "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"};
}

// In the words of the query protocol, where these have other names.
void check_trusted(const HttpRequest& request, const StsState& state) {
    try {
        check_signature(request, {state.region, "sts"}, state.trusted,
                        std::chrono::system_clock::now());
    } catch (const AwsFailure& failure) {
        static const std::map<std::string, std::string> k_names{
            {"UnrecognizedClientException", "InvalidClientTokenId"},
            {"InvalidSignatureException", "SignatureDoesNotMatch"},
            {"MissingAuthenticationTokenException", "MissingAuthenticationToken"},
            {"IncompleteSignatureException", "IncompleteSignature"}};
        throw AwsFailure{k_names.at(failure.type), failure.message, 403};
    }
}

HttpAnswer assume(const HttpRequest& request, const StsState& state) {
    const auto parameters = parameters_of(request);
    const auto action = sts_action(request);
    if (action != "AssumeRole" && action != "AssumeRoleWithWebIdentity") {
        throw AwsFailure{"InvalidAction", "Could not find operation " + action};
    }
    const bool form = request.header("Content-Type")
                          .value_or("")
                          .starts_with("application/x-www-form-urlencoded");
    if (request.method == "POST" ? !form : request.method != "GET") {
        throw AwsFailure{"InvalidAction", "neither a form nor a GET"};
    }
    check_parameters(action, parameters);
    check_session_name(parameters.at("RoleSessionName"));
    if (action == "AssumeRole") check_trusted(request, state);
    if (parameters.at("RoleArn") != state.role_arn) {
        throw AwsFailure{"AccessDenied", "Not authorized to perform sts:" + action, 403};
    }
    if (action == "AssumeRoleWithWebIdentity" &&
        parameters.at("WebIdentityToken") != state.web_identity_token) {
        throw AwsFailure{"InvalidIdentityToken", "The web identity token could not be validated"};
    }
    return success(action, parameters, state);
}

}  // namespace

std::string sts_action(const HttpRequest& request) {
    const auto parameters = parameters_of(request);
    const auto action = parameters.find("Action");
    return action == parameters.end() ? "" : action->second;
}

HttpAnswer sts_error(int status, const std::string& type, const std::string& message) {
    return xml(status, "<ErrorResponse xmlns=\"" + std::string(k_namespace) +
                           "\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>" + type +
                           "</Code>\n    <Message>" + escaped(message) +
                           "</Message>\n  </Error>\n  <RequestId>" +
                           base::Uuid::random().to_string() + "</RequestId>\n</ErrorResponse>\n");
}

HttpAnswer answer_sts(const HttpRequest& request, const StsState& state) {
    try {
        return assume(request, state);
    } catch (const AwsFailure& failure) {
        return sts_error(failure.status, failure.type, failure.message);
    }
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
    const auto seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::string text(21, '\0');
    text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
    return text;
}

}  // namespace support
