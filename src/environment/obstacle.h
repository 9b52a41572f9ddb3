// SPDX-License-Identifier: Apache-2.0
//
// What a delete would meet, seen before it is tried: for the remarks of a dry run. Pure.
#pragma once

#include <optional>
#include <string>

#include "environment/records.h"

namespace environment {

struct Obstacle {
    enum class Weight {
        goes_along,      // the delete ends it
        holds_database,  // until it ends, the database can be cut off, and no more
        pins_role        // until it ends, the role stays, without login
    };
    Weight weight = Weight::holds_database;
    std::string what;           // "session 12 of ada (psql)"
    std::optional<Time> since;  // where the server tells
    std::string remedy;         // the SQL that ends it, for whoever may run it; empty where none is
};

// One line for a person.
std::string describe(const Obstacle& obstacle);

}  // namespace environment
