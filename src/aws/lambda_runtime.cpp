// SPDX-License-Identifier: Apache-2.0
#include "aws/lambda_runtime.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <chrono>

namespace aws {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using std::chrono::milliseconds;

// The process is frozen while there is nothing to do, and its clock goes on.
constexpr std::chrono::hours k_until_an_event(24 * 14);
constexpr std::chrono::seconds k_answering(5);
// Of a synchronous invocation.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
constexpr std::size_t k_longest_event = 6U * 1024 * 1024 + 1024;

std::string header(const http::Response& response, const char* name) {
    const auto found = response.headers.find(name);
    return found == response.headers.end() ? std::string() : found->second;
}

// Epoch milliseconds to a deadline of this process's clock.
Deadline deadline_of(const std::string& text) {
    std::int64_t moment = 0;
    std::from_chars(text.data(), text.data() + text.size(), moment);
    const auto now = std::chrono::duration_cast<milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    return Deadline::after(milliseconds(moment) - now);
}

base::Secret error_body(const base::Error& error) {
    auto message = error.message;
    if (!error.hint.empty()) message += "\nhint: " + error.hint;
    return base::Secret(
        boost::json::serialize(boost::json::object{{"errorMessage", message},
                                                   {"errorType", base::facts_of(error.kind).name},
                                                   {"stackTrace", boost::json::array()}}));
}

}  // namespace

LambdaRuntime::LambdaRuntime(std::string_view address)
    : base_(fmt::format("http://{}/2018-06-01/runtime", address)) {}

Result<Invocation> LambdaRuntime::next() {
    http::Request request{.method = "GET", .url = base_ + "/invocation/next"};
    request.route = http::Route::direct;
    request.time_limit = k_until_an_event;
    request.longest_answer = k_longest_event;
    BASE_TRY_ASSIGN(auto response, http_.send(request, Deadline::after(k_until_an_event)));
    Invocation invocation;
    invocation.request_id = header(response, "lambda-runtime-aws-request-id");
    if (response.status != 200 || invocation.request_id.empty()) {
        return base::fail(
            ErrorKind::unavailable,
            fmt::format("Lambda's runtime API gave no event but status {}", response.status));
    }
    invocation.trace_id = header(response, "lambda-runtime-trace-id");
    invocation.function_arn = header(response, "lambda-runtime-invoked-function-arn");
    invocation.deadline = deadline_of(header(response, "lambda-runtime-deadline-ms"));
    invocation.event = std::move(response.body);
    return invocation;
}

Result<void> LambdaRuntime::post(const std::string& path, base::Secret body,
                                 std::string_view error_type) {
    http::Request request{.method = "POST",
                          .url = base_ + path,
                          .headers = {{"Content-Type", "application/json"}},
                          .body = std::move(body)};
    if (!error_type.empty()) {
        request.headers.emplace_back("Lambda-Runtime-Function-Error-Type", error_type);
    }
    request.route = http::Route::direct;
    BASE_TRY_ASSIGN(const auto response, http_.send(request, Deadline::after(k_answering)));
    if (response.status < 300) return {};
    return base::fail(
        ErrorKind::unavailable,
        fmt::format("Lambda's runtime API refused an answer with status {}", response.status));
}

Result<void> LambdaRuntime::respond(const Invocation& invocation, const base::Secret& answer) {
    return post(fmt::format("/invocation/{}/response", invocation.request_id), answer, {});
}

Result<void> LambdaRuntime::fail(const Invocation& invocation, const base::Error& error) {
    return post(fmt::format("/invocation/{}/error", invocation.request_id), error_body(error),
                fmt::format("reviewdb.{}", base::facts_of(error.kind).name));
}

Result<void> LambdaRuntime::fail_to_start(const base::Error& error) {
    return post("/init/error", error_body(error),
                fmt::format("reviewdb.{}", base::facts_of(error.kind).name));
}

}  // namespace aws
