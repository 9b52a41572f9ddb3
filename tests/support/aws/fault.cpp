// SPDX-License-Identifier: Apache-2.0
#include "support/aws/fault.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <limits>
#include <set>
#include <utility>

namespace support {

using Conduct = HttpAnswer::Conduct;

HttpAnswer aws_json_error(int status, const std::string& type, const std::string& message) {
    // What the API Reference names as an action's errors has the member Message; what stands before
    // every service of AWS says message.
    static const std::set<std::string> k_own{
        "AccessDeniedException",   "DecryptionFailure",         "EncryptionFailure",
        "InternalServiceError",    "InvalidNextTokenException", "InvalidParameterException",
        "InvalidRequestException", "LimitExceededException",    "PreconditionNotMetException",
        "ResourceExistsException", "ResourceNotFoundException"};
    const boost::json::object body{{"__type", type},
                                   {k_own.contains(type) ? "Message" : "message", message}};
    return {.status = status,
            .headers = {{"Content-Type", "application/x-amz-json-1.1"}},
            .body = boost::json::serialize(body)};
}

Fault Fault::error(int status, std::string type, std::string message) {
    Fault fault(Kind::error);
    fault.status_ = status;
    fault.type_ = std::move(type);
    fault.text_ = std::move(message);
    return fault;
}

Fault Fault::throttle() { return error(400, "ThrottlingException", "Rate exceeded"); }
Fault Fault::internal_error() {
    return error(500, "InternalServiceError", "An error occurred on the server side.");
}
Fault Fault::unavailable() {
    return error(503, "ServiceUnavailableException", "Service is unavailable.");
}
Fault Fault::expired_token() {
    return error(400, "ExpiredTokenException",
                 "The security token included in the request is expired");
}
Fault Fault::access_denied() { return Fault(Kind::access_denied); }

Fault Fault::text(int status, std::string body) {
    Fault fault(Kind::text);
    fault.status_ = status;
    fault.text_ = std::move(body);
    fault.content_type_ = "text/plain";
    return fault;
}
Fault Fault::html(int status) {
    auto fault = text(status, "<html><head><title>" + std::to_string(status) +
                                  "</title></head><body><h1>Bad Gateway</h1></body></html>\n");
    fault.content_type_ = "text/html";
    return fault;
}
Fault Fault::empty_body(int status) { return text(status, ""); }

Fault Fault::close() {
    Fault fault(Kind::conduct);
    fault.conduct_ = Conduct::close;
    return fault;
}
Fault Fault::lose_answer() { return close().after_effect(); }
Fault Fault::close_half_way() {
    Fault fault(Kind::conduct);
    fault.conduct_ = Conduct::close_half_way;
    return fault.after_effect();
}
Fault Fault::hang() {
    Fault fault(Kind::conduct);
    fault.conduct_ = Conduct::hang;
    return fault;
}
Fault Fault::delay(std::chrono::milliseconds time) {
    Fault fault(Kind::delay);
    fault.delay_ = time;
    return fault.after_effect();
}

Fault Fault::after_effect() const {
    auto fault = *this;
    fault.has_effect_ = true;
    return fault;
}

HttpAnswer Fault::apply(const std::function<HttpAnswer()>& effect,
                        const std::function<HttpAnswer()>& refuse_access,
                        const ErrorForm& form) const {
    HttpAnswer answer;
    if (has_effect_) answer = effect();
    switch (kind_) {
        case Kind::error:
            return form(status_, type_, text_);
        case Kind::text:
            return {.status = status_, .headers = {{"Content-Type", content_type_}}, .body = text_};
        case Kind::access_denied:
            return refuse_access();
        case Kind::conduct:
            answer.conduct = conduct_;
            return answer;
        case Kind::delay:
            answer.delay = delay_;
            return answer;
    }
    return answer;
}

void FaultPlan::fail_next(std::string action, Fault fault, std::size_t times) {
    rules_.push_back({std::move(action), 0, times, std::move(fault)});
}
void FaultPlan::fail_always(std::string action, Fault fault) {
    fail_next(std::move(action), std::move(fault), std::numeric_limits<std::size_t>::max());
}
void FaultPlan::fail_at(std::size_t number, Fault fault) {
    rules_.push_back({"", number, 1, std::move(fault)});
}

std::optional<Fault> FaultPlan::take(const std::string& action, std::size_t number) {
    for (auto rule = rules_.begin(); rule != rules_.end(); ++rule) {
        if (!rule->action.empty() && rule->action != action) continue;
        if (rule->number != 0 && rule->number != number) continue;
        const auto fault = rule->fault;
        if (--rule->times == 0) rules_.erase(rule);
        return fault;
    }
    return std::nullopt;
}

}  // namespace support
