// SPDX-License-Identifier: Apache-2.0
//
// The environment variables as a value, so that whoever reads them can be given others.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace base {

using Variables = std::map<std::string, std::string>;

// Those of this process. Not to be called while another thread changes them.
Variables own_variables();

// The value of one that is set and not empty.
std::optional<std::string> find_variable(const Variables& variables, const std::string& name);

}  // namespace base
