// SPDX-License-Identifier: Apache-2.0
//
// What a forge's answer means when it is not the one that was asked for. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "branches/forge.h"
#include "http/client.h"

namespace branches {

using Moment = std::chrono::system_clock::time_point;

// When a limit on requests ends, where the answer says that one is used up: of the hour, or against
// bursts, where the forge may leave open until when.
std::optional<Moment> limited_until(const http::Response& response, Moment now);

// "2026-11-28T14:05:00Z"
std::string to_text(Moment moment);

base::Error limit_error(const Forge& forge, Moment until);

// Of any answer but 200, 304 and the limits. Never quotes a token, whatever the forge says.
base::Error refusal_of(const Forge& forge, const http::Response& response);

// Whether the answer sends the caller elsewhere.
bool is_redirect(int status);
// `name` is what the repository is called now, where that is known.
base::Error moved_error(const Forge& forge, const std::string& name);
base::Error redirect_error(const Forge& forge, const std::string& location);

// An answer that came well and cannot be the truth.
base::Error implausible(const Forge& forge, const std::string& why);

}  // namespace branches
