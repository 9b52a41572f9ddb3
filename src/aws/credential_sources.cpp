// SPDX-License-Identifier: Apache-2.0
#include "aws/credential_sources.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "base/duration.h"

namespace aws {

using base::ErrorKind;
using base::Result;

Result<Found> from_environment(const Search& search) {
    const auto& variables = search.settings.variables;
    const auto id = variable(variables, "AWS_ACCESS_KEY_ID");
    const auto secret = variable(variables, "AWS_SECRET_ACCESS_KEY");
    if (!id && !secret) return Found{{}, "AWS_ACCESS_KEY_ID is not set"};
    if (!id || !secret) {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("{} is set, and {} is not",
                                      id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                                      id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"),
                          "set both or none");
    }
    return Found{Credentials{*id,
                             base::Secret(*secret),
                             base::Secret(variable(variables, "AWS_SESSION_TOKEN").value_or("")),
                             {},
                             "environment"},
                 {}};
}

Result<Found> from_web_identity(const Search& search) {
    const auto& variables = search.settings.variables;
    const auto file = variable(variables, "AWS_WEB_IDENTITY_TOKEN_FILE");
    const auto role = variable(variables, "AWS_ROLE_ARN");
    if (!file) return Found{{}, "AWS_WEB_IDENTITY_TOKEN_FILE is not set"};
    if (!role) {
        return base::fail(ErrorKind::invalid_input,
                          "AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not",
                          "set AWS_ROLE_ARN to the role that the token is for");
    }
    const WebIdentity identity{*file, *role,
                               variable(variables, "AWS_ROLE_SESSION_NAME").value_or("reviewdb")};
    BASE_TRY_ASSIGN(auto credentials, assume_role_with_web_identity(search, identity));
    return Found{std::move(credentials), {}};
}

Result<Credentials> parse_credentials_json(const base::Secret& text, std::string source) {
    boost::system::error_code problem;
    const auto value = boost::json::parse(text.reveal(), problem);
    const auto* object = problem ? nullptr : value.if_object();
    const auto member = [&](const char* name) -> std::string {
        const auto* found = object != nullptr ? object->if_contains(name) : nullptr;
        return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
    };
    Credentials credentials;
    credentials.access_key_id = member("AccessKeyId");
    credentials.secret_access_key = base::Secret(member("SecretAccessKey"));
    credentials.session_token = base::Secret(member("Token"));
    if (credentials.session_token.empty()) {
        credentials.session_token = base::Secret(member("SessionToken"));
    }
    credentials.expires_at = base::parse_time(member("Expiration"));
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
        return base::fail(ErrorKind::internal, source + " did not answer with credentials");
    }
    credentials.source = std::move(source);
    return credentials;
}

Result<http::Response> send_patiently(const Search& search, const http::Request& request) {
    constexpr int k_attempts = 3;
    for (int attempt = 1;; ++attempt) {
        auto response = search.http.send(request, search.deadline);
        const bool passes = response ? response->status == 429 || response->status >= 500
                                     : response.error().kind == ErrorKind::unavailable;
        if (!passes || attempt == k_attempts ||
            !http::wait_for_attempt(search.waiting, attempt, search.deadline)) {
            return response;
        }
    }
}

}  // namespace aws
