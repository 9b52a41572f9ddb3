// SPDX-License-Identifier: Apache-2.0
//
// What the stand-ins for AWS share: credentials, and the failure that one of its services answers.
#pragma once

#include <string>

namespace support {

struct AwsCredentials {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token = {};  // empty: a user's own, which have none
};

// New ones that nobody else has; with a session token, as a role's have.
AwsCredentials make_aws_credentials();

// Thrown inside the stand-ins, and answered in the service's form.
struct AwsFailure {
    std::string type;
    std::string message;
    int status = 400;
};

}  // namespace support
