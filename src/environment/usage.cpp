// SPDX-License-Identifier: Apache-2.0
#include "environment/usage.h"

namespace environment {

Share all_environments(const Usage& usage) {
    Share all;
    for (const auto& [state, share] : usage.environments) all += share;
    return all;
}

Share leaks_reclaimed(const Usage& usage) {
    Share leaks;
    for (const auto* event : {"swept", "expired"}) {
        const auto found = usage.removed.find(event);
        if (found != usage.removed.end()) leaks += found->second;
    }
    return leaks;
}

}  // namespace environment
