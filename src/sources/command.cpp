// SPDX-License-Identifier: Apache-2.0
#include "sources/command.h"

#include <fmt/format.h>

#include "base/child.h"
#include "base/words.h"

namespace sources {

std::string presentable(const std::string& command) {
    constexpr std::size_t k_most = 200;
    return base::harmless(base::beginning_of(base::presentable(command), k_most));
}

base::Result<void> run_command(const std::string& command,
                               const std::map<std::string, std::string>& variables,
                               base::Deadline deadline) {
    const base::Command shell{.arguments = {"/bin/sh", "-c", command},
                              .environment = variables,
                              .inherits = base::Environment::application};
    BASE_TRY_ASSIGN(auto child, base::Child::start(shell, base::Wiring::loud));
    auto code = child.finish(deadline);
    const auto name = fmt::format("--run '{}'", presentable(command));
    if (!code) return base::fail(std::move(code).error().during(name));
    if (*code == 0) return {};
    constexpr int k_signals = 128;
    const auto how = *code > k_signals ? fmt::format("was ended by signal {}", *code - k_signals)
                                       : fmt::format("ended with {}", *code);
    return base::fail(base::ErrorKind::invalid_input, fmt::format("{} {}", name, how),
                      "what it printed says why; it ran with DATABASE_URL and PG* set to the new "
                      "database");
}

}  // namespace sources
