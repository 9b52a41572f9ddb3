// SPDX-License-Identifier: Apache-2.0
//
// The options of every verb, for CLI11.
#pragma once

#include <string_view>

#include "app/cli/arguments.h"
#include "app/cli/verbs.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's own
class App;
}

namespace cli {

// True for an option that every verb takes, and that has a value.
bool is_setting_flag(std::string_view word);

// What every verb takes, and what this one does besides. Both keep references to `arguments`.
void add_common_options(CLI::App& app, const Verb& verb, Arguments& arguments);
void add_own_options(CLI::App& app, const Verb& verb, Arguments& arguments);

}  // namespace cli
