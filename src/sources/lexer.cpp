// SPDX-License-Identifier: Apache-2.0
#include "sources/lexer.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "sources/undo.h"

namespace sources {

namespace {

constexpr std::size_t k_megabyte = 1U << 20U;

bool same_word(std::string_view word, std::string_view other) {
    return word.size() == other.size() && strncasecmp(word.data(), other.data(), word.size()) == 0;
}

std::size_t lines_in(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

std::string_view without_blanks_behind(std::string_view text) {
    const auto last = text.find_last_not_of(" \t\r\n\f");
    return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

}  // namespace

void Lexer::fail(std::size_t line, std::string message, std::string hint) {
    if (!trouble_) trouble_ = Trouble{line, std::move(message), std::move(hint)};
}

void Lexer::feed(std::string_view text) {
    forget_what_is_done();
    if (const auto zero = text.find('\0'); zero != std::string_view::npos) {
        fail(line_ + lines_in(ahead()) + lines_in(text.substr(0, zero)),
             "a byte 0 stands here, which no SQL has",
             "is it a binary file, or text in UTF-16? iconv -f UTF-16 -t UTF-8 turns the latter");
        return;
    }
    buffer_ += text;
}

void Lexer::forget_what_is_done() {
    const auto done = start_.value_or(at_);
    if (done < k_megabyte && done < buffer_.size()) return;
    buffer_.erase(0, done);
    at_ -= done;
    if (start_) *start_ -= done;
}

// An incomplete token is looked at again from its beginning: each time that a part is fed while it
// is small, and then only when there is half as much again, so that the work stays linear.
bool Lexer::worth_another_look() const {
    const auto size = ahead().size();
    if (rest_ == Rest::none || size < k_megabyte) return size != looked_at_ || rest_ == Rest::none;
    return size >= looked_at_ + looked_at_ / 2;
}

std::optional<Piece> Lexer::next() {
    if (trouble_) return std::nullopt;
    if (mode_ == Mode::line_before_data) pass_line_before_data();
    if (mode_ == Mode::line_before_data || trouble_) return std::nullopt;
    return mode_ == Mode::data ? next_in_data() : next_in_statements();
}

std::optional<Piece> Lexer::next_in_statements() {
    while (!ahead().empty() && worth_another_look()) {
        const auto token = first_token(ahead(), rest_, backslash_);
        const auto size = at_ + token.text.size() - start_.value_or(at_);
        if (size > limit_) {
            fail(start_ ? start_line_ : line_,
                 fmt::format("what begins here is longer than {} MB", limit_ / k_megabyte),
                 "a quote that is not closed does that; data of that size is for COPY");
            return std::nullopt;
        }
        if (token.kind == TokenKind::incomplete) {
            looked_at_ = ahead().size();
            return std::nullopt;
        }
        if (token.kind == TokenKind::cut_off) {
            fail(line_, fmt::format("the script ends inside {} that begins here", token.what),
                 "it was cut off, or a quote is missing");
            return std::nullopt;
        }
        if (auto piece = take(token)) return piece;
    }
    if (rest_ == Rest::none && ahead().empty()) return last_statement();
    return std::nullopt;
}

// Moves past `token`; the piece that is whole by it.
std::optional<Piece> Lexer::take(const Token& token) {
    const bool empty = token.kind == TokenKind::blank || token.kind == TokenKind::comment;
    if (token.kind == TokenKind::comment) note_comment(token.text);
    if (token.kind == TokenKind::command) {
        const auto open = start_ ? std::string_view(buffer_).substr(*start_, at_ - *start_) : "";
        const Piece piece{PieceKind::command, without_blanks_behind(token.text), line_,
                          without_blanks_behind(open), start_line_};
        advance(token.text.size());
        begin_afresh();
        return piece;
    }
    if (token.kind == TokenKind::semicolon && depth_ == 0 && blocks_ == 0) {
        if (!start_) {
            advance(token.text.size());
            return std::nullopt;
        }
        const auto text = std::string_view(buffer_).substr(*start_, at_ - *start_);
        const Piece piece{PieceKind::statement, without_blanks_behind(text), start_line_};
        advance(token.text.size());
        begin_afresh();
        return piece;
    }
    if (!start_ && !empty) {
        has_statements_ = true;
        start_ = at_;
        start_line_ = line_;
    }
    if (token.kind == TokenKind::word) note_word(token.text);
    if (token.kind == TokenKind::symbol && token.text == "(") ++depth_;
    if (token.kind == TokenKind::symbol && token.text == ")" && depth_ > 0) --depth_;
    advance(token.text.size());
    return std::nullopt;
}

// As psql has it: inside CREATE [OR REPLACE] FUNCTION or PROCEDURE, a semicolon between BEGIN and
// its END ends nothing.
void Lexer::note_word(std::string_view word) {
    constexpr std::size_t k_words_that_matter = 4;
    if (beginning_.size() < k_words_that_matter &&
        beginning_.size() == static_cast<std::size_t>(words_)) {
        char letter = '-';
        if (same_word(word, "create")) letter = 'c';
        if (same_word(word, "or")) letter = 'o';
        if (same_word(word, "replace")) letter = 'r';
        if (same_word(word, "function") || same_word(word, "procedure")) letter = 'f';
        beginning_ += letter;
    }
    ++words_;
    const bool makes_routine = beginning_.starts_with("cf") || beginning_.starts_with("corf");
    if (!makes_routine || depth_ > 0) return;
    if (same_word(word, "begin")) ++blocks_;
    if (same_word(word, "case") && blocks_ > 0) ++blocks_;
    if (same_word(word, "end") && blocks_ > 0) --blocks_;
}

// pg_dump says at the very beginning that this is its work, and at the end that it is complete,
// which tells a dump that was cut off between two statements. What mentions a dump is none.
void Lexer::note_comment(std::string_view comment) {
    if (start_) return;
    comment = without_blanks_behind(comment);
    if (comment == "-- PostgreSQL database dump" && (!has_statements_ || remarks_.is_dump)) {
        remarks_.is_dump = true;
        is_whole_dump_ = false;
    }
    if (comment == "-- PostgreSQL database dump complete") is_whole_dump_ = true;
    constexpr std::string_view k_version = "-- Dumped from database version ";
    if (remarks_.is_dump && remarks_.dumped_major == 0 && comment.starts_with(k_version)) {
        comment.remove_prefix(k_version.size());
        std::from_chars(comment.data(), comment.data() + comment.size(), remarks_.dumped_major);
    }
    if (remarks_.undo_line == 0 && !remarks_.is_dump && is_undo_mark(comment)) {
        remarks_.undo_line = line_;
        remarks_.undo_mark = comment;
    }
}

std::optional<Piece> Lexer::last_statement() {
    if (start_ && (depth_ > 0 || blocks_ > 0)) {
        fail(start_line_,
             fmt::format("the script ends inside the statement that begins here, {}",
                         depth_ > 0 ? "between parentheses" : "before its END"),
             "it was cut off, or something is not closed");
        return std::nullopt;
    }
    if (remarks_.is_dump && !is_whole_dump_) {
        fail(line_, "the dump ends here without its last line, which says that it is complete",
             "it was cut off: make it again");
        return std::nullopt;
    }
    if (!start_) return std::nullopt;
    const auto text = std::string_view(buffer_).substr(*start_);
    const Piece piece{PieceKind::statement, without_blanks_behind(text), start_line_};
    begin_afresh();
    return piece;
}

void Lexer::advance(std::size_t size) {
    line_ += lines_in(ahead().substr(0, size));
    at_ += size;
    looked_at_ = 0;
}

void Lexer::begin_afresh() {
    start_.reset();
    depth_ = 0;
    words_ = 0;
    beginning_.clear();
    blocks_ = 0;
}

void Lexer::expect_data() {
    mode_ = Mode::line_before_data;
    data_line_ = line_;
}

void Lexer::pass_line_before_data() {
    const auto end = ahead().find('\n');
    const bool ends = end != std::string_view::npos;
    if (!ends && rest_ == Rest::may_come) return;
    const auto line = ahead().substr(0, ends ? end : ahead().size());
    const auto text = line.find_first_not_of(" \t\r\f");
    if (text != std::string_view::npos && !line.substr(text).starts_with("--")) {
        return fail(line_, "behind a COPY FROM STDIN its line has to end",
                    "its data begins on the next line");
    }
    advance(line.size() + (ends ? 1 : 0));
    mode_ = Mode::data;
    at_line_start_ = true;
}

std::optional<Piece> Lexer::next_in_data() {
    const auto text = ahead();
    // From where on it is not known yet whether it is the end: "\", "\.", "\.\r".
    std::size_t sure = text.size();
    for (auto at = text.find("\\"); at != std::string_view::npos; at = text.find('\\', at + 1)) {
        const bool starts_line = at == 0 ? at_line_start_ : text[at - 1] == '\n';
        if (!starts_line) continue;
        auto line = text.substr(at, text.find('\n', at) - at);
        const bool ends = at + line.size() < text.size() || rest_ == Rest::none;
        if (!ends && std::string_view("\\.\r").starts_with(line)) sure = at;
        if (line != "\\." && line != "\\.\r") continue;
        if (!ends || at > 0) {
            sure = at;
            break;
        }
        const Piece piece{PieceKind::data_end, {}, line_};
        advance(std::min(line.size() + 1, text.size()));
        mode_ = Mode::statements;
        return piece;
    }
    if (sure == 0) {
        if (rest_ == Rest::none) {
            fail(data_line_, "the script ends in the data of the COPY that begins here",
                 "it was cut off: the data ends with a line \"\\.\"");
        }
        return std::nullopt;
    }
    const Piece piece{PieceKind::data, text.substr(0, sure), line_};
    at_line_start_ = text[sure - 1] == '\n';
    advance(sure);
    return piece;
}

}  // namespace sources
