// SPDX-License-Identifier: Apache-2.0
//
// An Input that unpacks another one while it is read, in bounded memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sources/compression.h"
#include "sources/input.h"

namespace sources {

// Fails, beyond what `packed` fails with, invalid_input for a stream that is damaged, that ends too
// early, or that something else follows. Streams that follow each other are one text.
class UnpackedInput final : public OpenedInput {
   public:
    UnpackedInput(std::unique_ptr<OpenedInput> packed, Compression compression);

   private:
    base::Result<std::size_t> read_on(char* into, std::size_t size,
                                      base::Deadline deadline) override;
    base::Result<void> take_more(base::Deadline deadline);
    void pass_padding();
    tl::unexpected<base::Error> damaged(const base::Error& error) const;
    tl::unexpected<base::Error> cut_off() const;

    std::unique_ptr<OpenedInput> packed_;
    Compression compression_;
    std::unique_ptr<Decoder> decoder_;
    std::string block_;
    std::string_view ahead_ = {};  // of block_, not yet unpacked
    std::uint64_t at_ = 0;         // of the first byte of ahead_ in what is packed
    bool at_end_ = false;
    bool between_ = true;   // no stream has begun that has not ended
    bool begins_ = true;    // the stream has made nothing
    bool follows_ = false;  // one stream has ended
};

// A file or standard input, unpacked if it is compressed.
struct Unpacked {
    std::unique_ptr<OpenedInput> input;
    Compression compression = Compression::none;
};

// Reads the beginning of `input`. Fails as reading does.
base::Result<Unpacked> unpacked(std::unique_ptr<OpenedInput> input, base::Deadline deadline);

// The same of the file at `path`.
base::Result<Unpacked> open_unpacked(const std::string& path, base::Deadline deadline);

}  // namespace sources
