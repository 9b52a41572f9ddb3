// SPDX-License-Identifier: Apache-2.0
#include "server/kept_policy.h"

#include "server/row_reading.h"

namespace server {

base::Result<environment::Policy> KeptPolicy::read(const environment::Project& project,
                                                   const pg::Rows& rows) {
    if (project.text() == project_ && is_of(rows)) return policy_;
    auto read = read_policy(rows);
    BASE_TRY_ASSIGN(auto policy, environment::Policy::read(project, read));
    project_ = project.text();
    rows_ = std::move(read);
    policy_ = std::move(policy);
    return policy_;
}

bool KeptPolicy::is_of(const pg::Rows& rows) const {
    if (static_cast<std::size_t>(rows.size()) != rows_.size()) return false;
    for (int i = 0; i < rows.size(); ++i) {
        const auto row = rows[i];
        const auto& known = rows_[static_cast<std::size_t>(i)];
        if (row.value("project") != known.project || row.value("key") != known.key ||
            row.value("value") != known.value) {
            return false;
        }
    }
    return true;
}

}  // namespace server
