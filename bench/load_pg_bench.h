// SPDX-License-Identifier: Apache-2.0
//
// The yardstick of the load: Postgres' own pgbench, which says what reviewdb says for get and
// extend, word by word, from as many clients, each about the environment of one worker.
#pragma once

#include <cstddef>

#include "harness.h"
#include "load_worker.h"
#include "stand.h"
#include "support/temp_folder.h"

namespace bench {

class PgBench {
   public:
    // Listens to one worker for each client, about its first environment.
    PgBench(const Stand& stand, std::size_t clients);

    // Calls in a second.
    double throughput(int seconds) const;

   private:
    const Stand& stand_;
    std::size_t clients_;
    support::TempFolder folder_;
    std::string options_;
};

}  // namespace bench
