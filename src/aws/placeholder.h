// SPDX-License-Identifier: Apache-2.0
//
// The value that is left in a secret whose place somebody else looks after. Pure.
#pragma once

#include "base/secret.h"

namespace aws {

// `value` without what we wrote into it, and with "username": "placeholder", as the stacks of the
// drop-in events make theirs; the keys of others stay. The same for what it gave itself.
base::Secret emptied(const base::Secret& value);

// Whether the value says that an environment owns it.
bool says_ours(const base::Secret& value);

}  // namespace aws
