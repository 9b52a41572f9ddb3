// SPDX-License-Identifier: Apache-2.0
#include "base/size.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace base {

namespace {
constexpr std::int64_t k_mega = 1024LL * 1024;
constexpr std::array<std::pair<std::string_view, std::int64_t>, 3> k_sizes{
    {{"MB", k_mega}, {"GB", k_mega * 1024}, {"TB", k_mega * 1024 * 1024}}};
constexpr std::int64_t k_most = 1'000'000;
}  // namespace

Result<std::int64_t> parse_size(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const auto& [name, bytes] : k_sizes) {
        const bool fits = problem == std::errc() && number > 0 && number <= k_most;
        if (fits && unit == name) return number * bytes;
    }
    return fail(ErrorKind::invalid_input, fmt::format("'{}' is not a size", text),
                "a number and one of MB, GB, TB, as in 500MB");
}

std::string describe_size(std::int64_t bytes) {
    std::string text;
    for (const auto& [name, size] : k_sizes) {
        if (text.empty() || bytes >= size) {
            text = fmt::format("{:.1f} {}", static_cast<double>(bytes) / static_cast<double>(size),
                               name);
        }
    }
    return text;
}

}  // namespace base
