// SPDX-License-Identifier: Apache-2.0
#include "support/aws/signature.h"

#include <algorithm>
#include <cctype>
#include <ctime>
#include <map>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/text.h"

namespace support {

namespace {

constexpr std::string_view k_algorithm = "AWS4-HMAC-SHA256";
constexpr std::chrono::minutes k_allowed_skew{5};

// Without blanks at its ends, and with one where there were several.
std::string trimmed(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c != ' ' || (!result.empty() && result.back() != ' ')) result += c;
    }
    if (!result.empty() && result.back() == ' ') result.pop_back();
    return result;
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0;;) {
        const auto end = text.find(separator, begin);
        parts.emplace_back(text.substr(begin, end - begin));
        if (end == std::string_view::npos) return parts;
        begin = end + 1;
    }
}

std::string joined(const std::vector<std::string>& parts, char separator) {
    std::string result;
    for (const auto& part : parts) {
        if (!result.empty()) result += separator;
        result += part;
    }
    return result;
}

struct Authorization {
    std::string access_key_id;
    std::string date;
    std::string region;
    std::string service;
    std::vector<std::string> signed_headers;
    std::string signature;

    std::string scope() const { return date + '/' + region + '/' + service + "/aws4_request"; }
};

Authorization parse_authorization(const std::string& header) {
    if (!header.starts_with(std::string(k_algorithm) + ' ')) {
        throw AwsFailure{"IncompleteSignatureException",
                         "Unsupported AWS 'algorithm' in the Authorization header"};
    }
    std::map<std::string, std::string> values;
    for (const auto& part : split(header.substr(k_algorithm.size()), ',')) {
        const auto text = trimmed(part);
        const auto equals = text.find('=');
        if (equals != std::string::npos) values[text.substr(0, equals)] = text.substr(equals + 1);
    }
    std::string missing;
    for (const char* name : {"Credential", "Signature", "SignedHeaders"}) {
        if (!values.contains(name)) {
            missing += std::string("Authorization header requires '") + name + "' parameter. ";
        }
    }
    const auto credential = split(values["Credential"], '/');
    if (missing.empty() && (credential.size() != 5 || credential[4] != "aws4_request")) {
        missing = "Credential must have exactly 5 slash-delimited elements. ";
    }
    if (!missing.empty()) throw AwsFailure{"IncompleteSignatureException", missing};
    return {credential[0],
            credential[1],
            credential[2],
            credential[3],
            split(values["SignedHeaders"], ';'),
            values["Signature"]};
}

std::string canonical_request(const HttpRequest& request,
                              const std::vector<std::string>& signed_headers) {
    std::string text = request.method + '\n' + request.target + "\n\n";
    for (const auto& name : signed_headers) {
        std::vector<std::string> values;
        for (const auto& [key, value] : request.headers) {
            if (base::lower(key) == name) values.push_back(trimmed(value));
        }
        text += name + ':' + joined(values, ',') + '\n';
    }
    return text + '\n' + joined(signed_headers, ';') + '\n' +
           base::to_hex(base::as_text(base::sha256(request.body)));
}

std::string signature_of(const HttpRequest& request, const Authorization& authorization,
                         const std::string& time, const std::string& secret_access_key) {
    const auto canonical = canonical_request(request, authorization.signed_headers);
    const auto text = std::string(k_algorithm) + '\n' + time + '\n' + authorization.scope() + '\n' +
                      base::to_hex(base::as_text(base::sha256(canonical)));
    auto key = base::hmac_sha256("AWS4" + secret_access_key, authorization.date);
    for (const std::string& part :
         {authorization.region, authorization.service, std::string("aws4_request"), text}) {
        key = base::hmac_sha256(base::as_text(key), part);
    }
    return base::to_hex(base::as_text(key));
}

std::optional<std::chrono::system_clock::time_point> parse_amz_date(const std::string& text) {
    std::tm parts{};
    const char* end = strptime(text.c_str(), "%Y%m%dT%H%M%SZ", &parts);
    if (end == nullptr || *end != '\0' || text.size() != 16) return std::nullopt;
    return std::chrono::system_clock::from_time_t(timegm(&parts));
}

[[noreturn]] void refuse(const std::string& message) {
    throw AwsFailure{"InvalidSignatureException", message};
}

// Host, Content-Type and everything of Amazon's; in order; nothing that is not there.
void check_signed_headers(const HttpRequest& request, const std::vector<std::string>& names) {
    if (!std::is_sorted(names.begin(), names.end())) refuse("SignedHeaders are not in order");
    for (const auto& name : names) {
        if (!request.header(name)) refuse("'" + name + "' is signed but not in the request");
    }
    for (const auto& header : request.headers) {
        const auto name = base::lower(header.first);
        const bool must = name == "host" || name == "content-type" || name.starts_with("x-amz-");
        if (must && std::find(names.begin(), names.end(), name) == names.end()) {
            refuse("'" + name + "' must be a 'SignedHeader' in the AWS Authorization.");
        }
    }
}

void check_time(const std::string& text, const Authorization& authorization,
                std::chrono::system_clock::time_point now) {
    const auto time = parse_amz_date(text);
    if (!time) {
        throw AwsFailure{"IncompleteSignatureException",
                         "Date must be in ISO-8601 'basic format'. Got '" + text + "'."};
    }
    if (!text.starts_with(authorization.date)) {
        refuse(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
            "from HTTP");
    }
    if (*time + k_allowed_skew < now) {
        refuse("Signature expired: " + text + " is now earlier than " +
               amz_date(now - k_allowed_skew) + " (" + amz_date(now) + " - 5 min.)");
    }
    if (*time - k_allowed_skew > now) {
        refuse("Signature not yet current: " + text + " is still later than " +
               amz_date(now + k_allowed_skew) + " (" + amz_date(now) + " + 5 min.)");
    }
}

}  // namespace

const AwsCredentials& check_signature(const HttpRequest& request, const SignatureScope& scope,
                                      const std::vector<AwsCredentials>& accepted,
                                      std::chrono::system_clock::time_point now) {
    const auto header = request.header("Authorization");
    if (!header) {
        throw AwsFailure{"MissingAuthenticationTokenException", "Missing Authentication Token"};
    }
    const auto authorization = parse_authorization(*header);
    const auto time = request.header("X-Amz-Date");
    if (!time) {
        throw AwsFailure{"IncompleteSignatureException",
                         "Authorization header requires existence of either a 'X-Amz-Date' or a "
                         "'Date' header. "};
    }
    const auto known =
        std::find_if(accepted.begin(), accepted.end(), [&](const AwsCredentials& candidate) {
            return candidate.access_key_id == authorization.access_key_id &&
                   candidate.session_token == request.header("X-Amz-Security-Token").value_or("");
        });
    if (known == accepted.end()) {
        throw AwsFailure{"UnrecognizedClientException",
                         "The security token included in the request is invalid."};
    }
    if (authorization.region != scope.region) {
        refuse("Credential should be scoped to a valid region. ");
    }
    if (authorization.service != scope.service) {
        refuse("Credential should be scoped to correct service: '" + scope.service + "'. ");
    }
    check_time(*time, authorization, now);
    check_signed_headers(request, authorization.signed_headers);
    const auto payload = request.header("X-Amz-Content-Sha256");
    const auto expected = signature_of(request, authorization, *time, known->secret_access_key);
    if ((payload && *payload != base::to_hex(base::as_text(base::sha256(request.body)))) ||
        authorization.signature != expected) {
        refuse(
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. Consult the service "
            "documentation for details.");
    }
    return *known;
}

void sign(HttpRequest& request, const SignatureScope& scope, const AwsCredentials& credentials) {
    const auto time = request.header("X-Amz-Date").value_or("");
    Authorization authorization{
        credentials.access_key_id, time.substr(0, 8), scope.region, scope.service, {}, {}};
    for (const auto& header : request.headers) {
        authorization.signed_headers.push_back(base::lower(header.first));
    }
    auto& names = authorization.signed_headers;
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    const auto signature =
        signature_of(request, authorization, time, credentials.secret_access_key);
    request.headers.emplace_back(
        "Authorization", std::string(k_algorithm) + " Credential=" + credentials.access_key_id +
                             '/' + authorization.scope() + ", SignedHeaders=" + joined(names, ';') +
                             ", Signature=" + signature);
}

std::string amz_date(std::chrono::system_clock::time_point time) {
    const auto seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::string text(17, '\0');
    text.resize(std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts));
    return text;
}

AwsCredentials make_aws_credentials() {
    return {"ASIA" + base::to_hex(base::random_bytes(8)),
            base::to_base64url(base::random_bytes(30)),
            base::to_base64url(base::random_bytes(120))};
}

}  // namespace support
