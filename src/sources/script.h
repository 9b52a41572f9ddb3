// SPDX-License-Identifier: Apache-2.0
//
// A script while it is read: what Lexer cuts, out of an Input, with the script's name in every
// error. Not safe from two threads at once.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "sources/input.h"
#include "sources/lexer.h"

namespace sources {

// A statement may be as long as this; a COPY is as long as it likes.
inline constexpr std::size_t k_longest_statement = 128U << 20U;

class Script {
   public:
    // Told of the bytes that were read so far, now and then.
    using OnRead = std::function<void(std::uint64_t)>;

    // Borrows the input for its life.
    Script(Input& input, std::string name, OnRead on_read = {});

    // The next piece; nothing at the end. Blocks until `deadline`. Fails invalid_input with the
    // line where the script cannot be read on, and as the input does.
    base::Result<std::optional<Piece>> next(base::Deadline deadline);

    void expect_data() { lexer_.expect_data(); }
    void set_backslash(Backslash backslash);
    Backslash backslash() const { return backslash_; }

    const std::string& name() const { return name_; }
    const Remarks& remarks() const { return lexer_.remarks(); }
    // "name:12", for messages.
    std::string at(std::size_t line) const;

   private:
    base::Result<void> read_on(base::Deadline deadline);

    Input& input_;
    std::string name_;
    OnRead on_read_;
    Lexer lexer_{k_longest_statement};
    Backslash backslash_ = Backslash::letter;
    std::string part_;
    std::uint64_t read_ = 0;
    bool at_end_ = false;
};

}  // namespace sources
