// SPDX-License-Identifier: Apache-2.0
//
// SCRAM with one round of hashing instead of 4096. A login then takes a millisecond and not ten,
// which for tests that log in some thousand times is more than a tenth of all that they do. Only
// for roles of the tests themselves: what reviewdb makes for others stays as it makes it.
#pragma once

#include <string>

#include "base/secret.h"

namespace support {

// A verifier for ALTER ROLE … PASSWORD (RFC 5802, section 3; the form is Postgres's).
std::string quick_verifier(const base::Secret& password);

}  // namespace support
