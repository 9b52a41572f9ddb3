// SPDX-License-Identifier: Apache-2.0
//
// PgBouncer in front of a test cluster, on a port of 127.0.0.1, gone when the test is over. It lets
// in whom it was told of.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>

#include "support/cluster.h"
#include "support/temp_folder.h"

namespace support {

struct PgBouncerOptions {
    std::string pool_mode = "transaction";
    std::string ignored = {};  // startup parameters that it drops without a word
};

class PgBouncer {
   public:
    // Throws std::runtime_error when it does not come up.
    PgBouncer(const Cluster& cluster, const PgBouncerOptions& options);
    PgBouncer(const PgBouncer&) = delete;
    PgBouncer& operator=(const PgBouncer&) = delete;
    ~PgBouncer();

    int port() const { return port_; }
    // Lets the role in, too, by the verifier that the server has of its password: a moment later.
    void let_in(const Cluster& cluster, const std::string& role);

   private:
    TempFolder folder_;
    std::map<std::string, std::string> users_;
    int port_;
    pid_t pid_ = 0;
};

// Whether the program is on this machine.
bool has_pg_bouncer();

}  // namespace support
