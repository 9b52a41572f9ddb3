// SPDX-License-Identifier: Apache-2.0
#include "environment/server.h"

namespace environment {

std::string Credentials::building_stamp() const {
    auto unnamed = stamp;
    unnamed.sealed_name.clear();
    return unnamed.to_text();
}

std::string Credentials::role_stamp() const {
    return environment::role_stamp(stamp.installation, stamp.role);
}

std::string Credentials::stamp_prefix() const {
    return DatabaseStamp::prefix(stamp.installation, stamp.instance);
}

std::string Credentials::leaving_prefix() const {
    return DatabaseStamp::prefix(stamp.installation, leaving);
}

}  // namespace environment
