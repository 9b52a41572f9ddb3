// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include "base/text.h"

namespace base {

namespace {

constexpr std::string_view k_base64url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view k_base32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr int k_tag_size = 16;

const unsigned char* data_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* data_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

bool is_unreserved(char c) {
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

// Regroups the bits of `data` into letters of `bits` bits each, the last one filled with zeros.
std::string spell(std::string_view data, unsigned bits, std::string_view alphabet) {
    std::string text((data.size() * 8 + bits - 1) / bits, '\0');
    auto letter = text.begin();
    std::uint32_t buffer = 0;
    unsigned held = 0;
    const std::uint32_t mask = (1U << bits) - 1;
    for (const char c : data) {
        buffer = (buffer << 8U) | static_cast<unsigned char>(c);
        held += 8;
        while (held >= bits) {
            held -= bits;
            *letter++ = alphabet[(buffer >> held) & mask];
        }
    }
    if (held > 0) *letter = alphabet[(buffer << (bits - held)) & mask];
    return text;
}

// What each character stands for in an alphabet; -1 for one that is not in it.
using Values = std::array<std::int8_t, 256>;
constexpr Values values_of(std::string_view alphabet) {
    Values values{};
    values.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values.at(static_cast<unsigned char>(alphabet[i])) = static_cast<std::int8_t>(i);
    }
    return values;
}
constexpr Values k_base64url_values = values_of(k_base64url);
constexpr Values k_hex_values = [] {
    auto values = values_of("0123456789ABCDEF");
    for (std::size_t c = 'A'; c <= 'F'; ++c) values.at(c - 'A' + 'a') = values.at(c);
    return values;
}();

std::optional<std::string> unspell(std::string_view text, unsigned bits, const Values& values) {
    std::string data(text.size() * bits / 8, '\0');
    auto byte = data.begin();
    std::uint32_t buffer = 0;
    unsigned held = 0;
    for (const char c : text) {
        const auto value = values.at(static_cast<unsigned char>(c));
        if (value < 0) return std::nullopt;
        buffer = (buffer << bits) | static_cast<std::uint32_t>(value);
        held += bits;
        if (held >= 8) {
            held -= 8;
            *byte++ = static_cast<char>((buffer >> held) & 0xffU);
        }
    }
    const bool leftover = held >= bits || (buffer & ((1U << held) - 1)) != 0;
    if (leftover) return std::nullopt;
    return data;
}

struct CipherDeleter {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherDeleter>;

struct DigestDeleter {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

void require(int answer) {
    if (answer != 1) throw std::runtime_error("cryptography failed where it cannot");
}

// Each of these is fetched once: a use of EVP_sha256(), HMAC() or EVP_aes_256_gcm() looks through
// all providers for it, which takes longer than the operation (openssl.org, man 7 crypto, "Implicit
// fetching").
const EVP_MD* digest_sha256() {
    static const EVP_MD* const k_fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    require(k_fetched != nullptr ? 1 : 0);
    return k_fetched;
}

const EVP_CIPHER* cipher_aes_256_gcm() {
    static const EVP_CIPHER* const k_fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    require(k_fetched != nullptr ? 1 : 0);
    return k_fetched;
}

struct MacDeleter {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using Mac = std::unique_ptr<EVP_MAC_CTX, MacDeleter>;

Mac make_hmac_sha256() {
    EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    Mac context(EVP_MAC_CTX_new(hmac));
    EVP_MAC_free(hmac);
    std::string digest("SHA256");
    const std::array parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    require(EVP_MAC_CTX_set_params(context.get(), parameters.data()));
    return context;
}

// To be given a key. One for each thread, for as long as that lives: to make and to destroy one
// takes longer than what it is used for. The last key stays in it, and in the cipher's below, as
// keys stay in a KeyRing.
EVP_MAC_CTX* hmac_context() {
    static thread_local const Mac k_made = make_hmac_sha256();
    return k_made.get();
}

EVP_CIPHER_CTX* cipher_context() {
    static thread_local const Cipher k_made(EVP_CIPHER_CTX_new());
    return k_made.get();
}

}  // namespace

std::string random_bytes(std::size_t count) {
    constexpr std::size_t k_at_once = 256;
    std::string bytes(count, '\0');
    for (std::size_t at = 0; at < count; at += k_at_once) {
        require(getentropy(bytes.data() + at, std::min(count - at, k_at_once)) == 0 ? 1 : 0);
    }
    return bytes;
}

Digest sha256(std::string_view data) {
    Digest digest;
    require(EVP_Digest(data.data(), data.size(), digest.data(), nullptr, digest_sha256(), nullptr));
    return digest;
}

struct Sha256::State {
    std::unique_ptr<EVP_MD_CTX, DigestDeleter> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    require(EVP_DigestInit_ex(state_->context.get(), digest_sha256(), nullptr));
}
Sha256::~Sha256() = default;

void Sha256::add(std::string_view data) {
    require(EVP_DigestUpdate(state_->context.get(), data.data(), data.size()));
}

Digest Sha256::finish() {
    Digest digest{};
    require(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr));
    return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view data) {
    // Without one, the context would go on with the key that it has (man 3 EVP_MAC_init).
    require(key.data() != nullptr ? 1 : 0);
    auto* const context = hmac_context();
    Digest digest;
    std::size_t size = 0;
    require(EVP_MAC_init(context, data_of(key), key.size(), nullptr));
    require(EVP_MAC_update(context, data_of(data), data.size()));
    require(EVP_MAC_final(context, digest.data(), &size, digest.size()));
    return digest;
}

std::string to_base64url(std::string_view data) { return spell(data, 6, k_base64url); }
std::optional<std::string> from_base64url(std::string_view text) {
    return unspell(text, 6, k_base64url_values);
}
std::string to_base32(std::string_view data) { return spell(data, 5, k_base32); }
std::string to_hex(std::string_view data) { return spell(data, 4, k_hex_digits); }
std::optional<std::string> from_hex(std::string_view text) {
    return unspell(text, 4, k_hex_values);
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view k_upper_hex = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        if (is_unreserved(c)) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += k_upper_hex[byte >> 4U];
        encoded += k_upper_hex[byte & 0xfU];
    }
    return encoded;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string decoded;
    while (!text.empty()) {
        if (text.front() != '%') {
            decoded += text.front();
            text.remove_prefix(1);
            continue;
        }
        const auto byte = text.size() < 3 ? std::nullopt : from_hex(text.substr(1, 2));
        if (!byte) return std::nullopt;
        decoded += *byte;
        text.remove_prefix(3);
    }
    return decoded;
}

std::string seal(std::string_view key, std::string_view nonce, std::string_view plain,
                 std::string_view context) {
    auto* const cipher = cipher_context();
    std::string sealed(plain.size() + k_tag_size, '\0');
    int size = 0;
    require(
        EVP_EncryptInit_ex(cipher, cipher_aes_256_gcm(), nullptr, data_of(key), data_of(nonce)));
    require(EVP_EncryptUpdate(cipher, nullptr, &size, data_of(context),
                              static_cast<int>(context.size())));
    require(EVP_EncryptUpdate(cipher, data_of(sealed), &size, data_of(plain),
                              static_cast<int>(plain.size())));
    require(EVP_EncryptFinal_ex(cipher, data_of(sealed) + size, &size));
    require(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, k_tag_size,
                                data_of(sealed) + plain.size()));
    return sealed;
}

std::optional<std::string> open_sealed(std::string_view key, std::string_view nonce,
                                       std::string_view sealed, std::string_view context) {
    if (sealed.size() < k_tag_size) return std::nullopt;
    const auto body = sealed.substr(0, sealed.size() - k_tag_size);
    std::string tag(sealed.substr(body.size()));
    std::string plain(body.size(), '\0');
    auto* const cipher = cipher_context();
    int size = 0;
    require(
        EVP_DecryptInit_ex(cipher, cipher_aes_256_gcm(), nullptr, data_of(key), data_of(nonce)));
    require(EVP_DecryptUpdate(cipher, nullptr, &size, data_of(context),
                              static_cast<int>(context.size())));
    require(EVP_DecryptUpdate(cipher, data_of(plain), &size, data_of(body),
                              static_cast<int>(body.size())));
    require(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, k_tag_size, data_of(tag)));
    if (EVP_DecryptFinal_ex(cipher, data_of(plain) + size, &size) != 1) return std::nullopt;
    return plain;
}

}  // namespace base
