// SPDX-License-Identifier: Apache-2.0
//
// The floor of create, create again, reset and delete. Listens once to reviewdb as it lives the
// life of an environment, and from then on lets the floor say the same to the server, word by word
// but for the oids of its databases. Listens to the floor once as well: the two conversations have
// to be the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conversation.h"
#include "harness.h"
#include "stand.h"
#include "support/temp_folder.h"

namespace bench {

// Calls of reviewdb about one environment, which there is not yet, and is not afterwards.
struct Life {
    Program create, url, remove;
    std::optional<Program> reset = {};        // between the second create and remove
    std::optional<Program> empty_trash = {};  // where remove leaves it in the trash
};

class LifeFloor {
   public:
    // Borrows `stand`. Throws when the floor says anything else than reviewdb.
    LifeFloor(const Stand& stand, const Life& life);

    // In turn, each in milliseconds; reset only in a life that has one, and which reviewdb itself
    // then ends. After remove, what is gone has to be forgotten.
    double create();
    double create_again() const;
    double reset();
    double remove() const;

    // How much each conversation holds, a sentence for each.
    const std::vector<std::string>& findings() const { return findings_; }

   private:
    Conversation hear(const Program& program) const;
    void check(std::string_view what, const Conversation& conversation);
    Program floor(const Conversation& conversation, int port) const;
    Conversation with_present_oids(const Conversation& conversation) const;

    const Stand& stand_;
    Program remove_by_reviewdb_;
    support::TempFolder folder_;
    Conversation create_;
    Conversation again_;
    std::optional<Conversation> reset_;
    Conversation remove_;
    std::string database_;
    // Of the database that was created, and of the one that a reset put in its place.
    std::vector<std::string> recorded_oids_;
    std::vector<std::string> present_oids_;
    std::string logins_;
    std::vector<std::string> findings_;
};

}  // namespace bench
