// SPDX-License-Identifier: Apache-2.0
#include "sources/token.h"

#include "base/text.h"

namespace sources {

namespace {

constexpr auto k_nowhere = std::string_view::npos;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool begins_word(char c) {
    return base::is_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80U;
}
bool is_tag_character(char c) { return begins_word(c) || base::is_digit(c); }

// Reads one token; each `read_…` answers where the token that begins at `from` ends, or k_nowhere
// when the text ends before it is known.
class Scan {
   public:
    Scan(std::string_view text, Rest rest, Backslash backslash)
        : text_(text), rest_(rest), backslash_(backslash) {}

    Token token() const {
        const char c = text_.front();
        if (is_blank(c)) return ends_with_text(TokenKind::blank, while_true(0, is_blank));
        if (text_.starts_with("--")) return until_line_end(TokenKind::comment);
        if (text_.starts_with("/*")) return closed(TokenKind::comment, read_comment(), "a comment");
        if (c == '\'') return string(0, backslash_);
        if (c == '"') return closed(TokenKind::quoted, read_quoted(0), "a quoted name");
        if (c == '$') return dollar();
        if (c == '\\') return until_line_end(TokenKind::command);
        if (base::is_digit(c)) return ends_with_text(TokenKind::number, read_number());
        if (begins_word(c)) return word();
        if (c == ';') return {TokenKind::semicolon, text_.substr(0, 1)};
        // The first half of what begins a comment.
        const bool may_grow = (c == '-' || c == '/') && text_.size() == 1;
        if (may_grow && rest_ == Rest::may_come) return incomplete();
        return {TokenKind::symbol, text_.substr(0, 1)};
    }

   private:
    Token incomplete() const { return {TokenKind::incomplete, text_}; }

    // A token that goes as far as its characters do.
    Token ends_with_text(TokenKind kind, std::size_t end) const {
        if (end == text_.size() && rest_ == Rest::may_come) return incomplete();
        return {kind, text_.substr(0, end)};
    }
    // A token that has an end of its own.
    Token closed(TokenKind kind, std::size_t end, std::string_view what) const {
        if (end != k_nowhere) return {kind, text_.substr(0, end)};
        if (rest_ == Rest::may_come) return incomplete();
        return {TokenKind::cut_off, text_, what};
    }
    Token until_line_end(TokenKind kind) const {
        const auto end = text_.find_first_of("\r\n");
        return ends_with_text(kind, end == k_nowhere ? text_.size() : end);
    }

    template <typename Is>
    std::size_t while_true(std::size_t at, const Is& is) const {
        while (at < text_.size() && is(text_[at])) ++at;
        return at;
    }

    std::size_t read_comment() const {
        int depth = 0;
        for (std::size_t at = 0; at + 1 < text_.size(); ++at) {
            const auto two = text_.substr(at, 2);
            if (two == "/*") {
                ++depth;
                ++at;
            } else if (two == "*/") {
                ++at;
                if (--depth == 0) return at + 1;
            }
        }
        return k_nowhere;
    }

    // The end of what is quoted by the character at `at`, which stands for itself when doubled.
    std::size_t read_quoted(std::size_t at) const {
        const char quote = text_[at];
        for (;;) {
            at = text_.find(quote, at + 1);
            if (at == k_nowhere) return k_nowhere;
            // Whether it is doubled is not known yet.
            if (at + 1 == text_.size()) return rest_ == Rest::may_come ? k_nowhere : at + 1;
            if (text_[at + 1] != quote) return at + 1;
            ++at;
        }
    }

    std::size_t read_escaped(std::size_t at) const {
        for (;;) {
            at = text_.find_first_of("'\\", at + 1);
            if (at == k_nowhere) return k_nowhere;
            if (text_[at] == '\\') {
                ++at;
                continue;
            }
            if (at + 1 == text_.size()) return rest_ == Rest::may_come ? k_nowhere : at + 1;
            if (text_[at + 1] != '\'') return at + 1;
            ++at;
        }
    }

    // Where the quote stands by which a string that ended at `end` goes on behind a line's end, in
    // the same manner: 'a' newline 'b'. k_nowhere when it does not; `more` when it may.
    std::size_t continuation(std::size_t end, bool& more) const {
        bool new_line = false;
        auto at = end;
        while (at < text_.size()) {
            if (is_blank(text_[at])) {
                new_line = new_line || text_[at] == '\n' || text_[at] == '\r';
                ++at;
            } else if (text_.substr(at).starts_with("--")) {
                at = text_.find_first_of("\r\n", at);
            } else if (text_[at] == '-' && at + 1 == text_.size()) {
                at = k_nowhere;
            } else {
                return new_line && text_[at] == '\'' ? at : k_nowhere;
            }
        }
        more = rest_ == Rest::may_come;
        return k_nowhere;
    }

    Token string(std::size_t quote, Backslash backslash) const {
        if (backslash == Backslash::letter) {
            return closed(TokenKind::string, read_quoted(quote), "a quoted string");
        }
        for (;;) {
            const auto end = read_escaped(quote);
            bool more = false;
            if (end != k_nowhere) quote = continuation(end, more);
            if (more) return incomplete();
            if (end == k_nowhere || quote == k_nowhere) {
                return closed(TokenKind::string, end, "a quoted string");
            }
        }
    }

    Token dollar() const {
        const auto tag_end = while_true(1, is_tag_character);
        if (tag_end == text_.size()) return ends_with_text(TokenKind::number, tag_end);
        const bool opens = text_[tag_end] == '$' && (tag_end == 1 || !base::is_digit(text_[1]));
        if (!opens) {
            const auto digits = while_true(1, base::is_digit);
            if (digits == 1) return {TokenKind::symbol, text_.substr(0, 1)};
            return ends_with_text(TokenKind::number, through_word(digits));
        }
        const auto tag = text_.substr(0, tag_end + 1);
        const auto close = text_.find(tag, tag.size());
        const auto end = close == k_nowhere ? k_nowhere : close + tag.size();
        return closed(TokenKind::string, end, "a string in dollar quotes");
    }

    // With the word that follows without a blank, as psql has it: 1e5$$ opens no dollar quote.
    std::size_t read_number() const {
        const auto digits = while_true(0, [](char c) { return base::is_digit(c) || c == '.'; });
        const auto end = through_word(digits);
        const bool exponent = end == digits + 1 && end < text_.size() &&
                              (text_[digits] == 'e' || text_[digits] == 'E');
        if (!exponent || (text_[end] != '+' && text_[end] != '-')) return end;
        const auto rest = while_true(end + 1, base::is_digit);
        if (rest == text_.size()) return rest;
        return rest > end + 1 ? through_word(rest) : end;
    }
    std::size_t through_word(std::size_t at) const {
        const bool word = at < text_.size() && begins_word(text_[at]);
        return word ? while_true(at, is_word_character) : at;
    }

    // Words, and the strings and names that one letter before the quote makes special.
    Token word() const {
        const auto end = while_true(0, is_word_character);
        if (end == text_.size()) return ends_with_text(TokenKind::word, end);
        const char first = text_.front();
        const bool quote = text_[end] == '\'';
        if (end == 1 && quote && (first == 'e' || first == 'E')) {
            return string(end, Backslash::escape);
        }
        if (end == 1 && quote && (first == 'b' || first == 'B' || first == 'x' || first == 'X')) {
            return string(end, Backslash::letter);
        }
        if (end == 1 && text_[end] == '&' && (first == 'u' || first == 'U')) {
            if (text_.size() == 2 && rest_ == Rest::may_come) return incomplete();
            if (text_.substr(2).starts_with("'")) return string(2, Backslash::letter);
            if (text_.substr(2).starts_with("\"")) {
                return closed(TokenKind::quoted, read_quoted(2), "a quoted name");
            }
        }
        return {TokenKind::word, text_.substr(0, end)};
    }

    std::string_view text_;
    Rest rest_;
    Backslash backslash_;
};

}  // namespace

bool is_word_character(char c) { return is_tag_character(c) || c == '$'; }

Token first_token(std::string_view text, Rest rest, Backslash backslash) {
    return Scan(text, rest, backslash).token();
}

}  // namespace sources
