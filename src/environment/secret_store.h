// SPDX-License-Identifier: Apache-2.0
//
// Where credentials are put for applications to read: by name, a JSON text per environment. The
// value says whose it is ("reviewdb": "<environment uuid>"), so ownership needs no second call.
#pragma once

#include <optional>
#include <string>

#include "base/deadline.h"
#include "base/result.h"
#include "base/secret.h"

namespace environment {

class SecretStore {
   public:
    SecretStore() = default;
    SecretStore(const SecretStore&) = delete;
    SecretStore& operator=(const SecretStore&) = delete;
    virtual ~SecretStore() = default;

    // The value, or nothing when there is none of that name. Fails denied, unavailable.
    virtual base::Result<std::optional<base::Secret>> read(const std::string& name,
                                                           base::Deadline deadline) = 0;
    // Makes or replaces the value, whole or not at all.
    virtual base::Result<void> write(const std::string& name, const base::Secret& value,
                                     base::Deadline deadline) = 0;
    // Content when there is none.
    virtual base::Result<void> remove(const std::string& name, base::Deadline deadline) = 0;
};

}  // namespace environment
