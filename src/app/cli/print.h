// SPDX-License-Identifier: Apache-2.0
//
// Where words go: results to standard output, everything else to standard error. A reader that has
// gone away is no failure of ours.
//
// This is the border where text of others (names, labels, messages of servers and programs) meets a
// terminal: whatever is printed is harmless, as base::harmless() has it, but for the two functions
// whose names say otherwise.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cli {

void print_result(std::string_view text);
void print_notice(std::string_view line);  // to standard error, with the newline
// As they are: for text that is harmless but for our own colours and cursor movements.
void print_raw_result(std::string_view text);
void print_raw_notice(std::string_view text);

// Colour is for terminals only, and for nobody where NO_COLOR is set (https://no-color.org).
enum class Colour { none, red, yellow, green };
std::string coloured(std::string_view text, Colour colour, int file);

// Columns as wide as what they hold; the first row is the heading. A cell is one line.
std::string table(std::vector<std::vector<std::string>> rows);

// `text` as one word of a POSIX shell.
std::string shell_quoted(std::string_view text);
// `text` as a JSON string, quotes included.
std::string json_quoted(std::string_view text);

}  // namespace cli
