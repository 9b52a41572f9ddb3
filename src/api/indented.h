// SPDX-License-Identifier: Apache-2.0
//
// JSON for eyes as well as programs: two spaces a level, a newline at the end.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace api {

std::string indented(const boost::json::value& value);

}  // namespace api
