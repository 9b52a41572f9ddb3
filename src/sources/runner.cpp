// SPDX-License-Identifier: Apache-2.0
#include "sources/runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/words.h"
#include "pg/sql_state.h"
#include "sources/judgement.h"
#include "sources/refused.h"

namespace sources {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

// Follows a script; with a session it also does what it says.
class Walk {
   public:
    Walk(Script& script, const Rules& rules, pg::Connection* session, Account& account)
        : script_(script), rules_(rules), session_(session), account_(account) {}

    Result<void> to_the_end(Deadline deadline) {
        for (;;) {
            BASE_TRY_ASSIGN(const auto piece, script_.next(deadline));
            if (!piece) return at_the_end();
            if (piece->kind == PieceKind::statement) {
                BASE_TRY(statement(*piece, deadline));
            } else if (piece->kind == PieceKind::command) {
                BASE_TRY(command(*piece));
            } else if (session_ != nullptr && takes_data_) {
                BASE_TRY(data(*piece, deadline));
            }
        }
    }

   private:
    Result<void> statement(const Piece& piece, Deadline deadline) {
        const auto judgement = judge(piece.text, script_.backslash());
        const auto shown = [&] { return excerpt(piece.text, script_.backslash()); };
        if (judgement.verdict == Verdict::foreign) return foreign(piece, judgement, shown());
        if (judgement.trait == Trait::transaction && rules_.transactions == Transactions::refuse) {
            return refuse(piece.line, shown(), "a scrub script runs in one transaction of ours",
                          "leave BEGIN, COMMIT and their like out of it");
        }
        if (judgement.verdict == Verdict::pass_over) {
            account_.pass_over(std::string(judgement.what));
            return {};
        }
        if (session_ == nullptr && judgement.backslash) {
            script_.set_backslash(*judgement.backslash);
        }
        if (judgement.trait == Trait::copy_in) script_.expect_data();
        return session_ == nullptr ? Result<void>() : execute(piece, judgement, deadline);
    }

    Result<void> command(const Piece& piece) {
        const auto judgement = judge_command(piece.text);
        if (judgement.verdict == Verdict::run && piece.open.empty()) return {};
        if (judgement.trait == Trait::copy_in) script_.expect_data();
        takes_data_ = false;
        return foreign(piece, judgement, presentable_command(piece.text));
    }

    Result<void> foreign(const Piece& piece, const Judgement& judgement, const std::string& shown) {
        if (rules_.foreign == Foreign::refuse) {
            return refuse(piece.line, shown, judgement.what, refusal_hint(judgement.hint));
        }
        auto note = fmt::format("{}: skipped: {}", script_.at(piece.line), shown);
        if (!piece.open.empty()) {
            note += fmt::format(", and {} before it", excerpt(piece.open, script_.backslash()));
        }
        account_.skip(std::move(note));
        return {};
    }

    tl::unexpected<base::Error> refuse(std::size_t line, const std::string& shown,
                                       std::string_view why, std::string hint) const {
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("{}: {}: {}", script_.at(line), shown, why), std::move(hint));
    }

    Result<void> execute(const Piece& piece, const Judgement& judgement, Deadline deadline) {
        // Only where there is none: a second one would be refused.
        const std::string sql = judgement.trait == Trait::make_public
                                    ? "CREATE SCHEMA IF NOT EXISTS public"
                                    : std::string(piece.text);
        auto executed = session_->execute(sql, deadline);
        if (!executed) return base::fail(failed(piece, std::move(executed).error()));
        account_.count_statement();
        note_transaction(piece.line);
        if (executed->refusal) return refused(piece, judgement, *executed->refusal);
        const bool off = session_->told("standard_conforming_strings") == "off";
        script_.set_backslash(off ? Backslash::escape : Backslash::letter);
        return await_data(piece, judgement, executed->next);
    }

    // The server and we have to agree on whether data follows.
    Result<void> await_data(const Piece& piece, const Judgement& judgement,
                            pg::Executed::Next next) {
        takes_data_ = next == pg::Executed::Next::data;
        if (takes_data_ == (judgement.trait == Trait::copy_in)) {
            copy_line_ = piece.line;
            copy_ = excerpt(piece.text, script_.backslash());
            return {};
        }
        return refuse(piece.line, excerpt(piece.text, script_.backslash()),
                      "the server does not agree on whether data follows", {});
    }

    Result<void> data(const Piece& piece, Deadline deadline) {
        if (piece.kind == PieceKind::data) {
            auto sent = session_->send_data(piece.text, deadline);
            if (!sent) return base::fail(failed(copy_piece(), std::move(sent).error()));
            return {};
        }
        takes_data_ = false;
        auto executed = session_->end_data(deadline);
        if (!executed) return base::fail(failed(copy_piece(), std::move(executed).error()));
        if (executed->refusal) return refused(copy_piece(), {}, *executed->refusal);
        return {};
    }
    Piece copy_piece() const { return {PieceKind::statement, copy_, copy_line_}; }

    Result<void> refused(const Piece& piece, const Judgement& judgement,
                         const pg::Refusal& refusal) {
        const bool unknown_setting = judgement.trait == Trait::set &&
                                     refusal.error.sqlstate == pg::sql_state::k_undefined_object &&
                                     session_->transaction() == pg::TransactionState::none;
        if (unknown_setting) {
            account_.pass_over(fmt::format("{}, which this server does not know",
                                           excerpt(piece.text, script_.backslash())));
            return {};
        }
        auto where = script_.at(line_of(piece, refusal.position));
        return base::fail(
            told(refusal, judgement, std::move(where), excerpt(piece.text, script_.backslash())));
    }

    base::Error failed(const Piece& piece, base::Error error) const {
        error.message =
            fmt::format("{}: {}: {}", script_.at(piece.line),
                        excerpt(piece.text, script_.backslash()), base::harmless(error.message));
        return error;
    }

    void note_transaction(std::size_t line) {
        const bool open = session_->transaction() != pg::TransactionState::none;
        if (!open || transaction_line_ == 0) transaction_line_ = open ? line : 0;
    }

    // What psql would roll back without a word.
    Result<void> at_the_end() const {
        if (transaction_line_ == 0 || rules_.transactions == Transactions::refuse) return {};
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("{}: the script ends in the transaction that begins here",
                                      script_.at(transaction_line_)),
                          "it was cut off, or a COMMIT is missing");
    }

    Script& script_;
    Rules rules_;
    pg::Connection* session_;  // nothing: only look
    Account& account_;
    bool takes_data_ = false;
    std::size_t copy_line_ = 0;
    std::string copy_;
    std::size_t transaction_line_ = 0;  // where the open one began; 0: none is
};

}  // namespace

// A script may be made to fill our memory with them.
constexpr std::size_t k_most_notes = 100;

void Account::pass_over(std::string kind) {
    if (passed_over_.size() >= k_most_notes && !passed_over_.contains(kind)) kind = "other things";
    ++passed_over_[std::move(kind)];
}

void Account::skip(std::string where_and_what) {
    if (skipped_.size() < k_most_notes) {
        skipped_.push_back(std::move(where_and_what));
    } else {
        ++skipped_more_;
    }
}

std::vector<std::string> Account::notes() const {
    auto notes = skipped_;
    if (skipped_more_ > 0) notes.push_back(fmt::format("skipped: {} more", skipped_more_));
    for (const auto& [kind, count] : passed_over_) {
        notes.push_back(fmt::format("passed over: {}{}", kind,
                                    count == 1 ? std::string() : fmt::format(", {} times", count)));
    }
    return notes;
}

Result<void> check(Script& script, const Rules& rules, Deadline deadline) {
    Account nothing;
    return Walk(script, rules, nullptr, nothing).to_the_end(deadline);
}

Result<void> run(Script& script, const Rules& rules, pg::Connection& session, Account& account,
                 Deadline deadline) {
    return Walk(script, rules, &session, account).to_the_end(deadline);
}

}  // namespace sources
