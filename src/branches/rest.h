// SPDX-License-Identifier: Apache-2.0
//
// Asks a forge with patience and without trust: the whole list or a failure. Waits out what passes,
// never goes where it is sent, and remembers what it was told, so that asking again costs no more
// than the question whether that still holds.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "branches/forge.h"

namespace branches {

// `forge` has all of its parts.
std::unique_ptr<Source> make_rest(Forge forge, ForgeSurroundings around);

}  // namespace branches
