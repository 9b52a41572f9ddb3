// SPDX-License-Identifier: Apache-2.0
//
// Text as gzip, zstd, lz4 and xz compress it, with the checksums that these programs add.
#pragma once

#include <string>
#include <string_view>

#include "sources/compression.h"

namespace support {

std::string compressed(sources::Compression compression, std::string_view text);

}  // namespace support
