// SPDX-License-Identifier: Apache-2.0
//
// TCP ports of this machine's loopback address, for servers of ours.
#pragma once

#include "base/result.h"

namespace local {

// Whether nobody listens on `port` of 127.0.0.1 at this moment.
bool port_is_free(int port);

// A free port outside the range that the system gives to outgoing connections, so that it is likely
// to be free later too. Fails overloaded when there seems to be none.
base::Result<int> choose_port();

}  // namespace local
