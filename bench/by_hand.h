// SPDX-License-Identifier: Apache-2.0
//
// What an engineer writes to beat reviewdb: one psql and the fewest statements that do the job. It
// acts as the manager, over the same kind of login, with a password verifier made ahead; it records
// nothing and checks nothing. psql is the program itself, not Debian's wrapper.
#pragma once

#include <string>

#include "stand.h"

namespace bench {

class ByHand {
   public:
    // Throws std::runtime_error.
    explicit ByHand(const Stand& stand);

    // One login that asks for 1.
    const Program& select_one() const { return select_one_; }
    // A role, a database, its rights, and one login as the role.
    const Program& create() const { return create_; }
    // DROP DATABASE and DROP ROLE.
    const Program& remove() const { return remove_; }

   private:
    Program select_one_, create_, remove_;
};

}  // namespace bench
