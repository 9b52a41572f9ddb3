// SPDX-License-Identifier: Apache-2.0
//
// What the Lambda that reviewdb replaces does to a server, statement by statement, as its published
// source says (Enterprise-CMCS/managed-care-review,
// services/postgres/src/logicalDatabaseManager.ts): raw names, a second session for the grants, a
// password that the server sees, and no memory.
#pragma once

#include <optional>
#include <string>

#include "base/secret.h"
#include "pg/connection_info.h"

namespace support {

class Incumbent {
   public:
    explicit Incumbent(pg::ConnectionInfo administrator, std::string prefix = "reviewapp")
        : administrator_(std::move(administrator)), prefix_(std::move(prefix)) {}

    std::string database(const std::string& stage) const { return prefix_ + "_" + stage; }
    std::string role(const std::string& stage) const { return prefix_ + "_user_" + stage; }
    static std::string secret(const std::string& stage) {
        return "aurora_postgres_" + stage + "_cdk";
    }

    // The value that it writes to the stage's secret. `former` is what that one has: the password
    // of a role that is there is taken from it. Throws std::runtime_error where a statement fails.
    base::Secret create(const std::string& stage,
                        const std::optional<base::Secret>& former = {}) const;
    // Says whether the role could be dropped; a database that cannot be is only logged by it. The
    // secret is deleted by the caller.
    bool remove(const std::string& stage) const;

    // What the stack leaves in a secret for it to fill.
    static base::Secret placeholder();

   private:
    pg::ConnectionInfo administrator_;
    std::string prefix_;
};

}  // namespace support
