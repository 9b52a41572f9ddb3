// SPDX-License-Identifier: Apache-2.0
//
// Where credentials are put for applications to read: by name, a JSON text per environment. The
// value says whose it is ("reviewdb": "<environment uuid>"), so ownership needs no second call.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/uuid.h"

namespace environment {

struct SecretWrite {
    std::string name;
    base::Secret value;
    // What is told of it beside the value, where a store can keep that.
    std::map<std::string, std::string> tags = {};
    // Whether a value that turns up under the name only now may be replaced.
    std::function<bool(const base::Secret&)> may_replace = {};
};

// The tag that tells a secret's environment, where a store has tags.
inline constexpr std::string_view k_owner_tag = "reviewdb:environment";

// A secret that says whose it is.
struct StoredSecret {
    std::string name;
    base::Uuid environment;
};

class SecretStore {
   public:
    SecretStore() = default;
    SecretStore(const SecretStore&) = delete;
    SecretStore& operator=(const SecretStore&) = delete;
    virtual ~SecretStore() = default;

    // Those that say that they are an environment's of reviewdb, whoever's. May take long where
    // there are many. Fails denied, unavailable.
    virtual base::Result<std::vector<StoredSecret>> list(base::Deadline deadline) = 0;
    // The value, or nothing when there is none of that name; one that is scheduled for deletion
    // counts as none. Fails denied, unavailable.
    virtual base::Result<std::optional<base::Secret>> read(const std::string& name,
                                                           base::Deadline deadline) = 0;
    // Makes or replaces the value, whole or not at all. Fails conflict for a value that turned up
    // since it was read and may not be replaced, in_doubt for one that may.
    virtual base::Result<void> write(const SecretWrite& write, base::Deadline deadline) = 0;
    // Takes our members out of the value; the secret goes when nothing else is in it. Content when
    // there is none. Leaves a placeholder where remainder_of_secret() says so, and a store may do
    // so where somebody else looks after the secret.
    virtual base::Result<void> remove(const std::string& name, base::Deadline deadline) = 0;
};

}  // namespace environment
