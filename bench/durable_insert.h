// SPDX-License-Identifier: Apache-2.0
//
// The yardstick of everything that has to be durable: bare libpq on a kept session inserts one row,
// prepared, and has it on disk. Throws std::runtime_error when something fails. One thread.
#pragma once

#include <memory>

#include "stand.h"

struct pg_conn;

namespace bench {

class DurableInsert {
   public:
    // Makes the table; one of these at a time on a stand.
    explicit DurableInsert(const Stand& stand);
    void insert();

   private:
    struct Deleter {
        void operator()(pg_conn* session) const;
    };
    std::unique_ptr<pg_conn, Deleter> session_;
};

}  // namespace bench
