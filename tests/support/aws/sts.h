// SPDX-License-Identifier: Apache-2.0
//
// STS as far as it gives a role's credentials: AssumeRole to whose signature is trusted,
// AssumeRoleWithWebIdentity to who has the token. The query protocol: a form, or a query after GET,
// answered in XML. Pure but for the clock.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "support/aws/credentials.h"
#include "support/aws/http_server.h"

namespace support {

struct StsState {
    AwsCredentials credentials;  // that it gives
    std::chrono::system_clock::time_point expires;
    std::string role_arn;
    std::string web_identity_token;
    std::string region;
    std::vector<AwsCredentials> trusted;
};

// The parameter Action; "" without one.
std::string sts_action(const HttpRequest& request);
HttpAnswer sts_error(int status, const std::string& type, const std::string& message);
HttpAnswer answer_sts(const HttpRequest& request, const StsState& state);

// "2026-01-02T03:04:05Z"
std::string rfc3339(std::chrono::system_clock::time_point time);

}  // namespace support
