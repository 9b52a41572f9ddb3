// SPDX-License-Identifier: Apache-2.0
//
// The keys of an installation: made, moved and retired. Each is numbered; a role remembers the
// number of the one that its password is derived from. The registry says where each of them is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "environment/key_ring.h"
#include "environment/server.h"
#include "pg/connection_info.h"

namespace server {

struct KeyView {
    int number = 0;
    std::string fingerprint;
    std::string location;
    bool is_current = false;
    bool is_retired = false;
    std::int64_t roles = 0;  // whose passwords are derived from it
};

// Who looks after the keys, and with what. Borrowed.
struct KeyKeeper {
    const pg::ConnectionInfo& login;
    const environment::KeyTexts& texts;
    const environment::Actor& actor;
    base::Log& log;
};

// All of them, oldest first.
base::Result<std::vector<KeyView>> list_keys(const KeyKeeper& keeper, base::Deadline deadline);

// Makes the next key, where the current one is kept: in the registry, in a file or a secret beside
// the current one's (PATH.2), or taken from REVIEWDB_KEY_<number>. New passwords come from it.
// Fails invalid_input where the variable is not set.
base::Result<KeyView> add_key(const KeyKeeper& keeper, base::Deadline deadline);

// Forgets a key that nothing depends on. Fails not_found, and conflict for the current key and for
// one that passwords are derived from, naming some of whose.
base::Result<void> retire_key(const KeyKeeper& keeper, int number, base::Deadline deadline);

// Keeps all living keys in another place: registry, env (REVIEWDB_KEY has to hold the key already),
// file:PATH or aws:NAME. Fails conflict when a key is not at hand, or is another one.
base::Result<void> move_keys(const KeyKeeper& keeper, const std::string& location,
                             base::Deadline deadline);

}  // namespace server
