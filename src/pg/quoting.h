// SPDX-License-Identifier: Apache-2.0
//
// Names and texts inside statements that take no parameters (CREATE ROLE, COMMENT …). Everything
// else goes by parameter.
#pragma once

#include <string>
#include <string_view>

namespace pg {

// `name` as a quoted identifier. A NUL inside throws std::logic_error: names are validated long
// before they come here.
std::string identifier(std::string_view name);

// `text` as a string constant that reads the same whatever standard_conforming_strings says.
std::string literal(std::string_view text);

}  // namespace pg
