// SPDX-License-Identifier: Apache-2.0
#include "sources/refused.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
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

constexpr std::string_view k_syntax_error = "42601";
constexpr std::string_view k_not_in_encoding = "22021";
constexpr std::string_view k_skip = "or --skip-foreign leaves it out, and says so";

std::string extension_hint(std::string_view code) {
    if (code == pg::sql_state::k_insufficient_privilege) {
        return fmt::format(
            "reviewdb init --extension NAME makes it in every new database, with the "
            "login of a database administrator; {}",
            k_skip);
    }
    return fmt::format(
        "the server has to offer it: a database administrator installs the package "
        "that brings it, and pg_available_extensions lists what is there; {}",
        k_skip);
}

std::string denied_hint(const Judgement& judgement, std::string_view text) {
    if (judgement.trait == Trait::set &&
        base::lower(text).find("session_replication_role") != std::string::npos) {
        return fmt::format(
            "load the data before the constraints, or let an administrator GRANT SET "
            "ON PARAMETER session_replication_role TO PUBLIC; {}",
            k_skip);
    }
    return fmt::format(
        "a template is filled as a role that is no superuser and owns this database "
        "alone; {}",
        k_skip);
}

// Where the server points at.
std::string_view text_at(std::string_view text, std::size_t position) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool continues = (static_cast<unsigned char>(text[i]) & 0xc0U) == 0x80U;
        if (!continues && position-- == 1) return text.substr(i);
    }
    return {};
}

// What another client replaces or takes as its own.
std::string syntax_hint(std::string_view text, std::size_t position) {
    const auto at = text_at(text, position);
    const bool variable = at.size() > 1 && at[0] == ':' &&
                          (base::is_letter(at[1]) || at[1] == '_' || at[1] == '\'' || at[1] == '"');
    if (variable) {
        return "psql's variables are not replaced here; psql does it: --run 'psql -X -v "
               "ON_ERROR_STOP=1 -v NAME=VALUE -f FILE'";
    }
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        if (base::lower(base::trimmed(text.substr(begin, end - begin))) == "go") {
            return "GO parts statements for SQL Server; Postgres wants a semicolon";
        }
        begin = end + 1;
    }
    return {};
}

bool is_missing_object(std::string_view code) {
    constexpr std::array<std::string_view, 5> k_codes{"42P01", "42704", "42883", "3F000", "42703"};
    return std::ranges::find(k_codes, code) != k_codes.end();
}

// What of a dump usually is the cause.
std::string dump_hint(const pg::Refusal& refusal, std::string_view text, const Remarks& remarks,
                      int server_major) {
    const auto& code = refusal.error.sqlstate;
    const auto beginning = base::lower(text.substr(0, 6));
    if (is_missing_object(code) && remarks.is_dump &&
        (beginning.starts_with("drop") ||
         base::lower(text).find("drop constraint") != std::string::npos)) {
        return "pg_dump --clean drops what is not there in a new database: make the dump with "
               "--if-exists as well, or without --clean";
    }
    if (remarks.dumped_major > server_major && server_major > 0) {
        return fmt::format(
            "the dump is of Postgres {}, and this server is {}: a dump is for its own "
            "major and newer ones",
            remarks.dumped_major, server_major);
    }
    return {};
}

std::string hint_for(const pg::Refusal& refusal, const Judgement& judgement, std::string_view text,
                     const Remarks& remarks, int server_major) {
    const auto& code = refusal.error.sqlstate;
    if (judgement.trait == Trait::make_extension) return extension_hint(code);
    if (code == pg::sql_state::k_insufficient_privilege) return denied_hint(judgement, text);
    if (code == k_not_in_encoding) {
        return "the text is in another encoding: iconv -f LATIN1 -t UTF-8 FILE | … --from -, or "
               "let "
               "the script begin with SET client_encoding = 'LATIN1'";
    }
    auto hint = dump_hint(refusal, text, remarks, server_major);
    if (hint.empty() && code == k_syntax_error) hint = syntax_hint(text, refusal.position);
    if (!hint.empty()) return hint;
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

std::string_view program_that_says(std::string_view text) {
    constexpr std::array<std::string_view, 7> k_programs{
        "pg_dump", "pg_dumpall", "pg_restore", "psql", "kubectl", "docker", "mysqldump"};
    if (text.starts_with("Defaulted container ")) return "kubectl";
    const auto line = text.substr(0, text.find('\n'));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return {};
    auto name = line.substr(0, colon);
    name.remove_prefix(name.rfind('/') + 1);
    const auto found = std::ranges::find(k_programs, name);
    return found == k_programs.end() ? std::string_view() : *found;
}

std::string quoted_line(std::string_view text) {
    constexpr std::size_t k_most = 100;
    const auto line = text.substr(0, text.find_first_of("\r\n"));
    return fmt::format("'{}'", base::harmless(base::beginning_of(base::presentable(line), k_most)));
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

base::Error told(const pg::Refusal& refusal, const Judgement& judgement, const Refused& refused,
                 const Remarks& remarks, int server_major) {
    const auto& error = refusal.error;
    auto message = base::beginning_of(error.message, k_longest_message);
    if (!refusal.context.empty()) {
        const auto line = refusal.context.substr(0, refusal.context.find('\n'));
        message += fmt::format(" [{}]", base::beginning_of(line, k_longest_context));
    }
    return {kind_of_script_error(error),
            fmt::format("{}: {}: {} (SQLSTATE {})", refused.where, refused.statement,
                        base::harmless(message), error.sqlstate),
            hint_for(refusal, judgement, refused.text, remarks, server_major), error.sqlstate};
}

}  // namespace sources
