// SPDX-License-Identifier: Apache-2.0
//
// The files of /etc and DNS, and nothing else that /etc/nsswitch.conf may name: whatever else there
// is would be loaded from the system, where it belongs to another C library than the one in the
// program.
#include <nss.h>

#include <initializer_list>

namespace {

[[gnu::constructor]] void keep_to_what_is_linked() {
    __nss_configure_lookup("hosts", "files dns");
    for (const auto* database : {"passwd", "group", "initgroups", "services", "protocols"}) {
        __nss_configure_lookup(database, "files");
    }
}

}  // namespace
