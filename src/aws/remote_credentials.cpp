// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "aws/credential_sources.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/text.h"

namespace aws {

namespace {

using base::ErrorKind;
using base::Result;

constexpr std::array<std::string_view, 4> k_container_hosts{"169.254.170.2", "169.254.170.23",
                                                            "fd00:ec2::23", "localhost"};

Result<std::string> container_authorization(const Variables& variables) {
    auto token = variable(variables, "AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
    if (const auto file = variable(variables, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
        BASE_TRY_ASSIGN(const auto text, base::read_file(*file));
        if (!text) {
            return base::fail(ErrorKind::invalid_input, "there is no file " + *file,
                              "correct AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        }
        token = base::trimmed(*text);
    }
    if (token.find_first_of("\r\n") != std::string::npos) {
        return base::fail(ErrorKind::invalid_input,
                          "the container's authorization token has a line break in it");
    }
    return token;
}

int number(const Variables& variables, const std::string& name, int otherwise) {
    const auto text = variable(variables, name);
    int value = 0;
    if (!text) return otherwise;
    const auto* end = text->data() + text->size();
    const auto [stopped, problem] = std::from_chars(text->data(), end, value);
    return problem == std::errc() && stopped == end && value > 0 && value < 3600 ? value
                                                                                 : otherwise;
}

std::string metadata_endpoint(const Variables& variables) {
    auto endpoint = variable(variables, "AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or("");
    const auto mode = variable(variables, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    if (endpoint.empty()) {
        endpoint = base::lower(mode.value_or("")) == "ipv6" ? "http://[fd00:ec2::254]"
                                                            : "http://169.254.169.254";
    }
    while (endpoint.ends_with('/')) endpoint.pop_back();
    return endpoint;
}

// One call to the metadata service, as often as the variables say.
Result<http::Response> ask_metadata(const Search& search, const std::string& method,
                                    const std::string& path,
                                    std::pair<std::string, std::string> header) {
    const auto& variables = search.settings.variables;
    const std::chrono::seconds limit(number(variables, "AWS_METADATA_SERVICE_TIMEOUT", 1));
    http::Request request{method, metadata_endpoint(variables) + path};
    request.headers.push_back(std::move(header));
    request.route = http::Route::direct;
    request.time_limit = limit;
    request.connect_limit = limit;
    const int attempts = number(variables, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", 1);
    for (int attempt = 1;; ++attempt) {
        auto response = search.http.send(request, search.deadline);
        const bool passes =
            response ? response->status >= 500 : response.error().kind == ErrorKind::unavailable;
        if (!passes || attempt >= attempts ||
            !http::wait_for_attempt(search.waiting, attempt, search.deadline)) {
            return response;
        }
    }
}

}  // namespace

bool may_ask_container_host(const http::UrlParts& url) {
    if (url.scheme == "https") return true;
    in_addr address{};
    if (inet_pton(AF_INET, url.host.c_str(), &address) == 1 &&
        (ntohl(address.s_addr) >> 24U) == 127U) {
        return true;
    }
    return url.host == "::1" || std::find(k_container_hosts.begin(), k_container_hosts.end(),
                                          url.host) != k_container_hosts.end();
}

Result<Found> from_container(const Search& search) {
    const auto& variables = search.settings.variables;
    const auto relative = variable(variables, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const auto full = variable(variables, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!relative && !full) return Found{{}, "AWS_CONTAINER_CREDENTIALS_FULL_URI is not set"};

    http::Request request{"GET", relative ? "http://169.254.170.2" + *relative : *full};
    request.time_limit = std::chrono::seconds(2);
    request.connect_limit = std::chrono::seconds(1);
    const auto url = http::parse_url(request.url);
    if (!url || !may_ask_container_host(*url)) {
        return base::fail(ErrorKind::invalid_input,
                          "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of "
                          "this machine, of ECS or of EKS",
                          "correct it");
    }
    if (url->scheme == "http") request.route = http::Route::direct;
    BASE_TRY_ASSIGN(const auto token, container_authorization(variables));
    if (!token.empty()) request.headers.emplace_back("Authorization", token);
    BASE_TRY_ASSIGN(const auto response, send_patiently(search, request));
    if (response.status != 200) {
        const bool passes = response.status == 429 || response.status >= 500;
        return base::fail(passes ? ErrorKind::unavailable : ErrorKind::denied,
                          fmt::format("{} answered {}", url->host, response.status),
                          "check that the task or pod has a role");
    }
    BASE_TRY_ASSIGN(auto credentials, parse_credentials_json(response.body, "container"));
    return Found{std::move(credentials), {}};
}

Result<Found> from_instance_metadata(const Search& search) {
    const auto& variables = search.settings.variables;
    if (base::lower(variable(variables, "AWS_EC2_METADATA_DISABLED").value_or("")) == "true") {
        return Found{{}, "AWS_EC2_METADATA_DISABLED"};
    }
    const auto token = ask_metadata(search, "PUT", "/latest/api/token",
                                    {"X-aws-ec2-metadata-token-ttl-seconds", "21600"});
    if (!token && token.error().kind == ErrorKind::unavailable) return Found{{}, "no answer"};
    if (!token) return base::fail(token.error());
    if (token->status != 200) {
        return Found{{}, fmt::format("it answered {} to the request for a token", token->status)};
    }
    const std::string folder = "/latest/meta-data/iam/security-credentials/";
    const std::pair<std::string, std::string> header{"X-aws-ec2-metadata-token",
                                                     base::trimmed(token->body.reveal())};
    BASE_TRY_ASSIGN(const auto roles, ask_metadata(search, "GET", folder, header));
    const auto names = base::trimmed(roles.body.reveal());
    const auto role = names.substr(0, names.find('\n'));
    if (roles.status == 404 || (roles.status == 200 && role.empty())) {
        return Found{{}, "the instance has no role"};
    }
    if (roles.status != 200) {
        return base::fail(ErrorKind::unavailable,
                          fmt::format("it answered {} to the question for a role", roles.status));
    }
    BASE_TRY_ASSIGN(const auto answer,
                    ask_metadata(search, "GET", folder + base::percent_encoded(role), header));
    if (answer.status != 200) {
        return base::fail(ErrorKind::unavailable,
                          fmt::format("it answered {} for the role {}", answer.status, role));
    }
    BASE_TRY_ASSIGN(auto credentials,
                    parse_credentials_json(answer.body, "instance metadata, role " + role));
    return Found{std::move(credentials), {}};
}

}  // namespace aws
