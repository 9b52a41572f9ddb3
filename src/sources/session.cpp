// SPDX-License-Identifier: Apache-2.0
#include "sources/session.h"

namespace sources {

pg::ConnectionInfo session_of(const pg::ConnectionInfo& login, const std::string& options) {
    auto session = login;
    if (session.get("client_encoding").empty()) session = session.with("client_encoding", "UTF8");
    std::string all(session.get("options"));
    if (all.empty()) all = "-c client_connection_check_interval=2s";
    if (!options.empty()) all += " " + options;
    return session.with("options", all);
}

}  // namespace sources
