// SPDX-License-Identifier: Apache-2.0
#include "pg/quoting.h"

#include <stdexcept>

namespace pg {

namespace {
// Between quotes, and those inside doubled.
std::string quoted(std::string_view text, char quote) {
    if (text.find('\0') != std::string_view::npos) {
        throw std::logic_error("a NUL in a name or text for SQL");
    }
    std::string out;
    out.reserve(text.size() + 2);
    out += quote;
    for (;;) {
        const auto end = text.find(quote);
        out += text.substr(0, end);
        out += quote;
        if (end == std::string_view::npos) return out;
        out += quote;
        text.remove_prefix(end + 1);
    }
}
}  // namespace

std::string identifier(std::string_view name) { return quoted(name, '"'); }

std::string literal(std::string_view text) {
    const auto plain = quoted(text, '\'');
    if (plain.find('\\') == std::string::npos) return plain;
    std::string escaped = " E";
    for (const char c : plain) {
        if (c == '\\') escaped += c;
        escaped += c;
    }
    return escaped;
}

}  // namespace pg
