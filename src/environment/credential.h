// SPDX-License-Identifier: Apache-2.0
//
// Keys, and the passwords derived from them. Pure. No password is ever stored: it is computed from
// a key, the role's identity and a version, and rotation is the next version.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/uuid.h"

namespace environment {

class Key {
   public:
    static Key random(int number);
    // Thirty-two bytes as base64url or hexadecimal. Fails invalid_input without quoting the text.
    static base::Result<Key> parse(int number, const base::Secret& text);
    // Thirty-two raw bytes. Fails invalid_input.
    static base::Result<Key> from_bytes(int number, const base::Secret& bytes);

    int number() const { return number_; }
    const base::Secret& bytes() const { return bytes_; }
    base::Secret to_text() const;
    // Sixteen hexadecimal digits that tell keys apart and nothing else of them.
    std::string fingerprint() const;

    // base64url(HMAC-SHA256(key, "reviewdb/password/1" ‖ uuid ‖ version as four bytes,
    // big-endian)): 43 characters that no URL has to escape.
    base::Secret password(const base::Uuid& role, int version) const;

    // `text` so that only holders of the key can read it; the same for the same instance and text,
    // so that two spellings can be compared. base64url.
    std::string seal(const base::Uuid& instance, std::string_view text) const;
    // Fails conflict when it was sealed with another key or for another instance.
    base::Result<std::string> open(const base::Uuid& instance, std::string_view sealed) const;

   private:
    Key(int number, base::Secret bytes);
    int number_;
    base::Secret bytes_;
    // Derived from it, one for each purpose, so that no two uses of the key can meet.
    base::Secret seal_key_;
    base::Secret nonce_key_;
};

}  // namespace environment
