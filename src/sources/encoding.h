// SPDX-License-Identifier: Apache-2.0
//
// Encodings in which a byte of a character may look like a backslash: a script in one of them is
// not split here. Pure. Safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace sources {

// How iconv calls `encoding`, a name as Postgres takes it; empty for one that can be split.
std::string_view iconv_name_of_unsplittable(std::string_view encoding);

// How to make such a script one in UTF-8.
std::string encoding_hint(std::string_view encoding, const std::string& file);

}  // namespace sources
