// SPDX-License-Identifier: Apache-2.0
//
// What all of ours takes on a server, and what was removed this month: what an operator shows to
// whoever pays. Pure data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "environment/name.h"
#include "environment/records.h"

namespace environment {

struct Share {
    std::int64_t count = 0;
    std::int64_t bytes = 0;

    Share& operator+=(const Share& other) {
        count += other.count;
        bytes += other.bytes;
        return *this;
    }
};

struct Usage {
    std::optional<Project> project;  // nothing: all
    Time now;                        // the server's clock
    Time month_began_at;             // in UTC

    std::map<EnvironmentState, Share> environments;
    Share warm;        // built ahead
    Share templates;   // their versions
    Share trash;       // kept for a while
    Share unfinished;  // being built, or waiting to be dropped
    std::int64_t secrets = 0;

    std::int64_t connections = 0;         // of the environments
    std::int64_t server_connections = 0;  // of everybody
    std::int64_t connection_limit = 0;    // that the server has room for

    struct Oldest {
        std::string project;
        std::string name;
        Time created_at;
    };
    std::optional<Oldest> oldest;

    std::map<std::string, Share> removed;  // this month, by event
};

Share all_environments(const Usage& usage);
// What nobody had asked to be removed: its branch was gone, or its time was over.
Share leaks_reclaimed(const Usage& usage);

}  // namespace environment
