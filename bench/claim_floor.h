// SPDX-License-Identifier: Apache-2.0
//
// The floor of the claim: bare libpq on a kept session, that says what reviewdb says and nothing
// else, with what reviewdb prepares prepared. It is not written by hand: one claim of reviewdb's is
// listened to, and what belongs to that claim alone (names, identifiers, the database's oid, the
// lock's number) is left blank, for each claim to fill in. The floor is listened to as well, and
// both have to have said the same. Throws std::runtime_error when something fails.
#pragma once

#include <array>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "conversation.h"
#include "pg/connection_info.h"
#include "stand.h"

struct pg_conn;

namespace bench {

// What a claim says, with blanks.
class ClaimScript {
   public:
    // Listens to reviewdb, and to the floor; `stand` needs two warm instances for each.
    static ClaimScript heard_on(const Stand& stand);

    // How much it is, as a sentence.
    std::string finding() const;

   private:
    friend class FloorClaimer;
    // The blanks stand in the texts as the bytes 1 to 8.
    enum Blank : std::size_t { name, environment, instance, role, database, oid, lock, pid };
    static constexpr std::size_t k_blanks = 8;
    using Values = std::array<std::string, k_blanks>;
    using Groups = std::vector<std::vector<Conversation::Said>>;

    static Groups blanked(Groups groups, const Values& values);
    static std::string filled(const std::string& text, const Values& values);

    std::string options_;
    Groups groups_;
};

// One who claims that way, over a session of its own. One thread.
class FloorClaimer {
   public:
    // `names` begins the names of what it makes, lower case.
    FloorClaimer(const ClaimScript& script, const pg::ConnectionInfo& login, std::string names);
    void claim();

   private:
    friend class ClaimScript;
    struct Deleter {
        void operator()(pg_conn* session) const;
    };

    void prepare(const std::string& sql);
    void send(const std::vector<Conversation::Said>& group);
    // Until each Sync so far has its answer; reads what was taken on the way. False where somebody
    // held a lock for too long.
    bool collect(std::size_t syncs);

    const ClaimScript& script_;
    std::unique_ptr<pg_conn, Deleter> session_;
    std::vector<std::string> prepared_;
    std::string names_;
    ClaimScript::Values values_;
    int made_ = 0;
};

}  // namespace bench
