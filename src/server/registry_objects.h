// SPDX-License-Identifier: Apache-2.0
//
// Whether the control database holds what the migrations made and nothing else. Everything is read
// from the catalog, so no object of unknown origin is ever used; what the migrations make is made
// beside it, under another name, and rolled back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "pg/connection.h"

namespace server {

// What the schema `registry` is, by the catalog alone.
struct RegistrySchema {
    bool exists = false;
    std::string owner;
};
base::Result<RegistrySchema> look_at_schema(pg::Connection& control, base::Deadline deadline);

// Both are asked within a transaction of begin_as_owner(), and leave the session in it.

// Fails conflict for a database with anything in it that CREATE DATABASE did not put there, naming
// the first few.
base::Result<void> check_empty(pg::Connection& control, base::Deadline deadline);

// Fails conflict unless the database holds exactly what the migrations up to one of this program's
// make, all of it owned by `owner`; names the objects that are unknown, changed or missing.
base::Result<void> check_objects(pg::Connection& control, std::string_view owner,
                                 base::Deadline deadline);

}  // namespace server
