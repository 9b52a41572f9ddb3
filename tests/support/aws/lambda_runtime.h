// SPDX-License-Identifier: Apache-2.0
//
// The Lambda runtime API, 2018-06-01, on a port of 127.0.0.1: what a custom runtime asks for its
// events and gives its answers to (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and the
// OpenAPI specification named there; the refusals as AWS's own emulator words them,
// github.com/aws/aws-lambda-runtime-interface-emulator). Strict: an event is answered once, an
// error has errorMessage and errorType, an answer fits 6 MB. Any thread may call.
//
//     LambdaRuntimeStandIn lambda;
//     run(bootstrap, lambda.variables());
//     EXPECT_EQ(lambda.invoke(R"({"action":"create"})").body, "…");
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/aws/call_log.h"

namespace support {

class LambdaRuntimeStandIn {
   public:
    using Time = std::chrono::steady_clock::time_point;

    struct Outcome {
        enum class Kind {
            response,
            error,
            abandoned,  // the runtime asked for the next event instead, or began anew
        };
        Kind kind = Kind::response;
        std::string body = {};        // as it was posted
        std::string error_type = {};  // Lambda-Runtime-Function-Error-Type
        std::string trace_id = {};    // that the event had
        Time queued = {};
        Time taken = {};     // handed to the runtime
        Time answered = {};  // its answer had been read
    };
    struct InitError {
        std::string body;
        std::string error_type;
        Time received;
    };

    LambdaRuntimeStandIn();
    LambdaRuntimeStandIn(const LambdaRuntimeStandIn&) = delete;
    LambdaRuntimeStandIn& operator=(const LambdaRuntimeStandIn&) = delete;
    ~LambdaRuntimeStandIn();

    // AWS_LAMBDA_RUNTIME_API and the other variables that Lambda sets and that say nothing of
    // credentials or region.
    std::map<std::string, std::string> variables() const;
    std::string address() const;  // "127.0.0.1:PORT"

    // Queues an event, JSON text, that has so much time from when it is taken. Its request id.
    std::string queue(const std::string& payload,
                      std::chrono::milliseconds time = std::chrono::seconds(60));
    // Waits for what becomes of that event; nothing past `timeout`.
    std::optional<Outcome> await(const std::string& request_id,
                                 std::chrono::milliseconds timeout = std::chrono::seconds(60));
    // Both. Throws std::runtime_error when there is no outcome in time.
    Outcome invoke(const std::string& payload,
                   std::chrono::milliseconds time = std::chrono::seconds(60));

    // Waits until the runtime waits for an event; false past `timeout`.
    bool await_next(std::chrono::milliseconds timeout = std::chrono::seconds(60));
    std::optional<InitError> await_init_error(
        std::chrono::milliseconds timeout = std::chrono::seconds(60));

    Time started() const;
    std::optional<Time> first_next() const;  // when the first request for an event had arrived
    // Forgets that there was a runtime: the next request for an event is the first again.
    void expect_new_runtime();

    // Actions are "next", "response", "error", "init/error".
    std::vector<StandInCall> calls() const;
    std::vector<std::string> actions() const;
    void fail_next(const std::string& action, const Fault& fault, std::size_t times = 1);
    void fail_always(const std::string& action, const Fault& fault);
    void clear_faults();

   private:
    class Service;
    std::unique_ptr<Service> service_;
};

}  // namespace support
