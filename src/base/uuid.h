// SPDX-License-Identifier: Apache-2.0
//
// A 128-bit identifier (RFC 4122, version 4), as a value.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

class Uuid {
   public:
    // The nil identifier, which no object has.
    Uuid() = default;

    static Uuid random();
    // Nothing unless `text` is 8-4-4-4-12 hexadecimal digits.
    static std::optional<Uuid> parse(std::string_view text);

    std::string to_string() const;
    // The sixteen bytes, in network order.
    std::string_view bytes() const {
        return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
    }
    // Ten lower-case base32 characters (50 bits): short enough for a catalog name.
    std::string short_name() const;

    // clang-tidy 14 takes the 0 that a comparison is compared with for a pointer.
    // NOLINTNEXTLINE(modernize-use-nullptr)
    friend auto operator<=>(const Uuid&, const Uuid&) = default;

   private:
    std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace base
