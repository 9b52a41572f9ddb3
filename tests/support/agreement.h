// SPDX-License-Identifier: Apache-2.0
//
// Whether the registry and the server agree on what is built ahead, and on what was made of it.
#pragma once

#include <string>

#include "pg/connection_info.h"

namespace support {

// What of the two does not agree, or waits for somebody, while nobody is at work; one per line.
// `control` is a superuser in the control database.
std::string disagreement(const pg::ConnectionInfo& control, const std::string& project);

}  // namespace support
