// SPDX-License-Identifier: Apache-2.0
//
// What kind of thing a file is, by its first bytes. Pure. Safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "sources/compression.h"

namespace sources {

enum class Format { sql, custom, tar, directory };

std::string_view to_text(Format format);  // "plain SQL", as in "custom format"

// How many of its first bytes tell.
inline constexpr std::size_t k_telling_bytes = 2048;

// The kind of the file that begins with `beginning` and is called `file` in messages. Fails
// invalid_input for what is neither SQL nor a dump of pg_dump, with the command that helps. What
// `packed` compressed is meant as it is unpacked.
base::Result<Format> recognise(std::string_view beginning, const std::string& file,
                               Compression packed = Compression::none);

// The oldest major whose pg_restore reads the archive that begins with `beginning` (of a directory
// its toc.dat).
int restore_major(std::string_view beginning, Format format);

}  // namespace sources
