// SPDX-License-Identifier: Apache-2.0
//
// The stamp: a comment in Postgres' own catalog that says whose a database or role is, so that the
// registry can be rebuilt from the server and the key. Every role can read comments, so the name
// stands there sealed. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"

namespace environment {

// reviewdb/1 <installation> <instance> <role>.<password version> <project> <protected: p or ->
// <name, sealed, or - while it has none>
struct DatabaseStamp {
    base::Uuid installation;
    base::Uuid instance;
    base::Uuid role;
    int password_version = 1;
    std::string project;
    bool shielded = false;
    std::string sealed_name;

    std::string to_text() const;
    // Nothing for a comment that is no stamp, or one of a later format.
    static std::optional<DatabaseStamp> parse(std::string_view text);
    // What every stamp of that instance begins with: identity, and nothing that changes.
    static std::string prefix(const base::Uuid& installation, const base::Uuid& instance);
};

// reviewdb/1 <installation> <role>
std::string role_stamp(const base::Uuid& installation, const base::Uuid& role);

}  // namespace environment
