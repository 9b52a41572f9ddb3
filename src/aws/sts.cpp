// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "aws/credential_sources.h"
#include "aws/error.h"
#include "base/bytes.h"
#include "base/duration.h"
#include "base/file.h"
#include "base/text.h"

namespace aws {

namespace {

using base::ErrorKind;
using base::Result;

// The text of the first element of that name. STS answers are flat, and AWS's own: no parser is
// needed to find four values, and whatever is not found is an error.
std::string element(const std::string& xml, const std::string& name) {
    const auto open = xml.find("<" + name + ">");
    if (open == std::string::npos) return {};
    const auto start = open + name.size() + 2;
    const auto close = xml.find("</" + name + ">", start);
    if (close == std::string::npos) return {};
    auto text = base::trimmed(std::string_view(xml).substr(start, close - start));
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> k_entities{
        {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}}};
    for (const auto& [entity, sign] : k_entities) {
        for (auto at = text.find(entity); at != std::string::npos; at = text.find(entity, at + 1)) {
            text.replace(at, entity.size(), sign);
        }
    }
    return text;
}

std::string form(const std::vector<std::pair<std::string, std::string>>& fields) {
    std::string text = "Version=2011-06-15";
    for (const auto& [name, value] : fields)
        text += "&" + name + "=" + base::percent_encoded(value);
    return text;
}

Result<Credentials> ask(const Search& search, const std::string& role, http::Request request,
                        const base::Secret& never_quoted) {
    const auto region = search.settings.region.value_or("us-east-1");
    request.method = "POST";
    request.url = endpoint_of(search.settings, Service::sts, region) + "/";
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    BASE_TRY_ASSIGN(const auto response, send_patiently(search, request));
    const auto& xml = response.body.reveal();
    if (response.status != 200) {
        const auto code = element(xml, "Code");
        const bool passes = response.status == 429 || response.status >= 500;
        return base::fail(
            passes ? ErrorKind::unavailable : ErrorKind::denied,
            fmt::format("STS does not let us assume {}: {}", role,
                        quotable(code, element(xml, "Message"), response.status, {never_quoted})),
            passes ? "" : "check the trust policy of the role, and that the token has not expired");
    }
    Credentials credentials;
    credentials.access_key_id = element(xml, "AccessKeyId");
    credentials.secret_access_key = base::Secret(element(xml, "SecretAccessKey"));
    credentials.session_token = base::Secret(element(xml, "SessionToken"));
    credentials.expires_at = base::parse_time(element(xml, "Expiration"));
    credentials.source = "role " + role;
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
        return base::fail(ErrorKind::unavailable, "STS did not answer with credentials");
    }
    return credentials;
}

}  // namespace

Result<Credentials> assume_role_with_web_identity(const Search& search,
                                                  const WebIdentity& identity) {
    BASE_TRY_ASSIGN(const auto text, base::read_file(identity.token_file));
    if (!text) {
        return base::fail(
            ErrorKind::invalid_input,
            fmt::format("there is no file {} with a web identity token", identity.token_file),
            "correct AWS_WEB_IDENTITY_TOKEN_FILE (web_identity_token_file)");
    }
    const base::Secret token(base::trimmed(*text));
    http::Request request;
    request.body = base::Secret(form({{"Action", "AssumeRoleWithWebIdentity"},
                                      {"RoleArn", identity.role_arn},
                                      {"RoleSessionName", identity.session_name},
                                      {"WebIdentityToken", token.reveal()}}));
    return ask(search, identity.role_arn, std::move(request), token);
}

Result<Credentials> assume_role(const Search& search, const Role& role, const Credentials& with) {
    std::vector<std::pair<std::string, std::string>> fields{
        {"Action", "AssumeRole"}, {"RoleArn", role.arn}, {"RoleSessionName", role.session_name}};
    if (role.external_id) fields.emplace_back("ExternalId", *role.external_id);
    if (role.duration_seconds) fields.emplace_back("DurationSeconds", *role.duration_seconds);
    http::Request request;
    request.body = base::Secret(form(fields));
    request.signing =
        http::Signing{signing_name(Service::sts), search.settings.region.value_or("us-east-1"),
                      with.access_key_id, with.secret_access_key, with.session_token};
    return ask(search, role.arn, std::move(request), with.session_token);
}

}  // namespace aws
