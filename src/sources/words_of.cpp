// SPDX-License-Identifier: Apache-2.0
#include "sources/words_of.h"

#include <algorithm>

namespace sources {

namespace {

constexpr std::size_t k_most_words = 4096;

std::string in_capitals(std::string_view text) {
    std::string capitals(text);
    for (auto& c : capitals) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return capitals;
}

// What stands between the quotes, whatever stands before them.
std::string without_quotes(std::string_view text) {
    const auto open = text.find_first_of("'\"$");
    const auto size = text[open] == '$' ? text.find('$', open + 1) - open + 1 : 1;
    if (text.size() < open + 2 * size) return {};
    return std::string(text.substr(open + size, text.size() - open - 2 * size));
}

}  // namespace

Words::Words(std::string_view statement, Backslash backslash) {
    int depth = 0;
    while (!statement.empty() && words_.size() < k_most_words) {
        const auto token = first_token(statement, Rest::none, backslash);
        statement.remove_prefix(token.text.size());
        if (token.kind == TokenKind::blank || token.kind == TokenKind::comment) continue;
        if (token.text == ")" && depth > 0) --depth;
        if (depth == 0) {
            const bool quoted = token.kind == TokenKind::quoted || token.kind == TokenKind::string;
            words_.push_back(
                {token.kind, quoted ? without_quotes(token.text) : in_capitals(token.text)});
        }
        if (token.text == "(") ++depth;
    }
}

const Word& Words::operator[](std::size_t at) const {
    static const Word k_none{TokenKind::blank, {}};
    return at < words_.size() ? words_[at] : k_none;
}

bool Words::has(std::size_t at, std::initializer_list<std::string_view> expected) const {
    return std::ranges::all_of(expected, [&](std::string_view word) {
        const auto& found = (*this)[at++];
        return found.kind == TokenKind::word && found.text == word;
    });
}

bool Words::has_one_of(std::size_t at, std::initializer_list<std::string_view> choices) const {
    return std::ranges::any_of(choices, [&](std::string_view choice) { return has(at, {choice}); });
}

std::size_t Words::find(std::string_view word, std::size_t from) const {
    while (from < size() && !has(from, {word})) ++from;
    return std::min(from, size());
}

}  // namespace sources
