// SPDX-License-Identifier: Apache-2.0
#include "aws/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace aws {

namespace {

using base::ErrorKind;

struct Row {
    std::string_view exception;
    Code code;
    ErrorKind kind;
};

// Throttling has many names: those of the SDKs' standard retry mode.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
constexpr std::array k_rows{
    Row{"ResourceNotFoundException", Code::not_found, ErrorKind::not_found},
    Row{"ResourceExistsException", Code::exists, ErrorKind::conflict},
    Row{"InvalidRequestException", Code::invalid_request, ErrorKind::conflict},
    Row{"PreconditionNotMetException", Code::invalid_request, ErrorKind::conflict},
    Row{"InvalidParameterException", Code::invalid_input, ErrorKind::invalid_input},
    Row{"InvalidParameterValue", Code::invalid_input, ErrorKind::invalid_input},
    Row{"ValidationException", Code::invalid_input, ErrorKind::invalid_input},
    Row{"ValidationError", Code::invalid_input, ErrorKind::invalid_input},
    Row{"LimitExceededException", Code::other, ErrorKind::overloaded},
    Row{"AccessDeniedException", Code::denied, ErrorKind::denied},
    Row{"AccessDenied", Code::denied, ErrorKind::denied},
    Row{"EncryptionFailure", Code::denied, ErrorKind::denied},
    Row{"DecryptionFailure", Code::denied, ErrorKind::denied},
    Row{"UnrecognizedClientException", Code::expired, ErrorKind::denied},
    Row{"InvalidClientTokenId", Code::expired, ErrorKind::denied},
    Row{"ExpiredTokenException", Code::expired, ErrorKind::denied},
    Row{"ExpiredToken", Code::expired, ErrorKind::denied},
    Row{"RequestExpired", Code::expired, ErrorKind::denied},
    Row{"InvalidSignatureException", Code::other, ErrorKind::denied},
    Row{"SignatureDoesNotMatch", Code::other, ErrorKind::denied},
    Row{"IncompleteSignature", Code::other, ErrorKind::denied},
    Row{"IncompleteSignatureException", Code::other, ErrorKind::denied},
    Row{"MissingAuthenticationToken", Code::other, ErrorKind::denied},
    Row{"MissingAuthenticationTokenException", Code::other, ErrorKind::denied},
    Row{"NotAuthorized", Code::other, ErrorKind::denied},
    Row{"OptInRequired", Code::other, ErrorKind::denied},
    Row{"Throttling", Code::throttled, ErrorKind::overloaded},
    Row{"ThrottlingException", Code::throttled, ErrorKind::overloaded},
    Row{"ThrottledException", Code::throttled, ErrorKind::overloaded},
    Row{"RequestThrottled", Code::throttled, ErrorKind::overloaded},
    Row{"RequestThrottledException", Code::throttled, ErrorKind::overloaded},
    Row{"TooManyRequestsException", Code::throttled, ErrorKind::overloaded},
    Row{"RequestLimitExceeded", Code::throttled, ErrorKind::overloaded},
    Row{"BandwidthLimitExceeded", Code::throttled, ErrorKind::overloaded},
    Row{"ProvisionedThroughputExceededException", Code::throttled, ErrorKind::overloaded},
    Row{"TransactionInProgressException", Code::throttled, ErrorKind::overloaded},
    Row{"PriorRequestNotComplete", Code::throttled, ErrorKind::overloaded},
    Row{"SlowDown", Code::throttled, ErrorKind::overloaded},
    Row{"InternalServiceError", Code::server, ErrorKind::unavailable},
    Row{"InternalServiceErrorException", Code::server, ErrorKind::unavailable},
    Row{"InternalFailure", Code::server, ErrorKind::unavailable},
    Row{"ServiceUnavailable", Code::server, ErrorKind::unavailable},
    Row{"ServiceUnavailableException", Code::server, ErrorKind::unavailable},
    Row{"RequestTimeout", Code::server, ErrorKind::unavailable},
    Row{"RequestTimeoutException", Code::server, ErrorKind::unavailable},
};

Row row_of(const Refusal& refusal) {
    for (const auto& row : k_rows) {
        if (row.exception == refusal.exception) return row;
    }
    if (refusal.status == 429) return {"", Code::throttled, ErrorKind::overloaded};
    if (refusal.status >= 500) return {"", Code::server, ErrorKind::unavailable};
    // Cut short, or somebody else's: a proxy's, a captive network's.
    if (refusal.exception.empty()) return {"", Code::server, ErrorKind::unavailable};
    return {"", Code::other, ErrorKind::internal};
}

// The messages of all others may quote what was sent.
constexpr std::array<std::string_view, 12> k_quoted{
    "ResourceNotFoundException",   "ResourceExistsException",
    "InvalidRequestException",     "InvalidParameterException",
    "PreconditionNotMetException", "LimitExceededException",
    "AccessDeniedException",       "AccessDenied",
    "EncryptionFailure",           "DecryptionFailure",
    "InvalidIdentityToken",        "ExpiredTokenException"};

// The word behind `lead`: "… is not authorized to perform: kms:Decrypt on resource: arn:…".
std::string word_after(const std::string& message, std::string_view lead) {
    const auto at = message.find(lead);
    if (at == std::string::npos) return {};
    const auto start = at + lead.size();
    return message.substr(start, message.find_first_of(" \t\r\n", start) - start);
}

// The statement to add to a policy. AWS names action and resource in its message, and where it does
// not, or where that is not what a policy has, it is the call's own.
std::string missing_permission(const Attempt& attempt, const Refusal& refusal) {
    auto action = word_after(refusal.message, "perform: ");
    if (action.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:*") !=
        std::string::npos) {
        action.clear();
    }
    if (action.starts_with("kms:")) {
        const auto key = word_after(refusal.message, "on resource: ");
        return fmt::format("allow {} on {}", action,
                           key.starts_with("arn:") ? key : "the secret's KMS key");
    }
    if (action.empty()) action = fmt::format("secretsmanager:{}", attempt.action);
    const auto resource = attempt.secret.starts_with("arn:")
                              ? attempt.secret
                              : fmt::format("arn:aws:secretsmanager:{}:*:secret:{}-??????",
                                            attempt.region, attempt.secret);
    const bool writes = attempt.action == "CreateSecret" || attempt.action == "PutSecretValue";
    const bool reads = attempt.action == "GetSecretValue";
    return fmt::format("allow {} on {}{}", action, resource,
                       writes ? ", and kms:GenerateDataKey and kms:Decrypt on its KMS key where it "
                                "has one of its own"
                       : reads ? ", and kms:Decrypt on its KMS key where it has one of its own"
                               : "");
}

std::string hint_of(const Attempt& attempt, const Refusal& refusal, const Row& row) {
    if (refusal.exception == "EncryptionFailure" || refusal.exception == "DecryptionFailure") {
        return "the secret's KMS key must be enabled, and allow kms:Decrypt and "
               "kms:GenerateDataKey";
    }
    if (refusal.exception == "LimitExceededException") {
        return "the account has as many secrets or versions as its quota allows";
    }
    if (refusal.exception.empty() && row.code == Code::server) {
        return "check AWS_ENDPOINT_URL and the proxy settings";
    }
    if (row.code == Code::denied) return missing_permission(attempt, refusal);
    if (row.code == Code::expired) return "get new credentials, and check that the key exists";
    if (row.kind == ErrorKind::denied)
        return "check the secret access key and this machine's clock";
    return {};
}

}  // namespace

Code code_of(const Refusal& refusal) { return row_of(refusal).code; }

bool passes(Code code) { return code == Code::throttled || code == Code::server; }

Failure failure_of(const Attempt& attempt, const Refusal& refusal) {
    const auto row = row_of(refusal);
    // What reads a value is the one call whose refusal could quote one that we do not know.
    const bool reads = attempt.action == "GetSecretValue" && row.code != Code::denied;
    return {base::Error{row.kind,
                        fmt::format("Secrets Manager refuses {} on secret \"{}\": {}",
                                    attempt.action, attempt.secret,
                                    quotable(refusal.exception, reads ? "" : refusal.message,
                                             refusal.status, attempt.never_quoted)),
                        hint_of(attempt, refusal, row),
                        {}},
            row.code};
}

std::string quotable(const std::string& exception, const std::string& message, int status,
                     const std::vector<base::Secret>& never_quoted) {
    constexpr std::size_t k_longest = 300;
    const bool known = std::find(k_quoted.begin(), k_quoted.end(), exception) != k_quoted.end();
    const bool plain = std::all_of(exception.begin(), exception.end(),
                                   [](char c) { return base::is_alphanumeric(c); });
    if (exception.empty() || !plain || exception.size() > 100) {
        return fmt::format("it answered {}", status);
    }
    const bool quotes =
        message.find_first_of("{}\"") != std::string::npos ||
        std::any_of(never_quoted.begin(), never_quoted.end(), [&](const base::Secret& secret) {
            return !secret.empty() && message.find(secret.reveal()) != std::string::npos;
        });
    if (!known || quotes || message.empty()) return exception;
    auto line = message.substr(0, std::min(k_longest, message.find_first_of("\r\n")));
    std::replace_if(
        line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
    return exception + ": " + line;
}

}  // namespace aws
