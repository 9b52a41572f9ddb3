// SPDX-License-Identifier: Apache-2.0
//
// What a warm instance consists of, as bare SQL: a role, CREATE DATABASE, the rights, the hand-over
// and one login. Nothing is recorded, looked at or stamped. Throws std::runtime_error when
// something fails.
#pragma once

#include <string>

#include "pg/connection.h"
#include "stand.h"

namespace bench {

// Where the instances come from; `owner` is empty where there is nothing to hand over but `public`.
struct Original {
    std::string database;
    std::string owner;
};

// One who builds, over a session of its own. One thread.
class BareBuilder {
   public:
    BareBuilder(const Stand& stand, Original original, std::string names);
    void build();
    // CREATE DATABASE and nothing else.
    void create_only();
    // Drops what it made.
    void clear();

   private:
    std::string next_name();
    void hand_over(const std::string& name);

    const Stand& stand_;
    Original original_;
    std::string names_;
    pg::Connection manager_;
    int made_ = 0;
    std::vector<std::string> databases_;
    std::vector<std::string> roles_;
};

}  // namespace bench
