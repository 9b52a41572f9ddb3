// SPDX-License-Identifier: Apache-2.0
#include "sources/refused.h"

#include <fmt/format.h>

#include "base/words.h"
#include "pg/sql_state.h"

namespace sources {

namespace {

using base::ErrorKind;

// What Postgres says may quote a row.
constexpr std::size_t k_longest_message = 600;
constexpr std::size_t k_longest_context = 200;

// Trying again helps where the server was busy or away; otherwise the script has to change.
ErrorKind kind_of_script_error(const base::Error& error) {
    return base::facts_of(error.kind).retryable ? error.kind : ErrorKind::invalid_input;
}

std::string hint_for(const pg::Refusal& refusal, const Judgement& judgement) {
    const auto& code = refusal.error.sqlstate;
    if (judgement.trait == Trait::make_extension) {
        if (code == pg::sql_state::k_insufficient_privilege) {
            return "a role that is no superuser can only make extensions that are trusted; a "
                   "database administrator may mark it as such (trusted = true in its .control "
                   "file), or take it out of the script";
        }
        return "the server has to offer it: a database administrator installs the package that "
               "brings it, and pg_available_extensions lists what is there";
    }
    if (code == pg::sql_state::k_insufficient_privilege) {
        return "a template is filled as a role that is no superuser and owns this database alone";
    }
    return base::harmless(base::beginning_of(refusal.error.hint, k_longest_context));
}

}  // namespace

std::string presentable_command(std::string_view command) {
    constexpr std::size_t k_most = 100;
    const bool hides = command.find('=') != std::string_view::npos ||
                       command.find("://") != std::string_view::npos;
    if (hides) return std::string(command.substr(0, command.find_first_of(" \t"))) + " …";
    return base::harmless(base::beginning_of(command, k_most));
}

std::string refusal_hint(std::string_view hint) {
    return hint.empty() ? "--skip-foreign skips what is not for this database, and says what"
                        : fmt::format("{}; or --skip-foreign skips it, and says so", hint);
}

std::size_t line_of(const Piece& statement, std::size_t position) {
    auto line = statement.line;
    for (const char c : statement.text) {
        const bool continues = (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
        if (!continues && (position == 0 || --position == 0)) break;
        if (c == '\n') ++line;
    }
    return line;
}

base::Error told(const pg::Refusal& refusal, const Judgement& judgement, std::string where,
                 std::string statement) {
    const auto& error = refusal.error;
    auto message = base::beginning_of(error.message, k_longest_message);
    if (!refusal.context.empty()) {
        const auto line = refusal.context.substr(0, refusal.context.find('\n'));
        message += fmt::format(" [{}]", base::beginning_of(line, k_longest_context));
    }
    return {kind_of_script_error(error),
            fmt::format("{}: {}: {} (SQLSTATE {})", where, statement, base::harmless(message),
                        error.sqlstate),
            hint_for(refusal, judgement), error.sqlstate};
}

}  // namespace sources
