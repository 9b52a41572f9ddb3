// SPDX-License-Identifier: Apache-2.0
//
// What an event of the former Lambda asks for, done on one server.
#pragma once

#include <set>
#include <string>

#include "api/drop_in.h"
#include "app/lambda/administrators.h"

namespace lambda {

class DropInWork {
   public:
    // Borrows all of them. `settled` remembers the projects whose policy has been looked at.
    DropInWork(Administrator& administrator, const environment::Actor& actor,
               std::set<std::string>& settled, base::Log& log)
        : administrator_(administrator), actor_(actor), settled_(settled), log_(log) {}

    // Makes the stage's environment, or takes over what the former Lambda made of it; or removes
    // either.
    base::Result<environment::Answer> perform(const api::DropIn& event, base::Deadline deadline);

   private:
    base::Result<void> settle(const environment::Project& project, base::Deadline deadline);
    base::Result<environment::Answer> create(const api::DropIn& event,
                                             base::Deadline deadline) const;
    base::Result<environment::Answer> remove(const api::DropIn& event,
                                             base::Deadline deadline) const;

    Administrator& administrator_;
    const environment::Actor& actor_;
    std::set<std::string>& settled_;
    base::Log& log_;
};

}  // namespace lambda
