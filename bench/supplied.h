// SPDX-License-Identifier: Apache-2.0
//
// One who claims from the pool, and fills it: a session of its own. Throws std::runtime_error when
// something fails. One thread.
#pragma once

#include <string>

#include "environment/manager.h"
#include "pg/connection_info.h"
#include "server/live_server.h"

namespace bench {

class Supplied {
   public:
    // `names` begins the names of what it makes.
    explicit Supplied(const pg::ConnectionInfo& login, std::string names = "claimed",
                      std::string database_template = "empty");

    // Lets so many warm instances be there: says so, and builds what lacks, perhaps beside others.
    void fill(int target);
    void aim(int target);
    void go_on_filling();
    // Lets none be there, of any template.
    void drain();
    // One create; throws when that was not given a warm instance.
    void claim();

   private:
    base::Log log_{base::LogLevel::off, base::LogFormat::text};
    server::LiveServer server_;
    environment::Manager manager_;
    std::string names_;
    std::string template_;
    int made_ = 0;
};

}  // namespace bench
