// SPDX-License-Identifier: Apache-2.0
//
// Who we are for AWS: the standard chain of places to look for credentials in, and their renewal
// before they expire.
//
// The order is that of AWS's SDKs for Java, Kotlin and PHP (each SDK's differs a little):
//   1. environment      AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
//   2. web identity     AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN
//   3. profile          AWS_PROFILE or "default" in the shared files: a role to assume, keys,
//                       credential_process (run by argument vector, never by a shell)
//   4. container        AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI
//   5. instance metadata, version 2 only
// A place that is not set up is passed over. One that is and fails is an error that names it: the
// next place would make us somebody else. Single sign-on is not spoken; its error says what helps.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "aws/settings.h"
#include "base/deadline.h"
#include "base/result.h"
#include "base/secret.h"
#include "http/client.h"
#include "http/retry.h"

namespace aws {

using Time = std::chrono::system_clock::time_point;
using Now = std::function<Time()>;

struct Credentials {
    std::string access_key_id;
    base::Secret secret_access_key;
    base::Secret session_token;      // empty for a long-term key
    std::optional<Time> expires_at;  // nothing: not that anybody said
    std::string source;              // for people: "environment", "profile dev"
};

class CredentialsChain {
   public:
    // Borrows `settings` and `http` for its life.
    CredentialsChain(const Settings& settings, http::Client& http,
                     http::Waiting waiting = http::real_waiting(),
                     Now now = &std::chrono::system_clock::now);

    // What to sign with now. Kept from the last call unless it ends within five minutes; then it is
    // renewed, and where that fails used to its end. Blocks for the network where the place is
    // one. Fails denied when no place has any (with what was looked at) or one refuses,
    // unavailable, deadline, invalid_input for a place that is set up wrongly.
    base::Result<Credentials> current(base::Deadline deadline);

    // AWS called what current() gave out expired: the next call looks again.
    void forget() { kept_.reset(); }

   private:
    base::Result<Credentials> look(base::Deadline deadline);

    const Settings& settings_;
    http::Client& http_;
    http::Waiting waiting_;
    Now now_;
    std::optional<Credentials> kept_;
};

}  // namespace aws
