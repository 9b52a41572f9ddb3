// SPDX-License-Identifier: Apache-2.0
#include "aws/ini_file.h"

#include <sstream>

#include "base/text.h"

namespace aws {

namespace {

std::string with_single_blanks(const std::string& text) {
    std::istringstream words(text);
    std::string word;
    std::string result;
    while (words >> word) result += (result.empty() ? "" : " ") + word;
    return result;
}

// A comment behind a value begins with a blank before its sign: a value may contain # and ;.
std::string without_comment(const std::string& value) {
    for (std::size_t at = 1; at < value.size(); ++at) {
        const bool blank = value[at - 1] == ' ' || value[at - 1] == '\t';
        if (blank && (value[at] == '#' || value[at] == ';'))
            return base::trimmed(value.substr(0, at));
    }
    return value;
}

}  // namespace

Sections parse_ini(std::string_view text) {
    Sections sections;
    Section* section = nullptr;
    std::string block;  // the key whose value may be a block
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        const auto content = base::trimmed(line);
        if (content.empty() || content[0] == '#' || content[0] == ';') continue;
        if (content[0] == '[') {
            const auto end = content.find(']');
            section = nullptr;
            if (end != std::string::npos) {
                section = &sections[with_single_blanks(content.substr(1, end - 1))];
            }
            block.clear();
            continue;
        }
        const auto equals = content.find('=');
        if (section == nullptr || equals == std::string::npos) continue;
        const auto key = base::lower(base::trimmed(content.substr(0, equals)));
        const auto value = without_comment(base::trimmed(content.substr(equals + 1)));
        const bool inside = !block.empty() && (line[0] == ' ' || line[0] == '\t');
        if (inside) {
            (*section)[block + "." + key] = value;
        } else {
            (*section)[key] = value;
            block = value.empty() ? key : "";
        }
    }
    return sections;
}

}  // namespace aws
