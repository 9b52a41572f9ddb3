// SPDX-License-Identifier: Apache-2.0
#include "sources/script.h"

#include <fmt/format.h>

namespace sources {

namespace {
constexpr std::size_t k_part = 1U << 18U;
constexpr std::string_view k_byte_order_mark = "\xef\xbb\xbf";
}  // namespace

Script::Script(Input& input, std::string name, OnRead on_read)
    : input_(input), name_(std::move(name)), on_read_(std::move(on_read)), part_(k_part, '\0') {}

std::string Script::at(std::size_t line) const { return fmt::format("{}:{}", name_, line); }

void Script::set_backslash(Backslash backslash) {
    backslash_ = backslash;
    lexer_.set_backslash(backslash);
}

base::Result<void> Script::read_on(base::Deadline deadline) {
    BASE_TRY_ASSIGN(auto count, input_.read(part_.data(), part_.size(), deadline));
    // A mark that a pipe cuts in the middle is rare enough to be a syntax error.
    auto text = std::string_view(part_).substr(0, count);
    if (read_ == 0 && text.starts_with(k_byte_order_mark)) {
        text.remove_prefix(k_byte_order_mark.size());
    }
    read_ += count;
    if (count == 0) {
        at_end_ = true;
        lexer_.finish();
    } else {
        lexer_.feed(text);
    }
    if (on_read_) on_read_(read_);
    return {};
}

base::Result<std::optional<Piece>> Script::next(base::Deadline deadline) {
    for (;;) {
        if (auto piece = lexer_.next()) return piece;
        if (const auto& trouble = lexer_.trouble()) {
            return base::fail(base::ErrorKind::invalid_input,
                              fmt::format("{}: {}", at(trouble->line), trouble->message),
                              trouble->hint);
        }
        if (at_end_) return std::optional<Piece>();
        if (deadline.passed()) {
            return base::fail(base::ErrorKind::deadline,
                              fmt::format("{} was not read to its end in time", name_));
        }
        BASE_TRY(read_on(deadline));
    }
}

}  // namespace sources
