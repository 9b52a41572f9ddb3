// SPDX-License-Identifier: Apache-2.0
//
// The other side of a custom runtime's loop: the Lambda runtime API, version 2018-06-01.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
#pragma once

#include <string>
#include <string_view>

#include "base/deadline.h"
#include "base/result.h"
#include "http/client.h"

namespace aws {

struct Invocation {
    std::string request_id;
    std::string trace_id;      // for X-Ray; empty without it
    std::string function_arn;  // of the version or alias that was asked for
    base::Deadline deadline = base::Deadline::after({});
    base::Secret event;  // JSON; may hold anything
};

class LambdaRuntime {
   public:
    // `address` is AWS_LAMBDA_RUNTIME_API: HOST:PORT.
    explicit LambdaRuntime(std::string_view address);

    // The next event; blocks until there is one, for as long as Lambda likes. Fails unavailable,
    // internal.
    base::Result<Invocation> next();
    // The answer to an event, as JSON.
    base::Result<void> respond(const Invocation& invocation, const base::Secret& answer);
    // An event that failed as a function, for callers that look at nothing else.
    base::Result<void> fail(const Invocation& invocation, const base::Error& error);
    // The function cannot take any event; Lambda ends it.
    base::Result<void> fail_to_start(const base::Error& error);

   private:
    base::Result<void> post(const std::string& path, base::Secret body,
                            std::string_view error_type);

    std::string base_;
    http::Client http_;
};

}  // namespace aws
