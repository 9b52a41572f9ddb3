// SPDX-License-Identifier: Apache-2.0
#include "base/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/text.h"

namespace base {

namespace {

// What the names of parameters end with whose values are secrets.
constexpr std::array<std::string_view, 10> k_secret_keys{
    "password",  "passwd",     "pwd",    "passphrase", "secret",
    "signature", "credential", "apikey", "api_key",    "token"};

bool is_word(char c) { return is_alphanumeric(c) || c == '_' || c == '-'; }

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

// The password of a URL: from `colon` on, up to `end`.
struct Login {
    std::size_t colon;
    std::size_t end;
};

// Of the URL whose part behind "://" `text` begins with. A password that is not encoded may hold
// blanks and quotes.
std::optional<Login> login_of(std::string_view text) {
    constexpr auto k_nowhere = std::string_view::npos;
    const auto url = text.substr(0, text.find_first_of(" \t\n'\""));
    const auto address_end = url.starts_with('[') ? url.find(']') : 0;
    const auto colon = url.find(':', address_end == k_nowhere ? 0 : address_end);
    if (colon == k_nowhere) return std::nullopt;
    if (const auto at = url.rfind('@'); at != k_nowhere) {
        return colon < at ? std::optional(Login{colon, at}) : std::nullopt;
    }
    // A port is followed by nothing, a path or a query.
    const auto behind = url.find_first_not_of("0123456789", colon + 1);
    const bool port =
        behind == k_nowhere ? url.size() > colon + 1 : behind > colon + 1 && !is_word(url[behind]);
    if (port || url.find('/') < colon) return std::nullopt;
    const auto at = text.substr(0, text.find("://")).find('@');
    return Login{colon, at == k_nowhere ? url.size() : at};
}

bool is_secret_key(std::string_view key) {
    // libpq decodes the names of a URL's parameters, too.
    if (key.find('%') != std::string_view::npos) return true;
    const auto name = lower(key);
    return std::ranges::any_of(k_secret_keys, [&](auto end) { return name.ends_with(end); });
}

// Where the value that `text` begins with ends: in quotes, or before a blank, a quote or the next
// parameter.
std::size_t end_of_value(std::string_view text) {
    const char quote = text.starts_with('\'') || text.starts_with('"') ? text.front() : '\0';
    for (std::size_t at = quote == '\0' ? 0 : 1; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\\') {
            ++at;
        } else if (quote != '\0' && c == quote) {
            return at + 1;
        } else if (quote == '\0' &&
                   std::string_view(" \t\n'\"&;,)").find(c) != std::string_view::npos) {
            return at;
        }
    }
    return text.size();
}

// password=… of a connection string, a query or a variable.
std::string without_secret_values(std::string_view text) {
    std::string shown;
    for (auto equals = text.find('='); equals != std::string_view::npos; equals = text.find('=')) {
        const auto key_end = text.find_last_not_of(" \t", equals == 0 ? 0 : equals - 1) + 1;
        auto key = key_end;
        while (key > 0 && (is_word(text[key - 1]) || text[key - 1] == '%')) --key;
        shown += text.substr(0, equals + 1);
        const bool secret = equals > 0 && is_secret_key(text.substr(key, key_end - key));
        text.remove_prefix(equals + 1);
        if (!secret) continue;
        const auto value = std::min(text.find_first_not_of(" \t"), text.size());
        shown += text.substr(0, value);
        text.remove_prefix(value);
        const auto end = end_of_value(text);
        if (end > 0) shown += "…";
        text.remove_prefix(end);
    }
    return shown + std::string(text);
}

}  // namespace

std::string without_passwords(std::string_view text) {
    std::string shown;
    for (;;) {
        const auto scheme = text.find("://");
        if (scheme == std::string_view::npos) break;
        shown += text.substr(0, scheme + 3);
        text.remove_prefix(scheme + 3);
        const auto login = login_of(text);
        if (!login) continue;
        shown += text.substr(0, login->colon);
        shown += ":…";
        text.remove_prefix(login->end);
    }
    return without_secret_values(shown + std::string(text));
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

std::string harmless_line(std::string_view text) {
    auto line = harmless(text);
    // Blanks stay as they are: they may align columns.
    std::ranges::replace_if(
        line, [](char c) { return c == '\n' || c == '\t'; }, ' ');
    return line;
}

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
