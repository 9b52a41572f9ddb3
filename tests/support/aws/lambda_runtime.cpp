// SPDX-License-Identifier: Apache-2.0
#include "support/aws/lambda_runtime.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "base/bytes.h"
#include "base/uuid.h"
#include "support/aws/http_server.h"
#include "support/aws/json_answer.h"

namespace support {

namespace {

using Clock = std::chrono::steady_clock;
using Outcome = LambdaRuntimeStandIn::Outcome;

constexpr std::string_view k_root = "/2018-06-01/runtime/";
constexpr std::size_t k_most_bytes = 6U * 1024 * 1024 + 100;
constexpr std::chrono::milliseconds k_look_again{10};  // whether the runtime is still there
constexpr const char* k_error_type = "Lambda-Runtime-Function-Error-Type";

HttpAnswer accepted() { return json_answer(202, {{"status", "OK"}}); }
HttpAnswer refusal(int status, const std::string& type, const std::string& message) {
    return json_answer(status, {{"errorMessage", message}, {"errorType", type}});
}
HttpAnswer wrong_state(const std::string& from, const std::string& to) {
    return refusal(403, "InvalidStateTransition",
                   "State transition from " + from + " to " + to +
                       " failed for runtime. Error: State transition is not allowed");
}
HttpAnswer unknown_id() { return refusal(400, "InvalidRequestID", "Invalid request ID"); }

// Whether it is {errorMessage, errorType, stackTrace?}.
bool is_error(const std::string& body) {
    boost::system::error_code failure;
    const auto value = boost::json::parse(body, failure);
    if (failure || !value.is_object()) return false;
    const auto& object = value.get_object();
    for (const char* name : {"errorMessage", "errorType"}) {
        const auto* member = object.if_contains(name);
        if (member == nullptr || !member->is_string()) return false;
    }
    const auto* trace = object.if_contains("stackTrace");
    return trace == nullptr || trace->is_array();
}

struct Invocation {
    std::string id;
    std::string payload;
    std::chrono::milliseconds time;
    Outcome outcome;
    bool over = false;
};

}  // namespace

class LambdaRuntimeStandIn::Service {
   public:
    Service() : server_([this](const HttpRequest& request) { return answer(request); }) {}

   private:
    friend class LambdaRuntimeStandIn;

    HttpAnswer answer(const HttpRequest& request) {
        std::string path = request.target;
        if (!path.starts_with(k_root)) return {.status = 404};
        path = path.substr(k_root.size());
        if (path == "invocation/next" && request.method == "GET") {
            return log_.enter("next", request, [&] { return next(request); });
        }
        if (request.method != "POST") return {.status = 405};
        if (path == "init/error") {
            return log_.enter("init/error", request, [&] { return fail_init(request); });
        }
        const auto slash = path.rfind('/');
        const auto action = path.substr(slash + 1);
        if (!path.starts_with("invocation/") || slash < 11 ||
            (action != "response" && action != "error")) {
            return {.status = 404};
        }
        return log_.enter(action, request,
                          [&] { return finish(path.substr(11, slash - 11), action, request); });
    }

    HttpAnswer next(const HttpRequest& request) {
        std::unique_lock lock(mutex_);
        if (init_error_) return wrong_state("RuntimeInitError", "RuntimeReady");
        if (!first_next_) first_next_ = request.received;
        if (current_ && !current_->over) abandon();
        ++waiting_;
        changed_.notify_all();
        // One who was killed while waiting does not wait any more, and must not take an event
        // along.
        bool left = false;
        const auto due = [&] {
            left = request.client_has_left();
            return left || !queued_.empty();
        };
        while (!request.stopping.stop_requested() &&
               !changed_.wait_for(lock, request.stopping, k_look_again, due)) {
        }
        --waiting_;
        if (left || queued_.empty()) return {.conduct = HttpAnswer::Conduct::close};
        current_ = queued_.front();
        queued_.pop_front();
        current_->outcome.taken = Clock::now();
        const auto deadline = std::chrono::system_clock::now() + current_->time;
        const auto milliseconds =
            std::chrono::floor<std::chrono::milliseconds>(deadline.time_since_epoch());
        return {.status = 200,
                .headers = {{"Content-Type", "application/json"},
                            {"Lambda-Runtime-Aws-Request-Id", current_->id},
                            {"Lambda-Runtime-Deadline-Ms", std::to_string(milliseconds.count())},
                            {"Lambda-Runtime-Invoked-Function-Arn",
                             "arn:aws:lambda:eu-central-1:123456789012:function:reviewdb"},
                            {"Lambda-Runtime-Trace-Id", current_->outcome.trace_id}},
                .body = current_->payload};
    }

    HttpAnswer finish(const std::string& id, const std::string& action,
                      const HttpRequest& request) {
        const std::lock_guard lock(mutex_);
        if (!current_ || current_->id != id) return unknown_id();
        if (current_->over) {
            return wrong_state("RuntimeResponseSent", action == "error"
                                                          ? "RuntimeInvocationErrorResponse"
                                                          : "RuntimeInvocationResponse");
        }
        auto& outcome = current_->outcome;
        if (request.body.size() > k_most_bytes) {
            const auto most = std::to_string(k_most_bytes);
            end(Outcome::Kind::error, request.received);
            outcome.error_type = "Function.ResponseSizeTooLarge";
            outcome.body = boost::json::serialize(boost::json::object{
                {"errorMessage", "Response payload size exceeded maximum allowed payload size (" +
                                     most + " bytes)."},
                {"errorType", outcome.error_type}});
            return refusal(413, "RequestEntityTooLarge",
                           "Exceeded maximum allowed payload size (" + most + " bytes).");
        }
        if (action == "error" && !is_error(request.body)) {
            return refusal(400, "InvalidErrorShape", "errorMessage and errorType are expected");
        }
        end(action == "error" ? Outcome::Kind::error : Outcome::Kind::response, request.received);
        outcome.body = request.body;
        outcome.error_type = request.header(k_error_type).value_or("");
        return accepted();
    }

    HttpAnswer fail_init(const HttpRequest& request) {
        const std::lock_guard lock(mutex_);
        if (first_next_ || init_error_) return wrong_state("RuntimeReady", "RuntimeInitError");
        if (!is_error(request.body)) {
            return refusal(400, "InvalidErrorShape", "errorMessage and errorType are expected");
        }
        init_error_ =
            InitError{request.body, request.header(k_error_type).value_or(""), request.received};
        changed_.notify_all();
        return accepted();
    }

    void end(Outcome::Kind kind, Time when) {
        current_->outcome.kind = kind;
        current_->outcome.answered = when;
        current_->over = true;
        changed_.notify_all();
    }
    void abandon() { end(Outcome::Kind::abandoned, Clock::now()); }

    CallLog log_{refusal};
    std::mutex mutex_;  // guards what follows
    std::condition_variable_any changed_;
    std::map<std::string, std::shared_ptr<Invocation>> invocations_;
    std::deque<std::shared_ptr<Invocation>> queued_;
    std::shared_ptr<Invocation> current_;  // the last that was taken
    int waiting_ = 0;
    const Time started_ = Clock::now();
    std::optional<Time> first_next_;
    std::optional<InitError> init_error_;
    HttpServer server_;  // last: its threads use all of the above
};

LambdaRuntimeStandIn::LambdaRuntimeStandIn() : service_(std::make_unique<Service>()) {}
LambdaRuntimeStandIn::~LambdaRuntimeStandIn() = default;

std::string LambdaRuntimeStandIn::address() const { return service_->server_.address(); }
std::map<std::string, std::string> LambdaRuntimeStandIn::variables() const {
    return {{"AWS_LAMBDA_RUNTIME_API", address()},
            {"AWS_LAMBDA_FUNCTION_NAME", "reviewdb"},
            {"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
            {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"},
            {"AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"},
            {"AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/reviewdb"},
            {"AWS_LAMBDA_LOG_STREAM_NAME", "stream"},
            {"AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"},
            {"_HANDLER", "bootstrap"}};
}

std::string LambdaRuntimeStandIn::queue(const std::string& payload,
                                        std::chrono::milliseconds time) {
    auto invocation = std::make_shared<Invocation>(
        Invocation{base::Uuid::random().to_string(), payload, time, {}});
    invocation->outcome.queued = Clock::now();
    invocation->outcome.trace_id = "Root=1-" + base::to_hex(base::random_bytes(4)) + '-' +
                                   base::to_hex(base::random_bytes(12)) +
                                   ";Parent=" + base::to_hex(base::random_bytes(8)) + ";Sampled=1";
    const std::lock_guard lock(service_->mutex_);
    service_->invocations_[invocation->id] = invocation;
    service_->queued_.push_back(invocation);
    service_->changed_.notify_all();
    return invocation->id;
}

std::optional<Outcome> LambdaRuntimeStandIn::await(const std::string& request_id,
                                                   std::chrono::milliseconds timeout) {
    std::unique_lock lock(service_->mutex_);
    const auto invocation = service_->invocations_.at(request_id);
    if (!service_->changed_.wait_for(lock, timeout, [&] { return invocation->over; })) {
        return std::nullopt;
    }
    return invocation->outcome;
}

Outcome LambdaRuntimeStandIn::invoke(const std::string& payload, std::chrono::milliseconds time) {
    const auto outcome = await(queue(payload, time), time);
    if (!outcome) throw std::runtime_error("the runtime did not answer an event in time");
    return *outcome;
}

bool LambdaRuntimeStandIn::await_next(std::chrono::milliseconds timeout) {
    std::unique_lock lock(service_->mutex_);
    return service_->changed_.wait_for(lock, timeout, [this] { return service_->waiting_ > 0; });
}
std::optional<LambdaRuntimeStandIn::InitError> LambdaRuntimeStandIn::await_init_error(
    std::chrono::milliseconds timeout) {
    std::unique_lock lock(service_->mutex_);
    service_->changed_.wait_for(lock, timeout,
                                [this] { return service_->init_error_.has_value(); });
    return service_->init_error_;
}

LambdaRuntimeStandIn::Time LambdaRuntimeStandIn::started() const { return service_->started_; }
std::optional<LambdaRuntimeStandIn::Time> LambdaRuntimeStandIn::first_next() const {
    const std::lock_guard lock(service_->mutex_);
    return service_->first_next_;
}
void LambdaRuntimeStandIn::expect_new_runtime() {
    const std::lock_guard lock(service_->mutex_);
    if (service_->current_ && !service_->current_->over) service_->abandon();
    service_->first_next_.reset();
    service_->init_error_.reset();
}

std::vector<StandInCall> LambdaRuntimeStandIn::calls() const { return service_->log_.calls(); }
std::vector<std::string> LambdaRuntimeStandIn::actions() const { return service_->log_.actions(); }
void LambdaRuntimeStandIn::fail_next(const std::string& action, const Fault& fault,
                                     std::size_t times) {
    service_->log_.fail_next(action, fault, times);
}
void LambdaRuntimeStandIn::fail_always(const std::string& action, const Fault& fault) {
    service_->log_.fail_always(action, fault);
}
void LambdaRuntimeStandIn::clear_faults() { service_->log_.clear_faults(); }

}  // namespace support
