// SPDX-License-Identifier: Apache-2.0
//
// What AWS says when it refuses, as an error of ours: a kind, a message that names secret and
// action, a hint that names what is missing in IAM, and a code for callers that go on differently.
// AWS's exception decides, never the text of its message. Pure.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace aws {

// The exceptions that somebody has to tell apart.
enum class Code {
    other,
    not_found,        // ResourceNotFoundException: no such secret, version or stage
    exists,           // ResourceExistsException
    invalid_request,  // InvalidRequestException: scheduled for deletion, or in another state that
                      // does not allow it; also while a forced deletion is still going on
    invalid_input,    // InvalidParameterException and the like
    denied,           // AccessDeniedException
    throttled,
    expired,  // the credentials, not the right to do it
    server,   // InternalServiceError, any 5xx
};

// An Error with AWS's code; as a base::Error it loses only that.
struct Failure : base::Error {
    Code code = Code::other;

    Failure() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): every Error is a Failure of code `other`.
    Failure(base::Error error, Code its_code = Code::other)
        : base::Error(std::move(error)), code(its_code) {}
};

// A value or a Failure.
template <typename T>
class [[nodiscard]] Outcome : public tl::expected<T, Failure> {
   public:
    using tl::expected<T, Failure>::expected;
};

inline tl::unexpected<Failure> fail(Failure failure) {
    return tl::unexpected<Failure>(std::move(failure));
}

// As an Error or a Result, which have no code.
inline base::Error plain(Failure failure) { return static_cast<base::Error&&>(failure); }
template <typename T>
base::Result<T> plain(Outcome<T> outcome) {
    if (!outcome) return base::fail(plain(std::move(outcome).error()));
    if constexpr (std::is_void_v<T>) {
        return {};
    } else {
        return *std::move(outcome);
    }
}

// What an answer other than 200 says, as read from it.
struct Refusal {
    int status = 0;
    std::string exception;  // without namespace; empty when the answer is not one of the service's
    std::string message;
};

// Code of a refusal by a service that speaks AWS's JSON.
Code code_of(const Refusal& refusal);

// Whether the same request may do better later, with nothing changed.
bool passes(Code code);

// The call that was refused.
struct Attempt {
    std::string_view action;  // PutSecretValue
    std::string secret;       // its name or ARN
    std::string region;
    // What must not be quoted, whatever AWS says: the value that was sent, the session token.
    std::vector<base::Secret> never_quoted = {};
};

Failure failure_of(const Attempt& attempt, const Refusal& refusal);

// AWS's own words, where they may be shown: of an exception whose message is known to be written
// for people, in one line, cut to 300 characters, and only when neither something of `never_quoted`
// nor anything like JSON is in it; else the exception and the status. A refused signature is never
// quoted: its message has the session token in it.
std::string quotable(const std::string& exception, const std::string& message, int status,
                     const std::vector<base::Secret>& never_quoted);

}  // namespace aws
