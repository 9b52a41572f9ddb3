// SPDX-License-Identifier: Apache-2.0
#include "sources/clauses.h"

#include <algorithm>
#include <initializer_list>

#include "base/text.h"

namespace sources {

namespace {

struct Span {
    TokenKind kind;
    std::string_view text;
    std::size_t at;
    int depth;
};

// The tokens of a statement that mean something, with their places.
class Spans {
   public:
    Spans(std::string_view statement, Backslash backslash) {
        constexpr std::size_t k_most = 20000;
        int depth = 0;
        for (std::size_t at = 0; at < statement.size() && spans_.size() < k_most;) {
            const auto token = first_token(statement.substr(at), Rest::none, backslash);
            if (token.text == ")") --depth;
            if (token.kind != TokenKind::blank && token.kind != TokenKind::comment) {
                spans_.push_back({token.kind, token.text, at, depth});
            }
            if (token.text == "(") ++depth;
            at += token.text.size();
        }
    }

    std::size_t size() const { return spans_.size(); }
    const Span& operator[](std::size_t i) const { return spans_[i]; }
    bool is(std::size_t i, std::string_view word) const {
        return i < spans_.size() && spans_[i].kind == TokenKind::word &&
               base::lower(spans_[i].text) == word;
    }
    bool are(std::size_t i, std::initializer_list<std::string_view> words) const {
        return std::ranges::all_of(words, [&](auto word) { return is(i++, word); });
    }
    bool is_one_of(std::size_t i, std::initializer_list<std::string_view> words) const {
        return std::ranges::any_of(words, [&](auto word) { return is(i, word); });
    }

   private:
    std::vector<Span> spans_;
};

class Cutter {
   public:
    Cutter(std::string_view statement, Backslash backslash)
        : spans_(statement, backslash), lean_{std::string(statement), {}} {}

    std::optional<Lean> cut() {
        if (spans_.are(0, {"create", "schema"})) {
            cut_authorization();
        } else if (spans_.is(0, "create")) {
            cut_tablespaces();
        } else if (spans_.is(0, "alter")) {
            cut_tablespaces();
            cut_actions();
        }
        if (lean_.left_out.empty()) return std::nullopt;
        return std::move(lean_);
    }

   private:
    // Blanks for the tokens from `first` up to `end`; lines stay.
    void leave_out(std::size_t first, std::size_t end) {
        const auto last = spans_[end - 1];
        for (auto at = spans_[first].at; at < last.at + last.text.size(); ++at) {
            if (lean_.sql[at] != '\n') lean_.sql[at] = ' ';
        }
    }

    void cut_authorization() {
        const std::size_t name = spans_.are(2, {"if", "not", "exists"}) ? 5 : 2;
        const bool unnamed = spans_.is(name, "authorization");
        const auto at = unnamed ? name : name + 1;
        if (!spans_.is(at, "authorization") || at + 1 >= spans_.size() ||
            spans_.is_one_of(at + 1, {"current_user", "current_role", "session_user"})) {
            return;
        }
        // Without a name of its own the schema is called as the role is.
        leave_out(at, unnamed ? at + 1 : at + 2);
        lean_.left_out.emplace_back("AUTHORIZATION of CREATE SCHEMA");
    }

    // Of tables, indexes and materialized views, and of the indexes of constraints.
    void cut_tablespaces() {
        bool has_storage = false;
        for (std::size_t i = 1; i < 6; ++i) {
            has_storage = has_storage || spans_.is_one_of(i, {"table", "index", "materialized"});
        }
        for (std::size_t i = 2; has_storage && i + 1 < spans_.size(); ++i) {
            if (spans_[i].depth == 0 && spans_.is(0, "create") && spans_.is(i, "as")) return;
            if (!spans_.is(i, "tablespace")) continue;
            const bool of_constraint = spans_.are(i - 2, {"using", "index"});
            const bool of_itself = spans_[i].depth == 0 && spans_.is(0, "create") && !is_name(i);
            if (!of_constraint && !of_itself) continue;
            leave_out(of_constraint ? i - 2 : i, i + 2);
            lean_.left_out.emplace_back("TABLESPACE");
        }
    }

    // A table, an index or a column may be called tablespace.
    bool is_name(std::size_t i) const {
        return spans_[i - 1].text == "." || spans_[i + 1].text == "(" ||
               spans_[i + 1].text == "." ||
               spans_.is_one_of(
                   i - 1, {"table", "index", "exists", "concurrently", "on", "only", "view", "of"});
    }

    // The actions of ALTER stand between commas. Where there is but one, OWNER TO is passed over
    // as a whole.
    void cut_actions() {
        std::vector<std::size_t> commas;
        for (std::size_t i = 0; i < spans_.size(); ++i) {
            if (spans_[i].depth == 0 && spans_[i].text == ",") commas.push_back(i);
        }
        commas.push_back(spans_.size());
        std::size_t kept = 0;
        std::size_t begin = 0;
        std::optional<std::size_t> last_kept;  // the comma behind it
        for (const auto comma : commas) {
            const auto action = action_of(begin, comma);
            if (action.what.empty()) {
                ++kept;
                last_kept = comma;
            } else {
                leave_out(action.from, std::min(comma + 1, spans_.size()));
                lean_.left_out.push_back(action.what);
            }
            begin = comma + 1;
        }
        if (lean_.left_out.empty()) return;
        if (kept == 0) {
            lean_.sql.clear();
        } else if (*last_kept + 1 < spans_.size()) {
            leave_out(*last_kept, *last_kept + 1);
        }
    }

    struct Action {
        std::string_view what;
        std::size_t from = 0;
    };
    Action action_of(std::size_t begin, std::size_t end) const {
        // A column may be called owner.
        const bool renames =
            end - begin >= 4 &&
            spans_.is_one_of(end - 4, {"rename", "column", "attribute", "constraint"});
        if (end - begin >= 3 && spans_.are(end - 3, {"owner", "to"}) && !renames) {
            return {"OWNER TO", end - 3};
        }
        const auto last = end - begin >= 4 && spans_.is(end - 1, "nowait") ? end - 1 : end;
        if (last - begin >= 3 && spans_.are(last - 3, {"set", "tablespace"})) {
            return {"TABLESPACE", last - 3};
        }
        return {};
    }

    Spans spans_;
    Lean lean_;
};

bool mentions(std::string_view statement, std::string_view word) {
    return std::search(statement.begin(), statement.end(), word.begin(), word.end(),
                       [](char a, char b) { return base::lower(a) == b; }) != statement.end();
}

}  // namespace

std::optional<Lean> without_source_clauses(std::string_view statement, Backslash backslash) {
    constexpr std::size_t k_longest = 1U << 20U;
    const bool may = statement.size() <= k_longest &&
                     (mentions(statement, "authorization") || mentions(statement, "tablespace") ||
                      mentions(statement, "owner"));
    if (!may) return std::nullopt;
    return Cutter(statement, backslash).cut();
}

}  // namespace sources
