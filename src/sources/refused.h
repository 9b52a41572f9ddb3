// SPDX-License-Identifier: Apache-2.0
//
// The words in which a script's failure is told. Pure.
#pragma once

#include <string>
#include <string_view>

#include "pg/connection.h"
#include "sources/judgement.h"
#include "sources/lexer.h"

namespace sources {

// What may be shown of a command of psql's: not what may be a connection string.
std::string presentable_command(std::string_view command);

// What to do about something foreign: `hint` of its judgement, and the option that skips it.
std::string refusal_hint(std::string_view hint);

// The line of the character that the server points at, by its number in the statement.
std::size_t line_of(const Piece& statement, std::size_t position);

// The program that says a line like "pg_dump: reading extensions" with which `text` begins; empty
// for SQL.
std::string_view program_that_says(std::string_view text);

// The first line of `text`, cut, in quotes.
std::string quoted_line(std::string_view text);

// A statement that the server refused.
struct Refused {
    std::string where;      // "a.sql:12"
    std::string statement;  // as excerpt() has it
    std::string_view text;  // all of it
};

// The server's refusal as our error: where, which statement, what it said and its SQLSTATE, with a
// hint at what usually causes that.
base::Error told(const pg::Refusal& refusal, const Judgement& judgement, const Refused& refused,
                 const Remarks& remarks, int server_major);

}  // namespace sources
