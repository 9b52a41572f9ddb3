// SPDX-License-Identifier: Apache-2.0
//
// What these programs are, for --version and for history.
#pragma once

#include <string>

namespace base {

// "0.1.0"
std::string program_version();
// Twelve digits of the commit that it was built from; empty where that is not known.
std::string program_commit();

}  // namespace base
