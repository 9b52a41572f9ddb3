// SPDX-License-Identifier: Apache-2.0
//
// What one --from names: a path, standard input, or a database by a connection string. No message
// from here quotes a connection string.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "pg/connection_info.h"

namespace sources {

enum class AddressKind { path, standard_input, database };

// Fails invalid_input for what is neither, with a way to take it: a web address, a JDBC URL, a
// database of another kind, a folder of the shell's that was not expanded.
base::Result<AddressKind> kind_of_address(const std::string& from);

// The settings of a connection string. Fails invalid_input, with the name of a parameter that libpq
// does not know, and for a database whose name is a connection string itself.
base::Result<pg::ConnectionInfo> parse_database(const std::string& from);

// "postgresql://host:5432/shop", without login and parameters.
std::string describe_database(const pg::ConnectionInfo& source);

// A failure of the database that `source` leads to, told as the source's.
base::Error error_of_source(const pg::ConnectionInfo& source, base::Error error);

}  // namespace sources
