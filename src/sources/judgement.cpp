// SPDX-License-Identifier: Apache-2.0
#include "sources/judgement.h"

#include <array>
#include <string>

#include "base/text.h"
#include "base/words.h"
#include "sources/source_only.h"
#include "sources/words_of.h"

namespace sources {

namespace {

Judgement foreign(std::string_view what, std::string_view hint) {
    return {.verdict = Verdict::foreign, .what = what, .hint = hint};
}
Judgement passed_over(std::string_view what) {
    return {.verdict = Verdict::pass_over, .what = what};
}
Judgement run_as(Trait trait, bool brings = true) { return {.trait = trait, .brings = brings}; }

constexpr std::string_view k_one_database = "pg_dump without --create leaves it out";
constexpr std::string_view k_no_globals =
    "pg_dump leaves it out; pg_dumpall and pg_dumpall --globals-only write it";
constexpr std::string_view k_no_owner = "pg_dump --no-owner leaves it out";

// What belongs to the whole server, by the word behind CREATE, ALTER or DROP.
struct ServerObject {
    std::string_view word;
    std::string_view what;
    std::string_view hint;
};
constexpr std::array k_server_objects{
    ServerObject{"DATABASE", "it is about a database as a whole", k_one_database},
    ServerObject{"ROLE", "it is about roles", k_no_globals},
    ServerObject{"USER", "it is about roles", k_no_globals},
    ServerObject{"GROUP", "it is about roles", k_no_globals},
    ServerObject{"TABLESPACE", "it is about tablespaces", k_no_globals},
    ServerObject{"SYSTEM", "it sets something for the whole server", {}},
};

std::optional<Judgement> find_server_object(const Words& words, std::size_t at) {
    if (words.has(at, {"USER", "MAPPING"})) return std::nullopt;
    for (const auto& object : k_server_objects) {
        if (words.has(at, {object.word})) return foreign(object.what, object.hint);
    }
    return std::nullopt;
}

Judgement judge_create(const Words& words) {
    if (auto judgement = find_server_object(words, 1)) return *judgement;
    if (words.has(1, {"EXTENSION"})) return run_as(Trait::make_extension);
    if (words.has(1, {"SCHEMA"}) && words.size() >= 3) {
        const bool named =
            words[2].text == (words[2].kind == TokenKind::quoted ? "public" : "PUBLIC");
        const bool alone = words.size() == 3 || words.has(3, {"AUTHORIZATION"});
        if (named && alone && words.size() <= 5) return run_as(Trait::make_public, false);
    }
    return {};
}

// GRANT and REVOKE, whose words begin at `at`.
Judgement judge_grant(const Words& words, std::size_t at) {
    const auto on = words.find("ON", at);
    if (on == words.size()) return foreign("it makes roles members of each other", k_no_globals);
    if (words.has_one_of(on + 1, {"DATABASE", "TABLESPACE", "PARAMETER", "LANGUAGE"})) {
        return passed_over("GRANT and REVOKE on what belongs to the server");
    }
    const auto to = words.find(words.has(at, {"GRANT"}) ? "TO" : "FROM", on);
    if (names_roles(words, to + 1)) return passed_over("GRANT and REVOKE that name roles");
    return {};
}

Judgement judge_default_privileges(const Words& words) {
    const bool of_others = words.has(3, {"FOR"}) && words.has_one_of(4, {"ROLE", "USER"});
    const auto verb = std::min(words.find("GRANT", 3), words.find("REVOKE", 3));
    const auto to = words.find(words.has(verb, {"GRANT"}) ? "TO" : "FROM", verb);
    if (of_others || names_roles(words, to + 1)) {
        return passed_over("ALTER DEFAULT PRIVILEGES that name roles");
    }
    return {};
}

Judgement judge_alter(const Words& words) {
    if (auto judgement = find_server_object(words, 1)) return *judgement;
    if (words.has(1, {"DEFAULT", "PRIVILEGES"})) return judge_default_privileges(words);
    const auto size = words.size();
    // Nothing else is changed in the same statement.
    const bool renames =
        size >= 4 && words.has_one_of(size - 4, {"RENAME", "COLUMN", "ATTRIBUTE", "CONSTRAINT"});
    const bool alone = size >= 3 && words.has(size - 3, {"OWNER", "TO"}) && !renames;
    bool list = false;
    for (std::size_t i = 0; i < size; ++i) list = list || words[i].text == ",";
    if (alone && !list) return passed_over("ALTER … OWNER TO");
    return {};
}

Judgement judge_copy(const Words& words) {
    for (std::size_t i = 1; i + 1 < words.size(); ++i) {
        if (!words.has_one_of(i, {"FROM", "TO"})) continue;
        if (words[i + 1].kind == TokenKind::string) {
            return foreign("it reads or writes a file of the server",
                           "COPY … FROM STDIN takes the data out of the script");
        }
        if (words.has(i + 1, {"PROGRAM"})) {
            return foreign("it runs a program on the server",
                           "COPY … FROM STDIN takes the data out of the script");
        }
        const bool here = words.has_one_of(i + 1, {"STDIN", "STDOUT"});
        if (words.has(i, {"FROM"}) && here) return run_as(Trait::copy_in);
        return {};
    }
    return {};
}

// What SET … name = value gives a boolean parameter, as far as it can be told.
bool is_set_off(const Words& words, std::size_t at) {
    const auto value = base::lower(words[at + 2].text);
    return value == "off" || value == "false" || value == "0" || value == "no";
}

std::optional<Backslash> strings_set(const Words& words, std::size_t at) {
    if (base::lower(words[at].text) != "standard_conforming_strings") return std::nullopt;
    return is_set_off(words, at) ? Backslash::escape : Backslash::letter;
}

Judgement judge_set(const Words& words) {
    const auto at = static_cast<std::size_t>(words.has_one_of(1, {"LOCAL", "SESSION"}) &&
                                                     !words.has(1, {"SESSION", "AUTHORIZATION"})
                                                 ? 2
                                                 : 1);
    const bool role = words.has(at, {"ROLE"}) && !words.has(at + 1, {"NONE"});
    const bool session =
        words.has(at, {"SESSION", "AUTHORIZATION"}) && !words.has(at + 2, {"DEFAULT"});
    if (role || session) return foreign("it acts as another role", k_no_owner);
    const bool hides = base::lower(words[at].text) == "row_security" && !is_set_off(words, at);
    auto judgement = run_as(hides ? Trait::hide_rows : Trait::set, false);
    if (words.has(at, {"NAMES"})) judgement.encoding = words[at + 1].text;
    if (base::lower(words[at].text) == "client_encoding") judgement.encoding = words[at + 2].text;
    judgement.backslash = strings_set(words, at);
    return judgement;
}

// As pg_dump begins: SELECT pg_catalog.set_config('search_path', '', false).
bool sets_search_path(std::string_view statement) {
    constexpr std::size_t k_prefix = 60;
    const auto beginning = base::lower(statement.substr(0, k_prefix));
    return beginning.starts_with("select") &&
           beginning.find("set_config('search_path'") != std::string::npos;
}

Judgement judge_comment(const Words& words, std::size_t on) {
    if (words.has(on, {"ON", "EXTENSION"})) return passed_over("COMMENT ON EXTENSION");
    if (words.has(on, {"ON", "SCHEMA", "PUBLIC"})) return {.brings = false};
    if (words.has(on, {"ON"})) {
        if (auto judgement = find_server_object(words, on + 1)) return *judgement;
    }
    return {};
}

bool is_transaction(const Words& words) {
    return words.has_one_of(0, {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT",
                                "RELEASE"}) ||
           words.has(0, {"PREPARE", "TRANSACTION"});
}

std::string_view first_word(std::string_view statement, Backslash backslash) {
    return statement.empty() ? statement : first_token(statement, Rest::none, backslash).text;
}

}  // namespace

Judgement judge(std::string_view statement, Backslash backslash) {
    const auto first = Words(first_word(statement, backslash), backslash);
    // The bulk of most scripts, which may be long.
    if (first.has_one_of(0, {"INSERT", "SELECT", "UPDATE", "DELETE", "WITH", "VALUES"})) {
        return {.brings = !sets_search_path(statement)};
    }
    const Words words(statement, backslash);
    if (auto judgement = judge_source_only(words)) return *std::move(judgement);
    if (words.has(0, {"CREATE"})) return judge_create(words);
    if (words.has(0, {"ALTER"})) return judge_alter(words);
    if (words.has(0, {"COPY"})) return judge_copy(words);
    if (words.has(0, {"SET"})) return judge_set(words);
    if (words.has_one_of(0, {"GRANT", "REVOKE"})) return judge_grant(words, 0);
    if (words.has(0, {"COMMENT"})) return judge_comment(words, 1);
    if (words.has_one_of(0, {"DROP", "REASSIGN"})) {
        if (words.has(1, {"OWNED"})) return foreign("it is about roles", {});
        if (auto judgement = find_server_object(words, 1)) return *judgement;
    }
    if (is_transaction(words)) return run_as(Trait::transaction, false);
    return {.brings = !words.has_one_of(0, {"RESET", "SHOW", "DISCARD", "LISTEN", "CHECKPOINT"})};
}

Judgement judge_command(std::string_view command) {
    const auto end = command.find_first_of(" \t");
    const auto name = command.substr(0, end);
    if (name == "\\restrict" || name == "\\unrestrict") return {};
    if (name == "\\connect" || name == "\\c") {
        return foreign("it goes on in another database", k_one_database);
    }
    auto judgement = foreign(
        "commands of psql are not run here",
        "a script that needs psql is run by it: --run 'psql -X -v ON_ERROR_STOP=1 -f FILE'");
    std::string low(command);
    for (auto& c : low) c = base::is_letter(c) ? static_cast<char>(c | 0x20) : c;
    const bool brings_data = name == "\\copy" && (low.find("from stdin") != std::string::npos ||
                                                  low.find("from pstdin") != std::string::npos);
    if (brings_data) judgement.trait = Trait::copy_in;
    return judgement;
}

std::string excerpt(std::string_view statement, Backslash backslash) {
    constexpr std::size_t k_most = 100;
    std::string shown;
    while (!statement.empty() && shown.size() <= k_most) {
        const auto token = first_token(statement, Rest::none, backslash);
        statement.remove_prefix(token.text.size());
        switch (token.kind) {
            case TokenKind::blank:
            case TokenKind::comment:
                shown += shown.ends_with(' ') ? "" : " ";
                break;
            case TokenKind::string:
            case TokenKind::cut_off:
                shown += "'…'";
                break;
            default:
                shown += token.text.substr(0, k_most + 1);
        }
    }
    while (shown.ends_with(' ')) shown.pop_back();
    return base::harmless(base::beginning_of(shown, k_most));
}

}  // namespace sources
