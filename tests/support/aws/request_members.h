// SPDX-License-Identifier: Apache-2.0
//
// The members that each action of Secrets Manager takes: their names, types and lengths, as the API
// Reference has them (docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html).
// A member that no action has is refused here, where AWS lets it pass: a client's misspelling is to
// be seen. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace support {

// Whether the stand-in has that action.
bool is_secrets_manager_action(std::string_view action);

// The members in the body of a request for `action`. Throws AwsFailure: SerializationException for
// what is not JSON, not an object, of another type or unknown; ValidationException for what is
// missing or of a forbidden length.
boost::json::object parse_members(std::string_view action, std::string_view body);

// Throws the AwsFailure InvalidParameterException.
[[noreturn]] void refuse_parameter(const std::string& message);

std::optional<std::string> text_member(const boost::json::object& members, std::string_view name);
std::optional<std::int64_t> number_member(const boost::json::object& members,
                                          std::string_view name);
bool flag_member(const boost::json::object& members, std::string_view name, bool otherwise);

}  // namespace support
