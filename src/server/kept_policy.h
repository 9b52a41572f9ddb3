// SPDX-License-Identifier: Apache-2.0
//
// The policy as a session read it last, which mostly is the policy as it is: what did not change is
// not taken apart again.
#pragma once

#include <string>
#include <vector>

#include "environment/policy.h"
#include "pg/rows.h"

namespace server {

class KeptPolicy {
   public:
    // The project's, from the answer to k_policy. Fails as environment::Policy::read.
    base::Result<environment::Policy> read(const environment::Project& project,
                                           const pg::Rows& rows);

   private:
    bool is_of(const pg::Rows& rows) const;

    std::string project_;
    std::vector<environment::PolicyRow> rows_;
    environment::Policy policy_;  // without rows as well
};

}  // namespace server
