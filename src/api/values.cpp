// SPDX-License-Identifier: Apache-2.0
#include "api/values.h"

#include <boost/json/object.hpp>

#include "base/duration.h"

namespace api {

namespace json = boost::json;

json::value or_null(std::string_view text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}
json::value or_null(const std::optional<environment::Time>& time) {
    return time ? json::value(base::format_time(*time)) : json::value(nullptr);
}
json::value or_null(const std::optional<int>& number) {
    return number ? json::value(*number) : json::value(nullptr);
}
json::value or_null(const std::optional<std::int64_t>& number) {
    return number ? json::value(*number) : json::value(nullptr);
}

json::array to_array(const std::vector<environment::Step>& steps) {
    json::array list;
    for (const auto& step : steps) {
        list.emplace_back(
            json::object{{"step", environment::to_text(step.kind)}, {"reason", step.reason}});
    }
    return list;
}

}  // namespace api
