// SPDX-License-Identifier: Apache-2.0
#include "environment/obstacle.h"

#include <fmt/format.h>

#include "base/duration.h"

namespace environment {

std::string describe(const Obstacle& obstacle) {
    const auto since =
        obstacle.since ? fmt::format(", since {}", base::format_time(*obstacle.since)) : "";
    const auto remedy =
        obstacle.remedy.empty()
            ? std::string()
            : fmt::format("; a superuser, or whoever owns it, can end that: {}", obstacle.remedy);
    switch (obstacle.weight) {
        case Obstacle::Weight::goes_along:
            return fmt::format("would go along: {}{}", obstacle.what, since);
        case Obstacle::Weight::holds_database:
            return fmt::format("would hold the database: {}{}{}", obstacle.what, since, remedy);
        case Obstacle::Weight::pins_role:
            return fmt::format("would keep the role, without login, until it is gone: {}{}{}",
                               obstacle.what, since, remedy);
    }
    return {};
}

}  // namespace environment
