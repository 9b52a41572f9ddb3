// SPDX-License-Identifier: Apache-2.0
#include "branches/link_header.h"

#include "base/text.h"

namespace branches {

namespace {

constexpr auto k_none = std::string_view::npos;

// Takes one parameter, `; name=value` or `; name="value"`, from the front; false where there is
// none.
bool take_parameter(std::string_view& text, std::string& name, std::string& value) {
    const auto start = text.find_first_not_of(" \t");
    if (start == k_none || text[start] != ';') return false;
    text.remove_prefix(start + 1);
    const auto end = std::min(text.find_first_of("=;,"), text.size());
    name = base::lower(base::trimmed(text.substr(0, end)));
    value.clear();
    text.remove_prefix(end);
    if (!text.starts_with('=')) return true;
    text.remove_prefix(1);
    if (text.starts_with('"')) {
        const auto close = text.find('"', 1);
        value = std::string(text.substr(1, close == k_none ? k_none : close - 1));
        text.remove_prefix(close == k_none ? text.size() : close + 1);
    } else {
        const auto stop = std::min(text.find_first_of(";,"), text.size());
        value = base::trimmed(text.substr(0, stop));
        text.remove_prefix(stop);
    }
    return true;
}

// A relation may be several, with blanks between them.
bool is_next(std::string_view relations) {
    for (;;) {
        const auto end = relations.find(' ');
        if (base::lower(relations.substr(0, end)) == "next") return true;
        if (end == k_none) return false;
        relations.remove_prefix(end + 1);
    }
}

}  // namespace

std::optional<std::string> next_link(std::string_view header) {
    for (;;) {
        const auto open = header.find('<');
        if (open == k_none) return std::nullopt;
        const auto close = header.find('>', open);
        if (close == k_none) return std::nullopt;
        const auto target = header.substr(open + 1, close - open - 1);
        header.remove_prefix(close + 1);
        std::string name;
        std::string value;
        bool next = false;
        bool told = false;  // only the first one counts
        while (take_parameter(header, name, value)) {
            if (name != "rel" || told) continue;
            told = true;
            next = is_next(value);
        }
        if (next) return std::string(target);
    }
}

}  // namespace branches
