// SPDX-License-Identifier: Apache-2.0
//
// The smallest parts of an SQL script, cut as psql cuts them (psqlscan.l), which does not know what
// they mean. Pure. Safe from any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace sources {

// What a backslash is in a plain '…': the server's standard_conforming_strings.
enum class Backslash { letter, escape };

// Whether more text may follow the text at hand.
enum class Rest { may_come, none };

enum class TokenKind {
    blank,
    comment,
    word,        // a keyword or a name without quotes
    number,      // $1 is one too
    quoted,      // "…", U&"…"
    string,      // '…' of every kind, $tag$…$tag$
    semicolon,   //
    symbol,      // one character
    command,     // a backslash and the rest of its line: psql's own
    incomplete,  // where it ends is not in the text
    cut_off,     // it does not end, and no more text comes
};

struct Token {
    TokenKind kind;
    std::string_view text;
    // What is cut off: "a quoted string".
    std::string_view what = {};
};

// The token that `text`, which is not empty, begins with. With Rest::none never `incomplete`.
Token first_token(std::string_view text, Rest rest, Backslash backslash);

// A letter as Postgres has it in names: beyond ASCII everything is one.
bool is_word_character(char c);

}  // namespace sources
