// SPDX-License-Identifier: Apache-2.0
//
// Templates of a size, and copies of them, on the server that is measured. Throws
// std::runtime_error when something fails.
#pragma once

#include <functional>
#include <string>

#include "base/deadline.h"
#include "pg/connection.h"
#include "stand.h"

namespace bench {

// More than any statement that is measured takes.
base::Deadline patience();

double milliseconds_of(const std::function<void()>& deed);

// A session of reviewdb's own kind, acting as the manager.
pg::Connection manager_on(const Stand& stand, const std::string& database = "reviewdb");

// The majors that are measured: 15, and 18 where there is one.
std::vector<int> majors_here();

// A closed template with so much in one table, in the server's own folder or in a tablespace.
void make_template_of_size(const Stand& stand, const std::string& name, int megabytes,
                           const std::string& tablespace = "");

// A closed template with tables of an owner without a login.
void make_template_of_tables(const Stand& stand, const std::string& name, const std::string& owner,
                             int count);

// A copy that its new role, made for it under the same name, has no part in yet.
void make_copy(const Stand& stand, const std::string& original, const std::string& name);

void drop_copy(const Stand& stand, const std::string& name);

}  // namespace bench
