// SPDX-License-Identifier: Apache-2.0
//
// Where a whole project ended: what is wrong with it, and what there is, as text without names and
// numbers that chance made.
#pragma once

#include <string>

#include "support/fake_world.h"

namespace support {

// What of project review does not agree: rows with the catalog, databases with their owners, the
// pool with its targets. One per line; empty when nothing. While nobody works on anything, and with
// nothing left over.
std::string wrong_with(const FakeWorld& world);

// The environments with their data, the templates, the pool, and how many of each kind there are.
std::string supply_of(const FakeWorld& world);

}  // namespace support
