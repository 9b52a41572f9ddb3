// SPDX-License-Identifier: Apache-2.0
#include "base/uuid.h"

#include <algorithm>

#include "base/bytes.h"

namespace base {

Uuid Uuid::random() {
    Uuid uuid;
    std::ranges::copy(random_bytes(uuid.bytes_.size()), uuid.bytes_.begin());
    uuid.bytes_[6] = static_cast<std::uint8_t>((uuid.bytes_[6] & 0x0fU) | 0x40U);
    uuid.bytes_[8] = static_cast<std::uint8_t>((uuid.bytes_[8] & 0x3fU) | 0x80U);
    return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (text[i] == '-')) return std::nullopt;
        if (!dash) digits += text[i];
    }
    const auto bytes = from_hex(digits);
    if (!bytes) return std::nullopt;
    Uuid uuid;
    std::ranges::copy(*bytes, uuid.bytes_.begin());
    return uuid;
}

std::string Uuid::to_string() const {
    auto text = to_hex(bytes());
    for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, 1, '-');
    return text;
}

std::string Uuid::short_name() const {
    // The fixed version bits lie in bytes 6 and 8; the last seven bytes are all chance.
    return to_base32(bytes().substr(9)).substr(0, 10);
}

}  // namespace base
