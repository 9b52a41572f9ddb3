// SPDX-License-Identifier: Apache-2.0
#include "pg/quoting.h"

#include <stdexcept>

namespace pg {

namespace {
std::string doubled(std::string_view text, char quote) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (c == '\0') throw std::logic_error("a NUL in a name or text for SQL");
        if (c == quote) out += quote;
        out += c;
    }
    return out;
}
}  // namespace

std::string identifier(std::string_view name) { return '"' + doubled(name, '"') + '"'; }

std::string literal(std::string_view text) {
    if (text.find('\\') == std::string_view::npos) return "'" + doubled(text, '\'') + "'";
    std::string escaped;
    for (const char c : doubled(text, '\'')) {
        if (c == '\\') escaped += c;
        escaped += c;
    }
    return " E'" + escaped + "'";
}

}  // namespace pg
