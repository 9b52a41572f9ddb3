// SPDX-License-Identifier: Apache-2.0
#include "base/uuid.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/bytes.h"

namespace base {

namespace {
constexpr std::string_view k_form = "00000000-0000-0000-0000-000000000000";
constexpr std::size_t k_bytes = 16;
}  // namespace

Uuid Uuid::random() {
    Uuid uuid;
    std::ranges::copy(random_bytes(uuid.bytes_.size()), uuid.bytes_.begin());
    uuid.bytes_[6] = static_cast<std::uint8_t>((uuid.bytes_[6] & 0x0fU) | 0x40U);
    uuid.bytes_[8] = static_cast<std::uint8_t>((uuid.bytes_[8] & 0x3fU) | 0x80U);
    return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
    if (text.size() != k_form.size()) return std::nullopt;
    std::array<char, 2 * k_bytes> digits{};
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = k_form[i] == '-';
        if (dash != (text[i] == '-')) return std::nullopt;
        if (!dash) digits.at(count++) = text[i];
    }
    const auto bytes = from_hex({digits.data(), digits.size()});
    if (!bytes) return std::nullopt;
    Uuid uuid;
    std::ranges::copy(*bytes, uuid.bytes_.begin());
    return uuid;
}

std::string Uuid::to_string() const {
    std::string text(k_form);
    auto digit = text.begin();
    for (const unsigned byte : bytes_) {
        if (*digit == '-') ++digit;
        *digit++ = k_hex_digits[byte >> 4U];
        *digit++ = k_hex_digits[byte & 0xfU];
    }
    return text;
}

std::string Uuid::short_name() const {
    // The fixed version bits lie in bytes 6 and 8; the last seven bytes are all chance.
    return to_base32(bytes().substr(9)).substr(0, 10);
}

}  // namespace base
