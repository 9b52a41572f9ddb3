// SPDX-License-Identifier: Apache-2.0
//
// Tables that look as if they held personal data, told by the names of their columns alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "pg/connection_info.h"

namespace sources {

struct PersonalData {
    std::vector<std::string> tables = {};  // "public.users (email, phone)", the first ten by name
    std::uint64_t count = 0;               // of all such tables
    bool has_rows = false;                 // any table has
};

// Of the database that `login` leads to. Only tables with rows count; one whose rows were deleted
// counts until a VACUUM.
base::Result<PersonalData> find_personal_data(const pg::ConnectionInfo& login,
                                              base::Deadline deadline);

// "3 tables look as if they held personal data: …".
std::string to_text(const PersonalData& found);

}  // namespace sources
