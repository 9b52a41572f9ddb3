// SPDX-License-Identifier: Apache-2.0
#include "branches/git_safety.h"

#include <fmt/format.h>

#include "base/inheritance.h"

namespace branches {

using base::Variables;

void configure(Variables& variables, const std::string& key, const std::string& value) {
    const auto count = base::find_variable(variables, "GIT_CONFIG_COUNT").value_or("0");
    const bool valid =
        count.size() < 4 && count.find_first_not_of("0123456789") == std::string::npos;
    const int next = valid ? std::stoi(count) : 0;
    variables[fmt::format("GIT_CONFIG_KEY_{}", next)] = key;
    variables[fmt::format("GIT_CONFIG_VALUE_{}", next)] = value;
    variables["GIT_CONFIG_COUNT"] = std::to_string(next + 1);
}

Variables for_reading(Variables variables) {
    variables = base::inherited(std::move(variables), base::Environment::tool);
    // What makes git talkative.
    std::erase_if(variables, [](const auto& one) {
        return one.first.starts_with("GIT_TRACE") || one.first == "GIT_CURL_VERBOSE";
    });
    variables["GIT_TERMINAL_PROMPT"] = "0";
    variables["GIT_ASKPASS"] = "";  // and none of those that are looked for without it
    variables["SSH_ASKPASS_REQUIRE"] = "never";
    variables["GCM_INTERACTIVE"] = "never";
    variables["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh";
    variables["GIT_OPTIONAL_LOCKS"] = "0";
    variables["LC_ALL"] = "C";
    configure(variables, "safe.bareRepository", "explicit");
    configure(variables, "core.fsmonitor", "false");
    configure(variables, "core.hooksPath", "/dev/null");
    configure(variables, "core.pager", "cat");
    return variables;
}

Variables for_contact(Variables variables) {
    variables = for_reading(std::move(variables));
    for (const auto* name : {"GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_CONFIG"}) {
        variables.erase(name);
    }
    variables["GIT_DIR"] = "/dev/null";
    return variables;
}

}  // namespace branches
