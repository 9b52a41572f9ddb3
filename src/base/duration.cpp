// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>

namespace base {

namespace {

using std::chrono::seconds;

struct Unit {
    char letter;
    seconds size;
};
constexpr std::array<Unit, 5> k_units{{{'w', std::chrono::weeks(1)},
                                       {'d', std::chrono::days(1)},
                                       {'h', std::chrono::hours(1)},
                                       {'m', std::chrono::minutes(1)},
                                       {'s', seconds(1)}}};
constexpr seconds k_longest = std::chrono::days(3650);

tl::unexpected<Error> not_a_duration(std::string_view text) {
    return fail(ErrorKind::invalid_input, fmt::format("'{}' is not a duration", text),
                "write a whole number and a unit, between 1s and 3650d: 90s, 30m, 72h, 7d, 2w");
}

}  // namespace

Result<seconds> parse_duration(std::string_view text) {
    std::int64_t count = 0;
    const auto* end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(text.data(), end, count);
    if (problem != std::errc() || rest + 1 != end || count <= 0) return not_a_duration(text);
    for (const auto& unit : k_units) {
        if (unit.letter != *rest) continue;
        if (count > k_longest / unit.size) return not_a_duration(text);
        return count * unit.size;
    }
    return not_a_duration(text);
}

std::string format_duration(seconds time) {
    for (const auto& unit : k_units) {
        // Weeks are read, not written: "30d" says more than "4w" and a rest.
        if (unit.letter == 'w') continue;
        if (time % unit.size == seconds::zero()) {
            return fmt::format("{}{}", time / unit.size, unit.letter);
        }
    }
    return fmt::format("{}s", time.count());
}

std::string describe_duration(seconds time) {
    if (time < seconds::zero()) return fmt::format("-{}", describe_duration(-time));
    std::string text;
    int shown = 0;
    for (const auto& unit : k_units) {
        if (unit.letter == 'w') continue;
        const auto count = time / unit.size;
        time -= count * unit.size;
        if (count == 0 && (shown == 0 && unit.letter != 's')) continue;
        if (count == 0 && shown > 0) break;
        text += fmt::format("{}{}{}", shown > 0 ? " " : "", count, unit.letter);
        if (++shown == 2) break;
    }
    return text;
}

std::string format_time(std::chrono::system_clock::time_point time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::floor<seconds>(time)));
}

std::optional<std::chrono::system_clock::time_point> parse_time(const std::string& text) {
    std::tm parts{};
    const auto* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == nullptr) return std::nullopt;
    std::chrono::microseconds fraction(0);
    if (*rest == '.') {
        std::chrono::microseconds digit(std::chrono::seconds(1));
        const auto* first = ++rest;
        for (; *rest >= '0' && *rest <= '9'; ++rest) fraction += (*rest - '0') * (digit /= 10);
        if (rest == first) return std::nullopt;
    }
    std::tm zone{};
    long offset = 0;
    if (*rest == '+' || *rest == '-') {
        const auto* end = strptime(rest + 1, "%H:%M", &zone);
        if (end == nullptr || *end != '\0') return std::nullopt;
        offset = (zone.tm_hour * 60L + zone.tm_min) * (*rest == '+' ? 60L : -60L);
    } else if (std::string_view(rest) != "Z") {
        return std::nullopt;
    }
    return std::chrono::system_clock::from_time_t(timegm(&parts) - offset) + fraction;
}

}  // namespace base
