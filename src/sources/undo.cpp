// SPDX-License-Identifier: Apache-2.0
#include "sources/undo.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.h"

namespace sources {

namespace {

constexpr std::array<std::string_view, 18> k_undo{
    "undo",     "undos",   "down",      "downs",     "rollback",  "rollbacks",
    "revert",   "reverts", "reverse",   "backout",   "downgrade", "downgrades",
    "teardown", "unapply", "uninstall", "backwards", "backward",  "rolledback"};

// What stands beside such a word in a mark.
constexpr std::array<std::string_view, 30> k_around{
    "migrate",        "migration", "migrations", "goose", "rambler",       "sql",
    "script",         "section",   "begin",      "start", "transaction",   "false",
    "true",           "the",       "step",       "steps", "statement",     "statements",
    "statementbegin", "part",      "of",         "this",  "schema",        "changes",
    "below",          "here",      "for",        "to",    "notransaction", "no"};

template <std::size_t Count>
bool is_one_of(const std::string& word, const std::array<std::string_view, Count>& words) {
    return std::ranges::find(words, word) != words.end();
}

// The words of a name, in small letters: parted by what is no letter, and by capitals. "001aDown"
// has "a" and "down".
std::vector<std::string> words_of(std::string_view name) {
    std::vector<std::string> words;
    char before = ' ';
    for (const char c : name) {
        const bool begins = base::is_letter(c) && (!base::is_letter(before) ||
                                                   (base::is_upper(c) && base::is_lower(before)));
        if (begins) words.emplace_back();
        if (base::is_letter(c)) words.back() += base::lower(c);
        before = c;
    }
    return words;
}

// "roll", "back" counts as one.
bool is_undo(const std::vector<std::string>& words, std::size_t first) {
    return is_one_of(words[first], k_undo) ||
           (first + 1 < words.size() && is_one_of(words[first] + words[first + 1], k_undo));
}

// U2__a.sql, as Flyway has it.
bool is_flyway_undo(std::string_view name) {
    if (name.size() < 2 || (name.front() != 'U' && name.front() != 'u')) return false;
    return base::is_digit(name[1]) && name.find("__") != std::string_view::npos;
}

bool is_undo_part(std::string_view name) {
    if (is_flyway_undo(name)) return true;
    if (name.ends_with(".sql") || name.ends_with(".SQL")) name.remove_suffix(4);
    const auto words = words_of(name);
    if (words.empty()) return false;
    const bool two = words.size() > 1 && is_undo(words, words.size() - 2);
    return is_undo(words, 0) || is_undo(words, words.size() - 1) || two;
}

}  // namespace

bool is_undo_name(std::string_view path) {
    for (;;) {
        const auto slash = path.find('/');
        if (is_undo_part(path.substr(0, slash))) return true;
        if (slash == std::string_view::npos) return false;
        path.remove_prefix(slash + 1);
    }
}

bool is_undo_mark(std::string_view comment) {
    // As tern has it.
    if (comment.find("create above / drop below") != std::string_view::npos) return true;
    constexpr std::size_t k_longest = 120;
    if (comment.size() > k_longest) return false;
    const auto words = words_of(comment);
    bool undoes = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (is_undo(words, i)) {
            undoes = true;
            if (!is_one_of(words[i], k_undo)) ++i;
        } else if (!is_one_of(words[i], k_around)) {
            return false;
        }
    }
    return undoes;
}

}  // namespace sources
