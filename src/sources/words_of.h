// SPDX-License-Identifier: Apache-2.0
//
// A statement as its words outside parentheses, to be looked through. Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sources/token.h"

namespace sources {

struct Word {
    TokenKind kind;
    std::string text;  // a word in capitals; what was quoted without its quotes; a symbol
};

class Words {
   public:
    // The first few thousand of them.
    Words(std::string_view statement, Backslash backslash);

    std::size_t size() const { return words_.size(); }
    // Whether the unquoted words at `at` and behind it are these.
    bool has(std::size_t at, std::initializer_list<std::string_view> expected) const;
    bool has_one_of(std::size_t at, std::initializer_list<std::string_view> choices) const;
    // The first place from `from` on where unquoted `word` stands; size() where there is none.
    std::size_t find(std::string_view word, std::size_t from) const;
    // Of a word that is not there an empty one.
    const Word& operator[](std::size_t at) const;

   private:
    std::vector<Word> words_;
};

}  // namespace sources
