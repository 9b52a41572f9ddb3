// SPDX-License-Identifier: Apache-2.0
//
// Host names to addresses, without waiting longer than the caller wants: libpq's own look-up blocks
// in getaddrinfo for as long as the resolver likes.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "pg/connection_info.h"

namespace pg {

// `info` with every host name replaced by all of its addresses (as hostaddr, the names kept for
// TLS), in the order of the resolver. Fails `unavailable` when a name has none, `deadline` when the
// resolver is slower; it is then left behind on a thread of its own.
base::Result<ConnectionInfo> resolve(const ConnectionInfo& info, base::Deadline deadline);

}  // namespace pg
