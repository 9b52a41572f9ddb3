// SPDX-License-Identifier: Apache-2.0
//
// Cuts a script for psql into its statements, the data between them and psql's own commands, while
// it is being read: what it holds is one statement and the part of the script that was fed last.
// Knows nothing of files and of what a statement means; who uses it says when data follows.
//
// Not safe from two threads at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sources/token.h"

namespace sources {

enum class PieceKind {
    statement,  // without its semicolon, and without what stands before its first word
    command,    // psql's own: "\connect other"
    data,       // part of what expect_data() announced
    data_end,
};

struct Piece {
    PieceKind kind;
    std::string_view text;       // valid until the next call
    std::size_t line;            // of its first character, from 1
    std::string_view open = {};  // the statement that a command interrupts; that one comes no more
    std::size_t open_line = 0;   // of its first character
};

// Why a script cannot be read on, and where: the line on which what does not end begins.
struct Trouble {
    std::size_t line;
    std::string message;
    std::string hint;
};

// What comments say of the script, as far as it has been cut.
struct Remarks {
    bool is_dump = false;       // begins as pg_dump's output does
    int dumped_major = 0;       // of the server that it was made on; 0: not known
    std::size_t undo_line = 0;  // of the first comment by which a tool marks what undoes
    std::string undo_mark = {};
};

class Lexer {
   public:
    // A statement of more bytes than `limit` is trouble.
    explicit Lexer(std::size_t limit) : limit_(limit) {}

    // More of the script, in parts of any size.
    void feed(std::string_view text);
    // There is no more of it.
    void finish() { rest_ = Rest::none; }

    // The next piece. Nothing when more has to be fed before there is one, and after finish() at
    // the end of the script, or when there is trouble(), after which nothing more comes.
    std::optional<Piece> next();
    const std::optional<Trouble>& trouble() const { return trouble_; }
    const Remarks& remarks() const { return remarks_; }

    // The statement that next() answered is followed by data, up to a line "\.".
    void expect_data();
    // How the server reads strings from now on.
    void set_backslash(Backslash backslash) { backslash_ = backslash; }

   private:
    enum class Mode { statements, line_before_data, data };

    std::optional<Piece> next_in_statements();
    std::optional<Piece> next_in_data();
    std::optional<Piece> take(const Token& token);
    std::optional<Piece> last_statement();
    void pass_line_before_data();
    void note_word(std::string_view word);
    void note_comment(std::string_view comment);
    void advance(std::size_t size);
    void begin_afresh();
    void forget_what_is_done();
    bool worth_another_look() const;
    void fail(std::size_t line, std::string message, std::string hint = {});
    std::string_view ahead() const { return std::string_view(buffer_).substr(at_); }

    std::size_t limit_;
    std::string buffer_;
    std::size_t at_ = 0;         // what stands before was cut
    std::size_t line_ = 1;       // of at_
    std::size_t looked_at_ = 0;  // how much was ahead when that was not enough for a token
    Rest rest_ = Rest::may_come;
    Backslash backslash_ = Backslash::letter;
    Mode mode_ = Mode::statements;
    std::optional<Trouble> trouble_;

    std::optional<std::size_t> start_;  // of the statement that has begun
    std::size_t start_line_ = 1;
    int depth_ = 0;  // of parentheses
    int words_ = 0;
    std::string beginning_;  // the first letters of its first words, as far as they matter
    int blocks_ = 0;         // BEGIN ATOMIC and CASE that have not ended

    bool at_line_start_ = true;  // of data
    std::size_t data_line_ = 0;
    Remarks remarks_;
    bool has_statements_ = false;  // one has begun
    bool is_whole_dump_ = false;
};

}  // namespace sources
