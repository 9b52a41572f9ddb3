// SPDX-License-Identifier: Apache-2.0
//
// What hands other than ours do to an environment: each on a FakeWorld, and as a superuser's SQL on
// a server, with {0} for its database, {1} for its role.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/fake_world.h"

namespace support {

struct Drift {
    std::string_view name;
    // Harmless where what it would change is not there.
    void (*apply)(FakeWorld& world, EnvironmentRow& row);
    // Empty where only a FakeWorld can show it. Each is a statement of its own.
    std::vector<std::string> sql = {};
    // Where to run it: the environment's database, instead of the server's postgres.
    bool inside = false;
};

std::span<const Drift> drifts();

// The database and the login of an environment, as they are called now; nothing where they are
// gone.
FakeDatabase* database_of(FakeWorld& world, const EnvironmentRow& row);
FakeLogin* login_of(FakeWorld& world, const EnvironmentRow& row);

}  // namespace support
