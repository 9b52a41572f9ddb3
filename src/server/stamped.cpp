// SPDX-License-Identifier: Apache-2.0
#include "server/stamped.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "environment/stamp.h"
#include "server/session.h"

namespace server {

namespace {

using base::ErrorKind;
using base::Result;

// What the manager owns, but for what init makes. Others may write any comment on their databases.
constexpr std::string_view k_managers = R"(
SELECT d.datname, shobj_description(d.oid, 'pg_database') AS comment
FROM pg_database d JOIN pg_roles m ON m.oid = d.datdba
WHERE m.rolname = $1 AND d.datname NOT IN ($2, $3)
    AND shobj_description(d.oid, 'pg_database') IS NOT NULL ORDER BY d.datname)";

// The names of databases by the installation of their stamps.
using Found = std::map<base::Uuid, std::vector<std::string>>;

Result<Found> find_stamped(pg::Connection& session, base::Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows,
                    session.run({std::string(k_managers),
                                 {std::string(k_manager), std::string(k_control_database),
                                  std::string(k_empty_template)}},
                                deadline));
    Found found;
    for (int i = 0; i < rows.size(); ++i) {
        const auto stamp = environment::DatabaseStamp::parse(rows[i].text("comment"));
        if (stamp) found[stamp->installation].push_back(rows[i].text("datname"));
    }
    return found;
}

std::string names_of(const std::vector<std::string>& databases) {
    constexpr std::size_t k_most = 20;
    std::string text;
    for (std::size_t i = 0; i < databases.size() && i < k_most; ++i) {
        text += (i == 0 ? "" : ", ") + databases[i];
    }
    if (databases.size() > k_most) text += fmt::format(" and {} more", databases.size() - k_most);
    return text;
}

std::string description_of(const Found& found) {
    std::string text;
    for (const auto& [installation, databases] : found) {
        text += fmt::format("{}{} of the installation {} ({})", text.empty() ? "" : "; ",
                            databases.size(), installation.to_string(), names_of(databases));
    }
    return text;
}

}  // namespace

Result<std::optional<base::Uuid>> installation_to_make(pg::Connection& session, Stamped wanted,
                                                       base::Deadline deadline) {
    using Installation = std::optional<base::Uuid>;
    if (wanted == Stamped::leave) return Installation();
    BASE_TRY_ASSIGN(const auto found, find_stamped(session, deadline));
    if (found.empty()) return Installation();
    if (wanted == Stamped::adopt && found.size() == 1) return Installation(found.begin()->first);
    return base::fail(
        ErrorKind::conflict,
        fmt::format("the registry of this server is gone, but its databases are there: {}; "
                    "nothing was changed",
                    description_of(found)),
        wanted == Stamped::adopt
            ? "a registry is for one installation: rename or drop the databases of the others by "
              "hand, or leave all as they are: reviewdb init --beside"
            : "restore a backup of the database reviewdb; or adopt the databases: reviewdb init "
              "--adopt; or leave them as they are: reviewdb init --beside");
}

}  // namespace server
