// SPDX-License-Identifier: Apache-2.0
//
// The key that passwords are derived from, in a secret of its own.
//
// Its value is {"key": "…"}, the form that the console, rotation tools and stack references know
// best; a value that is no JSON object is taken as the text itself, so that a key can also be put
// there by hand: aws secretsmanager create-secret --secret-string "$(openssl rand -hex 32)".
#pragma once

#include <optional>
#include <string>

#include "aws/secrets_manager.h"
#include "base/deadline.h"
#include "base/result.h"
#include "base/secret.h"

namespace aws {

struct KeySecret {
    std::string name;
    base::Secret text = {};  // of the key that is to be there; empty: any, a new one is random
    Tags tags = {};
    std::string kms_key_id = {};
};

// The key's text, as environment::Key::parse reads it; nothing when there is no such secret. One
// call. Fails conflict when it holds no key or is scheduled for deletion, and as SecretsManager.
base::Result<std::optional<base::Secret>> find_key(SecretsManager& manager, const std::string& name,
                                                   base::Deadline deadline);

// The key's text; a new random one where there was no such secret. Of many at once one creates it,
// and all get that one's. Never writes to a secret that is there: passwords depend on it. One call,
// two when it creates. Fails conflict as find_key does and for another key than `text`, and as
// SecretsManager.
base::Result<base::Secret> find_or_create_key(SecretsManager& manager, const KeySecret& secret,
                                              base::Deadline deadline);

}  // namespace aws
