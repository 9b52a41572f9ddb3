// SPDX-License-Identifier: Apache-2.0
//
// Where an environment ended, as text without names and numbers: two ways to the same place give
// the same text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "support/fake_world.h"

namespace support {

// What to measure an end by: how it was before.
struct Start {
    std::optional<std::uint32_t> data;  // the database with what people had put in it
    int password_version = 0;
};
Start start_of(const FakeWorld& world, const std::string& name);

struct Place {
    std::string terms;   // state, protection, expiry, and what became of data and password
    std::string health;  // role, database, secret, and what else there is
    friend bool operator==(const Place&, const Place&) = default;
};
Place place_of(const FakeWorld& world, const std::string& name, const Start& start);

}  // namespace support
