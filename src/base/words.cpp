// SPDX-License-Identifier: Apache-2.0
#include "base/words.h"

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

}  // namespace base
