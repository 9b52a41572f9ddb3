// SPDX-License-Identifier: Apache-2.0
//
// The values that JSON of more than one kind has. Internal to this room.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "environment/plan.h"

namespace api {

// null for what is empty or not known.
boost::json::value or_null(std::string_view text);
boost::json::value or_null(const std::optional<environment::Time>& time);
boost::json::value or_null(const std::optional<int>& number);
boost::json::value or_null(const std::optional<std::int64_t>& number);

boost::json::array to_array(const std::vector<environment::Step>& steps);

}  // namespace api
