// SPDX-License-Identifier: Apache-2.0
#include "sources/command.h"

#include <fmt/format.h>

#include <array>

#include "base/child.h"
#include "base/variables.h"
#include "base/words.h"

namespace sources {

namespace {

// Ours that would win over or mix with what the command is given, or that are not for it.
constexpr std::array k_not_for_commands{
    "PGHOSTADDR",       "PGSERVICE", "PGSERVICEFILE", "PGOPTIONS",    "PGPASSFILE",
    "PGSSLROOTCERT",    "PGSSLCERT", "PGSSLKEY",      "PGREQUIRESSL", "PGTARGETSESSIONATTRS",
    "PGCHANNELBINDING", "PGSSLMODE", "PGSSLCRL",      "PGGSSENCMODE", "REVIEWDB_SERVER"};

std::map<std::string, std::string> environment_for(
    const std::map<std::string, std::string>& variables) {
    auto environment = base::own_variables();
    for (const auto* name : k_not_for_commands) environment.erase(name);
    // REVIEWDB_KEY, and that of every number.
    std::erase_if(environment,
                  [](const auto& one) { return one.first.starts_with("REVIEWDB_KEY"); });
    for (const auto& [name, value] : variables) environment[name] = value;
    return environment;
}

}  // namespace

std::string presentable(const std::string& command) {
    constexpr std::size_t k_most = 200;
    return base::harmless(base::beginning_of(base::presentable(command), k_most));
}

base::Result<void> run_command(const std::string& command,
                               const std::map<std::string, std::string>& variables,
                               base::Deadline deadline) {
    const base::Command shell{.arguments = {"/bin/sh", "-c", command},
                              .environment = environment_for(variables),
                              .inherits = base::Environment::bare};
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
