// SPDX-License-Identifier: Apache-2.0
//
// What an operation on the world answers: a value, or an Error that says what the caller should do.
//
// Results are for what the world does (a name that is taken, a server that is away); exceptions are
// for bugs and leave through the doors of src/app only. Values here are safe to copy and to move
// between threads.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "base/error_kind.h"

namespace base {

// One failure: named by the reaction that it asks for, told in words for a person.
// Neither `message` nor `hint` ever holds a password, a key or a token.
struct Error {
    ErrorKind kind = ErrorKind::internal;
    std::string message;   // the object, what was expected, what was found
    std::string hint;      // what to do next; empty where nobody can do anything
    std::string sqlstate;  // five characters when Postgres said it, else empty

    Error with_hint(std::string text) && {
        hint = std::move(text);
        return std::move(*this);
    }
    // Puts what was being attempted in front of the message: "cannot create the role: …".
    Error during(std::string_view attempt) && {
        message = std::string(attempt) + ": " + message;
        return std::move(*this);
    }
};

// A value or an Error. A class of its own, not an alias: only so does g++ 12 warn when one is
// ignored.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
   public:
    using tl::expected<T, Error>::expected;
};

// The failing half of a Result, for `return fail(…)`.
inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::string hint = {}) {
    return tl::unexpected<Error>(Error{kind, std::move(message), std::move(hint), {}});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace base

#define BASE_TRY_JOIN2(a, b) a##b
#define BASE_TRY_JOIN(a, b) BASE_TRY_JOIN2(a, b)

// Returns the failure of `expression` to the caller; goes on when it succeeded.
#define BASE_TRY(expression)                                               \
    if (auto base_try_result = (expression); !base_try_result.has_value()) \
    return ::base::fail(std::move(base_try_result).error())

// Declares `declaration` from the value of `expression`, or returns its failure to the caller.
#define BASE_TRY_ASSIGN(declaration, expression) \
    BASE_TRY_ASSIGN_AS(BASE_TRY_JOIN(base_try_result_, __LINE__), declaration, expression)
#define BASE_TRY_ASSIGN_AS(result, declaration, expression)                    \
    auto result = (expression);                                                \
    if (!(result).has_value()) return ::base::fail(std::move(result).error()); \
    declaration = std::move(*(result))
