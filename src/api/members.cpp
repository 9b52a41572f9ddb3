// SPDX-License-Identifier: Apache-2.0
#include "api/members.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>

namespace api {

using base::ErrorKind;
using base::Result;

namespace {
tl::unexpected<base::Error> wrong_type(std::string_view key, std::string_view wanted) {
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("the member '{}' of the request is not {}", key, wanted));
}
}  // namespace

Result<Members> Members::parse(std::string_view text) {
    boost::system::error_code problem;
    auto value = boost::json::parse(text, problem);
    if (!problem && value.is_object()) return Members(std::move(value.as_object()));
    return base::fail(ErrorKind::invalid_input, "the request is not a JSON object");
}

const boost::json::value* Members::take(std::string_view key) {
    taken_.emplace(key);
    const auto* value = object_.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
}

Result<std::optional<std::string>> Members::text(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr) return std::optional<std::string>();
    if (!value->is_string()) return wrong_type(key, "a text");
    return std::optional(std::string(value->get_string()));
}

Result<std::optional<int>> Members::number(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr) return std::optional<int>();
    boost::system::error_code problem;
    const auto number = value->to_number<int>(problem);
    if (problem) return wrong_type(key, "a whole number");
    return std::optional(number);
}

Result<bool> Members::flag(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr) return false;
    if (!value->is_bool()) return wrong_type(key, "true or false");
    return value->get_bool();
}

Result<std::map<std::string, std::string>> Members::texts(std::string_view key) {
    std::map<std::string, std::string> texts;
    const auto* value = take(key);
    if (value == nullptr) return texts;
    if (!value->is_object()) return wrong_type(key, "an object of texts");
    for (const auto& [name, one] : value->get_object()) {
        if (!one.is_string()) return wrong_type(key, "an object of texts");
        texts.emplace(name, one.get_string());
    }
    return texts;
}

Result<std::optional<std::vector<std::string>>> Members::list(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr) return std::optional<std::vector<std::string>>();
    if (!value->is_array()) return wrong_type(key, "a list of texts");
    std::vector<std::string> list;
    for (const auto& one : value->get_array()) {
        if (!one.is_string()) return wrong_type(key, "a list of texts");
        list.emplace_back(one.get_string());
    }
    return std::optional(std::move(list));
}

Result<std::optional<std::vector<int>>> Members::numbers(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr) return std::optional<std::vector<int>>();
    if (!value->is_array()) return wrong_type(key, "a list of whole numbers");
    std::vector<int> numbers;
    for (const auto& one : value->get_array()) {
        boost::system::error_code problem;
        numbers.push_back(one.to_number<int>(problem));
        if (problem) return wrong_type(key, "a list of whole numbers");
    }
    return std::optional(std::move(numbers));
}

Result<void> Members::nothing_else() const {
    for (const auto& [key, value] : object_) {
        if (taken_.contains(std::string_view(key))) continue;
        return base::fail(ErrorKind::invalid_input,
                          fmt::format("the request has a member '{}' that this operation does not "
                                      "take",
                                      std::string_view(key)));
    }
    return {};
}

}  // namespace api
