// SPDX-License-Identifier: Apache-2.0
#include "app/cli/question.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "app/cli/print.h"

namespace cli {

bool someone_can_answer() { return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1; }

bool says_yes(std::string_view question) {
    print_notice(fmt::format("{} [y/N]", question));
    std::string line;
    for (int c = getchar(); c != EOF && c != '\n'; c = getchar()) line += static_cast<char>(c);
    constexpr std::array<std::string_view, 5> k_yes{"y", "Y", "yes", "Yes", "YES"};
    if (std::ranges::find(k_yes, line) != k_yes.end()) return true;
    print_notice("reviewdb: nothing was changed");
    return false;
}

}  // namespace cli
