// SPDX-License-Identifier: Apache-2.0
//
// What SecretsManager hands to its own transport: only secrets_manager*.cpp include this.
#pragma once

#include <boost/json/object.hpp>

#include "aws/secrets_manager.h"

namespace aws {

struct SecretsManager::Call {
    std::string_view action;
    std::string secret;  // for messages and the region
    boost::json::object body;
    base::Secret never_quoted = {};  // the value that the body has in it
};

struct SecretsManager::Answer {
    boost::json::object body;
};

}  // namespace aws
