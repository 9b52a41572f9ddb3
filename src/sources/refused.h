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

// The server's refusal as our error: where, which statement, what it said and its SQLSTATE.
base::Error told(const pg::Refusal& refusal, const Judgement& judgement, std::string where,
                 std::string statement);

}  // namespace sources
