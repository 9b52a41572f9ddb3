// SPDX-License-Identifier: Apache-2.0
//
// The statement that makes a database from a template, by the strategy that was chosen.
#pragma once

#include <string>

#include "base/deadline.h"
#include "base/result.h"
#include "environment/cloning.h"
#include "pg/connection.h"

namespace server {

struct CloneOrder {
    std::string database;
    std::string database_template;
    environment::CloneStrategy strategy = environment::CloneStrategy::wal_log;
};

struct Cloned {
    environment::CloneStrategy strategy;  // by which it was made in the end
    // What was learnt of file_clone: unknown when it was not asked for.
    environment::FileCloning file_cloning = environment::FileCloning::unknown;
    std::string refusal = {};  // of file_clone, in the server's words
};

// Makes order.database, closed to everybody. Where file_clone is refused, it is made by file_copy
// at once. Fails in_doubt when the answer did not come, so that it may be there or come to be; any
// other failure means that it was not made. Leaves the session's settings as they were.
base::Result<Cloned> clone_database(pg::Connection& session, const CloneOrder& order,
                                    base::Deadline deadline);

}  // namespace server
