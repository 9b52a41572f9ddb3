// SPDX-License-Identifier: Apache-2.0
//
// What other people's messages look like before they are shown.
#pragma once

#include <string>
#include <string_view>

namespace base {

// `text` without the password of any URL in it, and without the values of password=… and its like:
// a message may quote a word of the call, and that may be a connection string in the wrong place.
std::string without_passwords(std::string_view text);

// The same in one line: libpq's messages have several.
std::string presentable(std::string_view text);

// `text` as valid UTF-8 that does nothing to a terminal: each control character but a line's end
// and a tab, each mark that turns the direction of writing, and each byte that is no UTF-8 as a
// '?'.
std::string harmless(std::string_view text);

// The same on one line, for a cell of a table or a line of the log.
std::string harmless_line(std::string_view text);

// `text` as what stands between the quotes of a JSON string: with everything escaped that is not
// harmless, and each byte that is no UTF-8 as U+FFFD.
std::string json_escaped(std::string_view text);

// At most `most` bytes of `text`, cut between characters and then with an ellipsis.
std::string beginning_of(std::string_view text, std::size_t most);

}  // namespace base
