// SPDX-License-Identifier: Apache-2.0
//
// The kinds of failure, named by what the caller should do, and the one table that says what each
// becomes at a door: its published name, exit code, HTTP status, and whether to try again.
#pragma once

#include <array>
#include <string_view>

namespace base {

enum class ErrorKind {
    invalid_input,   // correct the call
    not_found,       // there is no such thing
    conflict,        // something else stands where this would go; a person decides
    denied,          // the login may not do this
    late,            // older than what was done since; nothing, unless it is wanted all the same
    shielded,        // protection refuses it; lift the protection first
    overloaded,      // busy: the same call later
    unavailable,     // away: the same call later
    deadline,        // the caller's own time ran out
    in_doubt,        // it may or may not have happened: observe, then decide
    command_failed,  // a command of the caller's ended badly; its own output says why
    internal,        // a bug, or an answer that no rule covers
};

// How serious a log line about the failure is.
enum class LogLevel { trace, debug, info, warning, error, off };

struct ErrorKindFacts {
    ErrorKind kind;
    std::string_view name;  // as published in JSON and in the manual
    int exit_code;
    int http_status;
    bool retryable;
    LogLevel log_level;
};

// Every kind once, in the order of the enumeration.
inline constexpr std::array<ErrorKindFacts, 12> k_error_kinds{{
    {ErrorKind::invalid_input, "invalid_input", 2, 400, false, LogLevel::info},
    {ErrorKind::not_found, "not_found", 3, 404, false, LogLevel::info},
    {ErrorKind::conflict, "conflict", 4, 409, false, LogLevel::warning},
    {ErrorKind::denied, "denied", 5, 403, false, LogLevel::warning},
    {ErrorKind::late, "late", 4, 409, false, LogLevel::warning},
    {ErrorKind::shielded, "protected", 8, 423, false, LogLevel::warning},
    {ErrorKind::overloaded, "overloaded", 6, 503, true, LogLevel::warning},
    {ErrorKind::unavailable, "unavailable", 6, 503, true, LogLevel::warning},
    {ErrorKind::deadline, "deadline", 6, 504, true, LogLevel::warning},
    {ErrorKind::in_doubt, "in_doubt", 6, 503, true, LogLevel::error},
    {ErrorKind::command_failed, "command_failed", 9, 422, false, LogLevel::info},
    {ErrorKind::internal, "internal", 1, 500, false, LogLevel::error},
}};

// The row of the table for `kind`.
constexpr const ErrorKindFacts& facts_of(ErrorKind kind) {
    return k_error_kinds.at(static_cast<std::size_t>(kind));
}

// Exit code of a check that found drift and left it (the only published code that no kind has).
inline constexpr int k_exit_drift = 7;

}  // namespace base
