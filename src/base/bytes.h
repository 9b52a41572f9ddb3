// SPDX-License-Identifier: Apache-2.0
//
// Bytes, their spellings in text, and the digests over them. The digests are OpenSSL's; this
// header only gives them value types. Pure but for random_bytes. Safe from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

using Digest = std::array<std::uint8_t, 32>;

inline constexpr std::string_view k_hex_digits = "0123456789abcdef";

// `count` bytes of the operating system's randomness. Throws std::runtime_error when there is none:
// nothing could go on without it.
std::string random_bytes(std::size_t count);

Digest sha256(std::string_view data);

// The same over data that comes in parts.
class Sha256 {
   public:
    Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    ~Sha256();

    void add(std::string_view data);
    // Over all that was added. Not to be used afterwards.
    Digest finish();

   private:
    struct State;
    std::unique_ptr<State> state_;
};

// Throws std::runtime_error for a view of nothing, which is no key.
Digest hmac_sha256(std::string_view key, std::string_view data);

inline std::string_view as_text(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// RFC 4648 §5 without padding.
std::string to_base64url(std::string_view data);
// Nothing when `text` is not base64url without padding.
std::optional<std::string> from_base64url(std::string_view text);
// RFC 4648 §6 in lower case without padding.
std::string to_base32(std::string_view data);
std::string to_hex(std::string_view data);
// Nothing when `text` is not pairs of hexadecimal digits, in either case.
std::optional<std::string> from_hex(std::string_view text);
// `text` with everything but RFC 3986's unreserved characters as %XX.
std::string percent_encoded(std::string_view text);
// The way back; nothing where a % is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

// AES-256-GCM with `key` (32 bytes) and a `nonce` (12 bytes) that must never serve two messages:
// ciphertext and 16 bytes of tag. `context` is authenticated, not stored.
std::string seal(std::string_view key, std::string_view nonce, std::string_view plain,
                 std::string_view context);
// Nothing when the key, the nonce, the context or a bit of `sealed` is another one.
std::optional<std::string> open_sealed(std::string_view key, std::string_view nonce,
                                       std::string_view sealed, std::string_view context);

}  // namespace base
