// SPDX-License-Identifier: Apache-2.0
#include "sources/scrub.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "base/words.h"
#include "pg/connection.h"
#include "pg/sql_state.h"
#include "sources/judgement.h"
#include "sources/scrub_sql.h"
#include "sources/session.h"
#include "sources/unpacked_input.h"
#include "sources/words_of.h"

namespace sources {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

constexpr Rules k_rules{Foreign::refuse, Purpose::scrub};

// One table, as k_written counts it.
struct Count {
    std::string bare;  // its name without a schema
    std::int64_t changed = 0;
    std::int64_t inserted = 0;
    bool hooked = false;  // has triggers or rules
};
using Counts = std::map<std::string, Count>;

// A table into which something wrote rows that no statement asked for by its name.
struct Copy {
    std::string bare;
    std::string where;
    std::int64_t rows = 0;
};

// The tags of statements that say how many rows, of those that change what was there, and of those
// that may do anything.
constexpr std::array<std::string_view, 5> k_counted{"UPDATE", "DELETE", "MERGE", "INSERT", "COPY"};
constexpr std::array<std::string_view, 4> k_writing{"UPDATE", "DELETE", "MERGE", "TRUNCATE"};
constexpr std::array<std::string_view, 3> k_calling{"DO", "CALL", "SELECT"};

template <std::size_t Count>
bool is_one_of(std::string_view word, const std::array<std::string_view, Count>& words) {
    return std::ranges::find(words, word) != words.end();
}

// Whether `statement`, in small letters, has `name` in it as a word, also inside strings: the body
// of DO is one.
bool names(std::string_view statement, std::string_view name) {
    for (auto at = statement.find(name); at != std::string_view::npos;
         at = statement.find(name, at + 1)) {
        const auto end = at + name.size();
        const bool begins = at == 0 || !is_word_character(statement[at - 1]);
        const bool ends = end == statement.size() || !is_word_character(statement[end]);
        if (begins && ends) return true;
    }
    return false;
}

class Scrub {
   public:
    Scrub(pg::Connection& session, Deadline deadline) : session_(session), deadline_(deadline) {}

    Result<std::vector<std::string>> run(const std::vector<SqlFile>& files,
                                         const std::function<void(const SqlFile&)>& on_file) {
        BASE_TRY(execute("BEGIN"));
        BASE_TRY_ASSIGN(const auto counting,
                        ask({"SELECT pg_catalog.current_setting('track_counts') AS value"}));
        counts_ = counting == "on";
        BASE_TRY_ASSIGN(forced_, ask({std::string(k_forced_tables)}));
        BASE_TRY_ASSIGN(written_, written());
        for (const auto& file : files) {
            on_file(file);
            BASE_TRY(run(file));
        }
        // Triggers that wait for the end may copy rows, too.
        BASE_TRY(execute("SET CONSTRAINTS ALL IMMEDIATE"));
        BASE_TRY(count({}, "at the end", true));
        BASE_TRY(check_what_it_left());
        BASE_TRY(refresh_views());
        BASE_TRY_ASSIGN(const auto ended, execute("COMMIT"));
        if (ended == "COMMIT") return std::move(notes_);
        return base::fail(ErrorKind::internal, "the scrub's transaction was not committed");
    }

   private:
    Result<void> run(const SqlFile& file) {
        BASE_TRY_ASSIGN(const auto opened, open_unpacked(file.path, deadline_));
        Script script(*opened.input, file.path);
        Account account;
        auto done = sources::run(script, k_rules, session_, account, deadline_,
                                 [this, &script](const Piece& piece, const std::string& command) {
                                     return after(piece.text, script.at(piece.line),
                                                  script.backslash(), command);
                                 });
        if (done) return {};
        auto error = std::move(done).error();
        if (error.sqlstate == pg::sql_state::k_insufficient_privilege && !forced_.empty()) {
            error.hint = fmt::format(
                "no row is hidden from a scrub. Forced row security is on for {}: let the script "
                "begin with ALTER TABLE … NO FORCE ROW LEVEL SECURITY, and end with ALTER TABLE … "
                "FORCE ROW LEVEL SECURITY",
                forced_);
        }
        return base::fail(std::move(error));
    }

    // Notes what the statement did, by its tag: "UPDATE 0", "DO".
    Result<void> after(std::string_view statement, const std::string& where, Backslash backslash,
                       const std::string& command) {
        const auto text = base::lower(statement);
        std::erase_if(copies_, [&](const auto& one) { return names(text, one.second.bare); });
        const auto verb = command.substr(0, command.find(' '));
        bool idle = is_one_of(verb, k_counted) && command.ends_with(" 0");
        const bool upserts = verb == "INSERT" && names(text, "conflict");
        if (counts_ && (is_one_of(verb, k_writing) || is_one_of(verb, k_calling) || upserts)) {
            BASE_TRY_ASSIGN(const bool wrote, count(text, where, !is_one_of(verb, k_calling)));
            idle = idle || !wrote;
        }
        if (idle) {
            notes_.push_back(
                fmt::format("{}: changed no row: {}", where, excerpt(statement, backslash)));
        }
        return note_only(statement, where, backslash);
    }

    // Whether rows were written since the last call. Of a function's inserts only those count as
    // copies that a trigger or rule may have made.
    Result<bool> count(std::string_view text, const std::string& where, bool names_its_table) {
        BASE_TRY_ASSIGN(auto now, written());
        bool wrote = now.size() != written_.size();
        bool hooked = names_its_table;
        Counts changed;
        for (const auto& [table, count] : now) {
            const auto& before = written_[table];
            if (count.changed == before.changed) continue;
            wrote = true;
            hooked = hooked || count.hooked;
            changed[table] = {count.bare, count.changed, count.inserted - before.inserted};
        }
        written_ = std::move(now);
        if (hooked) note_copies(changed, text, where);
        return wrote;
    }

    // A trigger or a rule keeps what was there in another table: an audit log, versions.
    void note_copies(const Counts& changed, std::string_view text, const std::string& where) {
        for (const auto& [table, count] : changed) {
            if (table.empty() || count.inserted <= 0 || names(text, count.bare)) continue;
            copies_.try_emplace(table, Copy{count.bare, where, count.inserted});
        }
    }

    // UPDATE ONLY, DELETE FROM ONLY, TRUNCATE ONLY of a table that others inherit from.
    Result<void> note_only(std::string_view statement, const std::string& where,
                           Backslash backslash) {
        const Words words(statement, backslash);
        if (!words.has_one_of(0, {"UPDATE", "DELETE", "TRUNCATE", "MERGE"})) return {};
        const auto only = words.find("ONLY", 1);
        if (only > 3 || only + 1 >= words.size()) return {};
        std::string name = in_quotes(words[only + 1]);
        for (auto at = only + 2; words[at].text == "." && at + 1 < words.size(); at += 2) {
            name += "." + in_quotes(words[at + 1]);
        }
        BASE_TRY_ASSIGN(const auto heirs, ask({std::string(k_heirs), {name}}));
        if (!heirs.empty()) {
            notes_.push_back(fmt::format("{}: ONLY leaves out what inherits from {}: {}", where,
                                         name, base::beginning_of(heirs, 200)));
        }
        return {};
    }
    static std::string in_quotes(const Word& word) {
        return word.kind == TokenKind::quoted ? fmt::format("\"{}\"", word.text)
                                              : base::lower(word.text);
    }

    Result<void> check_what_it_left() {
        BASE_TRY_ASSIGN(const auto culprit, ask({std::string(k_row_security)}));
        if (!culprit.empty()) {
            return base::fail(ErrorKind::conflict,
                              fmt::format("the scrub may have missed rows: {} sets row_security, "
                                          "which hides rows from a scrub",
                                          culprit),
                              "leave row_security as it is: off");
        }
        if (!counts_) {
            notes_.emplace_back(
                "track_counts is off on this server: copies of rows that triggers "
                "make are not noticed");
        }
        if (copies_.empty()) return {};
        const auto& [table, copy] = *copies_.begin();
        return base::fail(
            ErrorKind::conflict,
            fmt::format("{}: a trigger or rule inserted {} row{} into {}, which the scrub does not "
                        "name from there on",
                        copy.where, copy.rows, copy.rows == 1 ? "" : "s", table),
            fmt::format(
                "let the scrub empty or change {0} after this statement (TRUNCATE {0};), or "
                "begin with ALTER TABLE … DISABLE TRIGGER …",
                table));
    }

    Result<void> refresh_views() {
        BASE_TRY_ASSIGN(const auto views, session_.run({std::string(k_refreshes)}, deadline_));
        if (views.empty()) return {};
        // What a view holds is what its query sees, as it is for whoever refreshes it later.
        BASE_TRY(execute("SET LOCAL row_security = on"));
        for (int i = 0; i < views.size(); ++i) {
            const auto sql = views[i].text("sql");
            auto refreshed = execute(sql);
            if (refreshed) continue;
            auto error = std::move(refreshed).error();
            error.hint =
                "a materialized view keeps rows as they were before the scrub: let the "
                "scrub drop it, or REFRESH … WITH NO DATA";
            return base::fail(std::move(error).during(sql));
        }
        return {};
    }

    Result<Counts> written() {
        Counts counts;
        if (!counts_) return counts;
        BASE_TRY_ASSIGN(const auto rows, session_.run({std::string(k_written)}, deadline_));
        for (int i = 0; i < rows.size(); ++i) {
            counts[rows[i].text("name")] = {rows[i].text("bare"), rows[i].integer("changed"),
                                            rows[i].integer("inserted"), rows[i].boolean("hooked")};
        }
        return counts;
    }

    // The one value of a query; empty for a null.
    Result<std::string> ask(const pg::Statement& statement) {
        BASE_TRY_ASSIGN(const auto rows, session_.run(statement, deadline_));
        return rows.empty() ? std::string() : rows[0].optional_text("value").value_or("");
    }

    // The answer is what Postgres calls what it did.
    Result<std::string> execute(const std::string& sql) {
        BASE_TRY_ASSIGN(auto executed, session_.execute(sql, deadline_));
        if (!executed.refusal) return executed.command;
        auto error = std::move(executed.refusal->error).during("the scrub");
        error.kind = ErrorKind::invalid_input;
        return base::fail(std::move(error));
    }

    pg::Connection& session_;
    Deadline deadline_;
    bool counts_ = false;
    std::string forced_;
    Counts written_;
    std::map<std::string, Copy> copies_;
    std::vector<std::string> notes_;
};

}  // namespace

Result<std::vector<std::string>> run_scrub(const std::vector<SqlFile>& files,
                                           const pg::ConnectionInfo& login,
                                           const std::function<void(const SqlFile&)>& on_file,
                                           Deadline deadline) {
    BASE_TRY_ASSIGN(auto session,
                    pg::Connection::open(session_of(login, "-c row_security=off"), deadline));
    auto done = Scrub(session, deadline).run(files, on_file);
    // What was not committed is rolled back by this.
    std::move(session).close_and_wait(deadline);
    return done;
}

}  // namespace sources
