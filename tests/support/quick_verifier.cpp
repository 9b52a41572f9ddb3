// SPDX-License-Identifier: Apache-2.0
#include "support/quick_verifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace support {

namespace {

std::string base64(std::string_view data) {
    auto text = base::to_base64url(data);
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

}  // namespace

std::string quick_verifier(const base::Secret& password) {
    using base::as_text;
    using base::hmac_sha256;
    const auto salt = base::random_bytes(16);
    const auto salted = hmac_sha256(password.reveal(), salt + std::string("\0\0\0\1", 4));
    const auto client_key = hmac_sha256(as_text(salted), "Client Key");
    const auto server_key = hmac_sha256(as_text(salted), "Server Key");
    return fmt::format("SCRAM-SHA-256$1:{}${}:{}", base64(salt),
                       base64(as_text(base::sha256(as_text(client_key)))),
                       base64(as_text(server_key)));
}

}  // namespace support
