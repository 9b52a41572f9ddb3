// SPDX-License-Identifier: Apache-2.0
//
// What other people's messages look like before they are shown.
#pragma once

#include <string>
#include <string_view>

namespace base {

// `text` without the password of any URL in it: a message may quote a word of the call, and
// somebody may have put a connection string in the wrong place.
std::string without_passwords(std::string_view text);

// The same in one line: libpq's messages have several.
std::string presentable(std::string_view text);

}  // namespace base
