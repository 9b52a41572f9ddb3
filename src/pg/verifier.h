// SPDX-License-Identifier: Apache-2.0
//
// SCRAM-SHA-256 verifiers: what the server may know of a password (RFC 5803).
#pragma once

#include <string_view>

namespace pg {

// True for exactly SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey> with whole base64 of
// the right sizes. Postgres takes anything else for a plaintext password (seen on 13 to 18), so
// nothing else is ever sent.
bool is_scram_verifier(std::string_view text);

}  // namespace pg
