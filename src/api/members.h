// SPDX-License-Identifier: Apache-2.0
//
// The members of a JSON object that somebody sent, taken one by one: each is the type that it has
// to be, and what nobody took is a mistake of the sender's. Internal to this room.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace api {

class Members {
   public:
    // Fails invalid_input for what is not a JSON object, without quoting it.
    static base::Result<Members> parse(std::string_view text);

    bool has(std::string_view key) const { return object_.contains(key); }

    // Nothing where it is missing or null. Each fails invalid_input for another type.
    base::Result<std::optional<std::string>> text(std::string_view key);
    base::Result<std::optional<int>> number(std::string_view key);
    base::Result<bool> flag(std::string_view key);  // false where it is missing
    base::Result<std::map<std::string, std::string>> texts(std::string_view key);
    base::Result<std::optional<std::vector<std::string>>> list(std::string_view key);
    base::Result<std::optional<std::vector<int>>> numbers(std::string_view key);

    // Fails invalid_input, naming a member that nobody has asked for.
    base::Result<void> nothing_else() const;

   private:
    explicit Members(boost::json::object object) : object_(std::move(object)) {}
    const boost::json::value* take(std::string_view key);

    boost::json::object object_;
    std::set<std::string, std::less<>> taken_;
};

}  // namespace api
