// SPDX-License-Identifier: Apache-2.0
#include "sources/runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/words.h"
#include "pg/sql_state.h"
#include "sources/clauses.h"
#include "sources/encoding.h"
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
    Walk(Script& script, const Rules& rules, pg::Connection* session, Account& account,
         const OnDone& on_done)
        : script_(script), rules_(rules), session_(session), account_(account), on_done_(on_done) {}

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
        BASE_TRY(check_beginning(piece.text, piece.line));
        BASE_TRY(check_undo(piece.line));
        const auto judgement = judge(piece.text, script_.backslash());
        const auto shown = [&] { return excerpt(piece.text, script_.backslash()); };
        if (judgement.verdict == Verdict::foreign) return foreign(piece, judgement, shown());
        const bool scrubs = rules_.purpose == Purpose::scrub;
        if (judgement.trait == Trait::transaction && scrubs) {
            return refuse(piece.line, shown(), "a scrub script runs in one transaction of ours",
                          "leave BEGIN, COMMIT and their like out of it");
        }
        if (judgement.trait == Trait::hide_rows && scrubs) {
            return refuse(piece.line, shown(), "no row may be hidden from a scrub",
                          "row_security is off while it runs; leave it so");
        }
        if (!iconv_name_of_unsplittable(judgement.encoding).empty()) {
            return unsplittable(piece, judgement.encoding);
        }
        if (judgement.verdict == Verdict::pass_over) {
            account_.pass_over(std::string(judgement.what));
            return {};
        }
        // CREATE SCHEMA public is replaced as a whole.
        const auto lean = judgement.trait == Trait::make_public
                              ? std::nullopt
                              : without_source_clauses(piece.text, script_.backslash());
        for (const auto what : lean ? lean->left_out : std::vector<std::string_view>()) {
            account_.pass_over(std::string(what));
        }
        if (lean && lean->sql.empty()) return {};
        if (judgement.brings) account_.count_deed();
        if (session_ == nullptr && judgement.backslash) {
            script_.set_backslash(*judgement.backslash);
        }
        if (judgement.trait == Trait::copy_in) script_.expect_data();
        if (session_ == nullptr) return {};
        return execute(piece, judgement, lean ? lean->sql : std::string(piece.text), deadline);
    }

    // What pg_dump says when its messages go where its output goes.
    Result<void> check_beginning(std::string_view text, std::size_t line) const {
        const auto program = program_that_says(text);
        if (program.empty()) return {};
        return refuse(
            line, quoted_line(text), fmt::format("this is a message of {}, not SQL", program),
            "make the file again with its messages elsewhere: without 2>&1, and without -t "
            "of docker run");
    }

    // What a migration tool runs only to take a migration back.
    Result<void> check_undo(std::size_t line) const {
        const auto& remarks = script_.remarks();
        if (remarks.undo_line == 0 || rules_.purpose == Purpose::scrub) return {};
        return refuse(
            remarks.undo_line, quoted_line(remarks.undo_mark),
            fmt::format("it marks what undoes the rest, which follows on line {}", line),
            "let the migration tool run the file: --run 'COMMAND'; or psql: --run 'psql -X "
            "-v ON_ERROR_STOP=1 -f FILE'");
    }

    tl::unexpected<base::Error> unsplittable(const Piece& piece, std::string_view encoding) const {
        return refuse(
            piece.line, excerpt(piece.text, script_.backslash()),
            fmt::format("statements in {} cannot be told apart here: a byte of a character "
                        "may look like a backslash",
                        encoding),
            encoding_hint(encoding, script_.name()));
    }

    Result<void> command(const Piece& piece) {
        const auto judgement = judge_command(piece.text);
        if (!piece.open.empty()) {
            BASE_TRY(check_beginning(piece.open, piece.open_line));
            if (judgement.verdict == Verdict::run) {
                return refuse(piece.open_line, excerpt(piece.open, script_.backslash()),
                              fmt::format("this does not end before {} on line {}",
                                          presentable_command(piece.text), piece.line),
                              "a semicolon is missing, or it is no SQL");
            }
        }
        if (judgement.verdict == Verdict::run) return {};
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

    Result<void> execute(const Piece& piece, const Judgement& judgement, std::string sql,
                         Deadline deadline) {
        // Only where there is none: a second one would be refused.
        if (judgement.trait == Trait::make_public) sql = "CREATE SCHEMA IF NOT EXISTS public";
        // So that the script's transaction goes on when the server refuses what is left out then.
        const bool guarded = session_->transaction() == pg::TransactionState::open &&
                             rules_.purpose == Purpose::fill && may_be_left_out(piece, judgement);
        if (guarded) BASE_TRY(ours(piece, "SAVEPOINT reviewdb_script", deadline));
        auto executed = session_->execute(sql, deadline);
        if (!executed) return base::fail(failed(piece, std::move(executed).error()));
        account_.count_statement();
        if (guarded) {
            const auto* end = executed->refusal ? "ROLLBACK TO SAVEPOINT reviewdb_script"
                                                : "RELEASE SAVEPOINT reviewdb_script";
            BASE_TRY(ours(piece, end, deadline));
        }
        note_transaction(piece.line);
        if (executed->refusal) return refused(piece, judgement, *executed->refusal);
        const bool off = session_->told("standard_conforming_strings") == "off";
        script_.set_backslash(off ? Backslash::escape : Backslash::letter);
        const auto encoding = session_->told("client_encoding");
        if (!iconv_name_of_unsplittable(encoding).empty()) return unsplittable(piece, encoding);
        if (on_done_ && executed->next == pg::Executed::Next::statement) {
            BASE_TRY(on_done_(piece, executed->command));
        }
        return await_data(piece, judgement, executed->next);
    }

    // SET TRANSACTION cannot stand behind a savepoint.
    static bool may_be_left_out(const Piece& piece, const Judgement& judgement) {
        if (judgement.trait == Trait::make_extension) return true;
        const bool sets = judgement.trait == Trait::set || judgement.trait == Trait::hide_rows;
        return sets && base::lower(piece.text).find("transaction") == std::string::npos;
    }

    // A statement that is not the script's.
    Result<void> ours(const Piece& piece, const char* sql, Deadline deadline) {
        auto executed = session_->execute(sql, deadline);
        if (executed && !executed->refusal) return {};
        return base::fail(failed(
            piece, executed ? std::move(executed->refusal->error) : std::move(executed).error()));
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
        return on_done_ ? on_done_(copy_piece(), executed->command) : Result<void>();
    }
    Piece copy_piece() const { return {PieceKind::statement, copy_, copy_line_}; }

    Result<void> refused(const Piece& piece, const Judgement& judgement,
                         const pg::Refusal& refusal) {
        const auto& code = refusal.error.sqlstate;
        const auto shown = excerpt(piece.text, script_.backslash());
        const bool goes_on = session_->transaction() != pg::TransactionState::failed;
        const bool sets = judgement.trait == Trait::set && rules_.purpose == Purpose::fill;
        if (goes_on && sets && code == pg::sql_state::k_undefined_object) {
            account_.pass_over(fmt::format("{}, which this server does not know", shown));
            return {};
        }
        const bool extension = judgement.trait == Trait::make_extension;
        if (goes_on && extension && code == pg::sql_state::k_duplicate_object) {
            account_.pass_over("extensions that the database has already");
            return {};
        }
        const bool elsewhere = extension || code == pg::sql_state::k_insufficient_privilege;
        if (goes_on && elsewhere && rules_.foreign == Foreign::skip) {
            account_.skip(fmt::format("{}: skipped: {}: {}", script_.at(piece.line), shown,
                                      base::harmless(refusal.error.message)));
            return {};
        }
        auto where = script_.at(line_of(piece, refusal.position));
        constexpr int k_minors = 10000;
        return base::fail(told(refusal, judgement, {std::move(where), shown, piece.text},
                               script_.remarks(), session_->server_version() / k_minors));
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
        if (transaction_line_ == 0 || rules_.purpose == Purpose::scrub) return {};
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("{}: the script ends in the transaction that begins here",
                                      script_.at(transaction_line_)),
                          "it was cut off, or a COMMIT is missing");
    }

    Script& script_;
    Rules rules_;
    pg::Connection* session_;  // nothing: only look
    Account& account_;
    const OnDone& on_done_;
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

Result<std::uint64_t> check(Script& script, const Rules& rules, Deadline deadline) {
    Account account;
    BASE_TRY(Walk(script, rules, nullptr, account, {}).to_the_end(deadline));
    return account.deeds();
}

Result<void> run(Script& script, const Rules& rules, pg::Connection& session, Account& account,
                 Deadline deadline, const OnDone& on_done) {
    return Walk(script, rules, &session, account, on_done).to_the_end(deadline);
}

}  // namespace sources
