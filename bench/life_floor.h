// SPDX-License-Identifier: Apache-2.0
//
// The floor of create, create again and delete. Listens once to reviewdb as it lives the life of an
// environment, and from then on lets the floor say the same to the server, word by word but for the
// oid of the database. Listens to the floor once as well: the two conversations have to be the
// same.
#pragma once

#include <string>
#include <vector>

#include "conversation.h"
#include "harness.h"
#include "stand.h"
#include "support/temp_folder.h"

namespace bench {

class LifeFloor {
   public:
    // Three calls of reviewdb about one environment, which there is not yet, and is not afterwards.
    // Borrows `stand`. Throws when the floor says anything else than reviewdb.
    LifeFloor(const Stand& stand, const Program& create, const Program& url, const Program& remove);

    // In turn, each in milliseconds; after remove, what is gone has to be forgotten.
    double create() const;
    double create_again() const;
    double remove() const;

    // How much each conversation holds, a sentence for each.
    const std::vector<std::string>& findings() const { return findings_; }

   private:
    Conversation hear(const Program& program) const;
    void check(std::string_view what, const Conversation& conversation);
    Program floor(const Conversation& conversation, int port) const;
    Conversation with_present_oid(const Conversation& conversation) const;

    const Stand& stand_;
    support::TempFolder folder_;
    Conversation create_;
    Conversation again_;
    Conversation remove_;
    std::string database_;
    std::string recorded_oid_;
    std::string logins_;
    std::vector<std::string> findings_;
};

}  // namespace bench
