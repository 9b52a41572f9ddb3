// SPDX-License-Identifier: Apache-2.0
//
// Members of JSON objects whose shape is expected and not certain. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace branches {

// Nothing where there is no such member, or none of that type.
inline std::optional<std::string> text_in(const boost::json::object& from, std::string_view name) {
    const auto* found = from.if_contains(name);
    if (found == nullptr || !found->is_string()) return std::nullopt;
    return std::string(found->get_string());
}

inline std::optional<std::int64_t> number_in(const boost::json::object& from,
                                             std::string_view name) {
    const auto* found = from.if_contains(name);
    if (found == nullptr || !found->is_int64()) return std::nullopt;
    return found->get_int64();
}

inline const boost::json::object* object_in(const boost::json::object& from,
                                            std::string_view name) {
    const auto* found = from.if_contains(name);
    return found == nullptr ? nullptr : found->if_object();
}

// Counted from 1, and small enough for everybody.
inline std::optional<int> pull_request_number(const boost::json::object& from,
                                              std::string_view name) {
    constexpr std::int64_t k_most = 2'000'000'000;
    const auto number = number_in(from, name);
    if (!number || *number < 1 || *number > k_most) return std::nullopt;
    return static_cast<int>(*number);
}

}  // namespace branches
