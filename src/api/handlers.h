// SPDX-License-Identifier: Apache-2.0
//
// The operations as JSON: one request, one answer, the same behind every door that takes requests.
// A request is {"operation": "create", "name": "feature/x", …} with the options of the command
// line's verbs as members (docs/guide/requests.md); the answer is what the command line prints with
// -o json.
#pragma once

#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/result.h"
#include "base/secret.h"
#include "environment/manager.h"

namespace api {

// What a handler acts through. Borrowed.
struct Hands {
    environment::Manager& manager;
    environment::Manager& beside;  // of a session of its own
    environment::Server& server;
    const environment::Actor& actor;
    base::Deadline deadline;
    std::string administrators = {};  // the database that is never taken over
};

// Carries the request out. The answer holds a password where the operation asks for one (url, env).
// Fails as the operation does, and invalid_input for a request that is none.
base::Result<base::Secret> handle(std::string_view text, const Hands& hands);

}  // namespace api
