// SPDX-License-Identifier: Apache-2.0
//
// A program that is to be run, and how.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace bench {

struct Program {
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment = {};  // on top of ours
    int exit_code = 0;                                    // when all is well
};

}  // namespace bench
