// SPDX-License-Identifier: Apache-2.0
//
// A custom runtime of AWS Lambda: asks for an event, answers it, and asks for the next.
#include <csignal>
#include <exception>
#include <string>

#include "app/lambda/function.h"
#include "aws/lambda_runtime.h"
#include "base/log.h"
#include "base/variables.h"
#include "base/version.h"
#include "pg/connection_info.h"

namespace {

base::LogLevel level_of(const lambda::Variables& variables) {
    const auto found = variables.find("REVIEWDB_LOG_LEVEL");
    return found != variables.end() && found->second == "debug" ? base::LogLevel::debug
                                                                : base::LogLevel::info;
}

// One event; false when the runtime API is no longer there.
bool serve(aws::LambdaRuntime& runtime, lambda::Function& function, base::Log& log) {
    const auto invocation = runtime.next();
    if (!invocation) {
        log.set_fields({});
        log.write(base::LogLevel::error, invocation.error().message);
        return false;
    }
    log.set_fields({{"request_id", invocation->request_id}, {"trace_id", invocation->trace_id}});
    const auto answer = [&]() -> base::Result<base::Secret> {
        try {
            return function.answer(*invocation);
        } catch (const std::exception& problem) {
            return base::fail(base::ErrorKind::internal, problem.what());
        }
    }();
    if (!answer) log.write(base::LogLevel::warning, answer.error().message);
    const auto sent =
        answer ? runtime.respond(*invocation, *answer) : runtime.fail(*invocation, answer.error());
    if (!sent) log.write(base::LogLevel::error, sent.error().message);
    try {
        if (sent) function.refill(*invocation);
    } catch (const std::exception& problem) {
        log.write(base::LogLevel::error, problem.what());
    }
    return true;
}

int run() {
    const auto variables = base::own_variables();
    pg::forget_variables();
    base::Log log(level_of(variables), base::LogFormat::json);
    const auto api = variables.find("AWS_LAMBDA_RUNTIME_API");
    if (api == variables.end() || api->second.empty()) {
        log.write(
            base::LogLevel::error,
            "reviewdb " + base::program_version() +
                " as a Lambda: AWS_LAMBDA_RUNTIME_API is not set; Lambda starts this program");
        return 2;
    }
    aws::LambdaRuntime runtime(api->second);
    const auto function = lambda::Function::make(variables, log);
    if (!function) {
        log.write(base::LogLevel::error, function.error().message);
        const auto told = runtime.fail_to_start(function.error());
        return told ? 1 : 2;
    }
    while (serve(runtime, **function, log)) {
    }
    return 1;
}

}  // namespace

int main() {
    signal(SIGPIPE, SIG_IGN);
    try {
        return run();
    } catch (const std::exception& problem) {
        base::Log(base::LogLevel::error, base::LogFormat::json)
            .write(base::LogLevel::error, problem.what());
    }
    return 1;
}
