// SPDX-License-Identifier: Apache-2.0
#include "aws/placeholder.h"

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "environment/secret_value.h"

namespace aws {

namespace {
constexpr std::array k_ours{"engine", "host", "port", "username", "password",
                            "dbname", "ssl",  "url",  "reviewdb"};
}

base::Secret emptied(const base::Secret& value) {
    boost::system::error_code problem;
    auto parsed = boost::json::parse(value.reveal(), problem);
    boost::json::object object;
    if (!problem && parsed.is_object()) object = std::move(parsed.as_object());
    for (const auto* key : k_ours) object.erase(key);
    object["username"] = "placeholder";
    return base::Secret(boost::json::serialize(object));
}

bool says_ours(const base::Secret& value) {
    return environment::owner_of_secret(value).has_value();
}

}  // namespace aws
