// SPDX-License-Identifier: Apache-2.0
//
// Signature Version 4, written from "Create a signed AWS API request" (IAM User Guide,
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html), for requests
// without a query: what AWS does with one that it gets, and, for tests, what a client does. Shares
// nothing with the program's own client. Pure.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "support/aws/credentials.h"
#include "support/aws/http_server.h"

namespace support {

// For whom a signature is good.
struct SignatureScope {
    std::string region;
    std::string service;
};

// The credentials that signed `request`, one of `accepted`. Throws the AwsFailure that AWS answers:
// MissingAuthenticationTokenException, IncompleteSignatureException, UnrecognizedClientException
// (an unknown key or another session token), InvalidSignatureException (wrong, for another region
// or service, more than five minutes off, a header left out that has to be signed).
const AwsCredentials& check_signature(const HttpRequest& request, const SignatureScope& scope,
                                      const std::vector<AwsCredentials>& accepted,
                                      std::chrono::system_clock::time_point now);

// Adds Authorization to a request that has Host, X-Amz-Date and whatever else is to be signed.
void sign(HttpRequest& request, const SignatureScope& scope, const AwsCredentials& credentials);

// "20150830T123600Z"
std::string amz_date(std::chrono::system_clock::time_point time);

}  // namespace support
