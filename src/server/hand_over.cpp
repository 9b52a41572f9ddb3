// SPDX-License-Identifier: Apache-2.0
#include "server/hand_over.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "pg/quoting.h"
#include "pg/sql_state.h"
#include "server/hand_over_sql.h"
#include "server/session.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using Statements = std::vector<pg::Statement>;

// Of the lock table, which all databases share, one transaction takes no more than this part: four
// can be handed over at once, and others find room.
constexpr std::int64_t k_part_of_locks = 4;
constexpr int k_sixteen = 160000;
// The statements behind the deeds of each transaction.
constexpr std::size_t k_revocations = 2;

struct State {
    bool from_exists = false;
    bool from_enters = false;  // it has a login
    bool member = false;       // `to` is one of `from`, as a call that was cut off may leave it
    std::int64_t remains = 0;
    std::int64_t left_behind = 0;  // of these, what REASSIGN OWNED does not move
    std::string shared;            // databases and tablespaces, which it would move
    std::int64_t locks = 0;        // that it takes
    std::int64_t most_locks = 0;   // for one transaction
    std::string database;
    bool lacks_create = false;  // who is to own a publication needs CREATE on the database
};

struct Relation {
    std::string sql;
    std::int64_t locks;
};

std::vector<std::string> column(const pg::Rows& rows, const char* name) {
    std::vector<std::string> texts;
    texts.reserve(static_cast<std::size_t>(rows.size()));
    for (int i = 0; i < rows.size(); ++i) texts.push_back(rows[i].text(name));
    return texts;
}

bool no_room_for_locks(const base::Error& error) {
    return error.sqlstate == pg::sql_state::k_out_of_memory;
}

// One hand-over at work.
class HandOver {
   public:
    HandOver(pg::Connection& inside, const std::string& from, const std::string& to,
             Deadline deadline)
        : inside_(inside), from_(from), to_(to), deadline_(deadline) {}

    Result<void> run() {
        BASE_TRY(look());
        if (!state_.from_exists) return {};
        if (!state_.shared.empty()) {
            return base::fail(
                ErrorKind::conflict,
                fmt::format("the role {} owns {}, which would move as well", from_, state_.shared));
        }
        if (state_.remains == 0 && !state_.member) return {};
        auto handed = hand_over_all();
        if (!handed && briefly() && inside_.alive()) {
            // Else a repeat does it.
            static_cast<void>(inside_.run({revoke(from_, to_)}, deadline_));
        }
        return handed;
    }

   private:
    Result<void> look();
    Result<void> hand_over_all();
    Result<void> hand_over_relations(std::int64_t most_locks);
    Result<void> hand_over_rest();
    Statements in_between(Statements deeds) const;

    // As of 16, GRANT keeps every other GRANT of the same role waiting until its transaction ends:
    // clones of one template would be handed over one after the other. A role without a login is
    // granted in a transaction of its own, and taken back in that which does the work.
    bool briefly() const { return from_16_on() && !state_.from_enters; }
    bool from_16_on() const { return inside_.server_version() >= k_sixteen; }

    std::string grant(std::string_view role, std::string_view member) const {
        // From 16 on a plain GRANT of one's own making neither inherits nor may be SET.
        return fmt::format("GRANT {} TO {}{}", pg::identifier(role), pg::identifier(member),
                           from_16_on() ? " WITH INHERIT TRUE, SET TRUE" : "");
    }
    static std::string revoke(std::string_view role, std::string_view member) {
        return fmt::format("REVOKE {} FROM {}", pg::identifier(role), pg::identifier(member));
    }

    pg::Connection& inside_;
    const std::string& from_;
    const std::string& to_;
    Deadline deadline_;
    State state_;
};

Result<void> HandOver::look() {
    BASE_TRY_ASSIGN(const auto rows,
                    inside_.run({std::string(k_hand_over_state), {from_, to_}}, deadline_));
    if (rows.empty()) return {};
    const auto row = rows[0];
    state_.from_exists = true;
    state_.from_enters = row.boolean("enters");
    state_.member = row.boolean("member");
    state_.remains = row.integer("remains");
    state_.left_behind = row.integer("left_behind");
    state_.shared = row.optional_text("shared").value_or("");
    state_.locks = row.integer("locks");
    state_.most_locks = row.integer("capacity") / k_part_of_locks;
    state_.database = row.text("database");
    state_.lacks_create = row.boolean("lacks_create");
    return {};
}

Result<void> HandOver::hand_over_all() {
    auto most_locks = state_.most_locks;
    if (state_.locks <= most_locks) {
        auto handed = hand_over_rest();
        if (handed || !no_room_for_locks(handed.error())) return handed;
        most_locks = state_.locks / 2;
    }
    BASE_TRY(hand_over_relations(most_locks));
    return hand_over_rest();
}

Result<void> HandOver::hand_over_relations(std::int64_t most_locks) {
    BASE_TRY_ASSIGN(const auto rows,
                    inside_.run({std::string(k_hand_over_relations), {from_, to_}}, deadline_));
    for (int next = 0; next < rows.size();) {
        Statements deeds;
        std::int64_t locks = 0;
        while (next < rows.size()) {
            locks += rows[next].integer("locks");
            if (!deeds.empty() && locks > most_locks) break;
            deeds.push_back({rows[next++].text("sql")});
        }
        const auto count = static_cast<int>(deeds.size());
        auto handed = inside_.transact(in_between(std::move(deeds)), deadline_);
        if (handed) continue;
        if (!no_room_for_locks(handed.error()) || count == 1) {
            return base::fail(std::move(handed).error());
        }
        next -= count;
        most_locks = std::min(most_locks, locks) / 2;
    }
    return {};
}

Result<void> HandOver::hand_over_rest() {
    const auto database = pg::identifier(state_.database);
    const auto to = pg::identifier(to_);
    Statements deeds;
    if (state_.lacks_create) {
        deeds.push_back({fmt::format("GRANT CREATE ON DATABASE {} TO {}", database, to)});
    }
    deeds.push_back({fmt::format("REASSIGN OWNED BY {} TO {}", pg::identifier(from_), to)});
    if (state_.lacks_create) {
        deeds.push_back({fmt::format("REVOKE CREATE ON DATABASE {} FROM {}", database, to)});
    }
    if (state_.left_behind > 0) {
        BASE_TRY_ASSIGN(const auto rest,
                        inside_.run({std::string(k_hand_over_rest), {from_, to_}}, deadline_));
        for (auto& sql : column(rest, "sql")) deeds.push_back({std::move(sql)});
        deeds.push_back({std::string(k_hand_over_remains), {from_}});
    }
    BASE_TRY_ASSIGN(const auto answers, inside_.transact(in_between(std::move(deeds)), deadline_));
    if (state_.left_behind == 0) return {};
    const auto remains = column(answers.at(answers.size() - 1 - k_revocations), "what");
    if (remains.empty()) return {};
    return base::fail(
        ErrorKind::conflict,
        fmt::format("{} still belong to the role {} or name it", fmt::join(remains, ", "), from_),
        "they are somebody else's, and a superuser has to change them");
}

// In one transaction, or after a first, a member of both.
Statements HandOver::in_between(Statements deeds) const {
    Statements all;
    all.reserve(deeds.size() + 7);
    if (briefly()) all.push_back({"SET LOCAL synchronous_commit = off"});
    all.push_back({grant(from_, to_)});
    if (briefly()) all.insert(all.end(), {{"COMMIT"}, {"BEGIN"}});
    all.push_back({grant(to_, k_manager)});
    std::ranges::move(deeds, std::back_inserter(all));
    all.push_back({revoke(to_, k_manager)});
    all.push_back({revoke(from_, to_)});
    return all;
}

}  // namespace

Result<void> hand_over(pg::Connection& inside, const std::string& from, const std::string& to,
                       Deadline deadline) {
    auto handed = HandOver(inside, from, to, deadline).run();
    if (handed) return {};
    return base::fail(
        std::move(handed).error().during(fmt::format("cannot give what is {}'s to {}", from, to)));
}

Result<std::vector<std::string>> not_owned_by(pg::Connection& inside, const std::string& role,
                                              Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows, inside.run({std::string(k_not_owned_by), {role}}, deadline));
    return column(rows, "what");
}

Result<std::vector<std::string>> roles_named_besides(pg::Connection& inside,
                                                     const std::string& role, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows,
                    inside.run({std::string(k_roles_named_besides), {role}}, deadline));
    return column(rows, "role");
}

}  // namespace server
