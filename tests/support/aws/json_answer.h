// SPDX-License-Identifier: Apache-2.0
//
// An answer whose body is JSON, as the services beside Secrets Manager give them.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "support/aws/http_server.h"

namespace support {

inline HttpAnswer json_answer(int status, const boost::json::object& body) {
    return {.status = status,
            .headers = {{"Content-Type", "application/json"}},
            .body = boost::json::serialize(body)};
}

}  // namespace support
