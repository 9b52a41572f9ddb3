// SPDX-License-Identifier: Apache-2.0
#include "base/words.h"

#include <fmt/format.h>

#include <cstdint>

namespace base {

namespace {

std::string on_one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        const bool blank = c == '\n' || c == '\t' || c == ' ';
        if (blank && line.ends_with(' ')) continue;
        line += blank ? ' ' : c;
    }
    return line;
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

// The number of bytes of the character that `text` begins with, and its code; 0 where it is no
// UTF-8.
std::pair<std::size_t, std::uint32_t> first_character(std::string_view text) {
    constexpr std::uint32_t k_last_character = 0x10ffff;
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80U) return {1, lead};
    if (lead < 0xc2U || lead > 0xf4U) return {0, 0};
    const std::size_t size = lead < 0xe0U ? 2 : lead < 0xf0U ? 3 : 4;
    if (text.size() < size) return {0, 0};
    std::uint32_t code = lead & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if (!continues(text[i])) return {0, 0};
        code = (code << 6U) | (static_cast<unsigned char>(text[i]) & 0x3fU);
    }
    const bool overlong = (size == 3 && code < 0x800U) || (size == 4 && code < 0x10000U);
    const bool surrogate = code >= 0xd800U && code < 0xe000U;
    if (overlong || surrogate || code > k_last_character) return {0, 0};
    return {size, code};
}

bool is_harmless(std::uint32_t code) {
    if (code == '\n' || code == '\t') return true;
    const bool controls = code < 0x20U || (code >= 0x7fU && code < 0xa0U);
    const bool breaks = code == 0x2028U || code == 0x2029U;
    const bool turns = code == 0x61cU || code == 0x200eU || code == 0x200fU ||
                       (code >= 0x202aU && code <= 0x202eU) || (code >= 0x2066U && code <= 0x2069U);
    return !controls && !breaks && !turns;
}

}  // namespace

std::string without_passwords(std::string_view text) {
    std::string shown;
    for (;;) {
        const auto scheme = text.find("://");
        if (scheme == std::string_view::npos) return shown + std::string(text);
        shown += text.substr(0, scheme + 3);
        text.remove_prefix(scheme + 3);
        const auto url = text.substr(0, text.find_first_of(" \t\n'\""));
        const auto end = url.rfind('@');
        const auto colon = url.find(':');
        if (end == std::string_view::npos || colon > end) continue;
        shown += text.substr(0, colon);
        shown += ":…";
        text.remove_prefix(end);
    }
}

std::string presentable(std::string_view text) { return without_passwords(on_one_line(text)); }

std::string harmless(std::string_view text) {
    std::string shown;
    while (!text.empty()) {
        const auto [size, code] = first_character(text);
        if (size > 0 && is_harmless(code)) {
            shown += text.substr(0, size);
        } else {
            shown += '?';
        }
        text.remove_prefix(size > 0 ? size : 1);
    }
    return shown;
}

std::string harmless_line(std::string_view text) { return on_one_line(harmless(text)); }

std::string json_escaped(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto [size, code] = first_character(text);
        if (size == 0) {
            out += "\\ufffd";
        } else if (code == '"' || code == '\\') {
            out += '\\';
            out += text.front();
        } else if (code < 0x20U || !is_harmless(code)) {
            out += fmt::format("\\u{:04x}", code);
        } else {
            out += text.substr(0, size);
        }
        text.remove_prefix(size > 0 ? size : 1);
    }
    return out;
}

std::string beginning_of(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string(text);
    while (most > 0 && continues(text[most])) --most;
    return std::string(text.substr(0, most)) + "…";
}

}  // namespace base
