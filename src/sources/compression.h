// SPDX-License-Identifier: Apache-2.0
//
// What a file is compressed by, told by its first bytes, and the libraries that unpack it, behind
// one interface. Knows nothing of files. Not safe from two threads at once.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace sources {

enum class Compression { none, gzip, zstd, lz4, xz };

std::string_view to_text(Compression compression);  // the program's name: "gzip"

// Frames that readers skip, as pzstd writes one first, are looked past.
Compression compression_of(std::string_view beginning);

// Unpacks a stream piece by piece. What it holds is the window of the format, at most
// k_most_memory.
class Decoder {
   public:
    inline static constexpr std::size_t k_most_memory = 256U << 20U;

    struct Step {
        std::size_t taken = 0;  // of what was given
        std::size_t made = 0;
        bool ended = false;  // one stream is complete; another may follow
    };

    Decoder() = default;
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;
    virtual ~Decoder() = default;

    // Unpacks some of `packed` into at most `size` bytes. A step that neither takes nor makes
    // anything needs more input. After a stream's end the next step begins another one. Fails
    // invalid_input with the library's reason alone: "incorrect data check".
    virtual base::Result<Step> step(std::string_view packed, char* into, std::size_t size) = 0;
};

// Null for none, and if there is no memory.
std::unique_ptr<Decoder> make_decoder(Compression compression);

}  // namespace sources
