// SPDX-License-Identifier: Apache-2.0
#include "app/cli/confirm.h"

#include <unistd.h>

#include <cstdio>

#include "app/cli/print.h"

namespace cli {

bool needs_no_question(const Session& session) {
    const bool someone = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
    return !someone || session.arguments().yes;
}

bool confirm(const std::string& shown, const std::string& question) {
    print_notice(shown + question + " [y/N]");
    std::string line;
    for (int c = getchar(); c != EOF && c != '\n'; c = getchar()) line += static_cast<char>(c);
    if (line == "y" || line == "Y" || line == "yes" || line == "Yes" || line == "YES") return true;
    print_notice("reviewdb: nothing was changed");
    return false;
}

}  // namespace cli
