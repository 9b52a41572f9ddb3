// SPDX-License-Identifier: Apache-2.0
#include "base/variables.h"

#include <unistd.h>

#include <string_view>

namespace base {

Variables own_variables() {
    Variables variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) continue;
        variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return variables;
}

std::optional<std::string> find_variable(const Variables& variables, const std::string& name) {
    const auto found = variables.find(name);
    if (found == variables.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

}  // namespace base
