// SPDX-License-Identifier: Apache-2.0
#include "environment/credential.h"

#include "base/bytes.h"

namespace environment {

namespace {
constexpr std::size_t k_key_size = 32;
constexpr std::size_t k_nonce_size = 12;
constexpr std::size_t k_fingerprint_digits = 16;

std::string big_endian(int number) {
    const auto value = static_cast<std::uint32_t>(number);
    std::string bytes;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        bytes += static_cast<char>((value >> shift) & 0xffU);
    }
    return bytes;
}

base::Secret subkey(const base::Secret& key, std::string_view purpose) {
    return base::Secret(std::string(base::as_text(base::hmac_sha256(key.reveal(), purpose))));
}
}  // namespace

Key::Key(int number, base::Secret bytes)
    : number_(number),
      bytes_(std::move(bytes)),
      seal_key_(subkey(bytes_, "reviewdb/stamp/1")),
      nonce_key_(subkey(bytes_, "reviewdb/stamp-nonce/1")) {}

Key Key::random(int number) { return {number, base::Secret(base::random_bytes(k_key_size))}; }

base::Result<Key> Key::from_bytes(int number, const base::Secret& bytes) {
    if (bytes.reveal().size() != k_key_size) {
        return base::fail(base::ErrorKind::invalid_input, "the key is not 32 bytes long",
                          "make one with: openssl rand -hex 32");
    }
    return Key(number, bytes);
}

base::Result<Key> Key::parse(int number, const base::Secret& text) {
    auto trimmed = text.reveal();
    while (!trimmed.empty() && (trimmed.back() == '\n' || trimmed.back() == ' '))
        trimmed.pop_back();
    auto bytes =
        trimmed.size() == 2 * k_key_size ? base::from_hex(trimmed) : base::from_base64url(trimmed);
    return from_bytes(number, base::Secret(bytes.value_or("")));
}

base::Secret Key::to_text() const { return base::Secret(base::to_base64url(bytes_.reveal())); }

std::string Key::fingerprint() const {
    const auto digest = base::hmac_sha256(bytes_.reveal(), "reviewdb/fingerprint/1");
    return base::to_hex(base::as_text(digest)).substr(0, k_fingerprint_digits);
}

base::Secret Key::password(const base::Uuid& role, int version) const {
    const auto input = "reviewdb/password/1" + std::string(role.bytes()) + big_endian(version);
    return base::Secret(
        base::to_base64url(base::as_text(base::hmac_sha256(bytes_.reveal(), input))));
}

std::string Key::seal(const base::Uuid& instance, std::string_view text) const {
    const auto input = std::string(instance.bytes()) + std::string(text);
    const auto digest = base::hmac_sha256(nonce_key_.reveal(), input);
    const auto nonce = base::as_text(digest).substr(0, k_nonce_size);
    return base::to_base64url(std::string(nonce) +
                              base::seal(seal_key_.reveal(), nonce, text, instance.bytes()));
}

base::Result<std::string> Key::open(const base::Uuid& instance, std::string_view sealed) const {
    const auto bytes = base::from_base64url(sealed);
    if (bytes && bytes->size() > k_nonce_size) {
        const std::string_view all(*bytes);
        auto text = base::open_sealed(seal_key_.reveal(), all.substr(0, k_nonce_size),
                                      all.substr(k_nonce_size), instance.bytes());
        if (text) return *std::move(text);
    }
    return base::fail(base::ErrorKind::conflict, "a name in a stamp was not sealed with this key");
}

}  // namespace environment
