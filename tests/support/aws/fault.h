// SPDX-License-Identifier: Apache-2.0
//
// What may befall a call to a stand-in, and when. Values; thread-safe only under their owner's
// lock.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/aws/http_server.h"

namespace support {

// How a service words an error: status, type, message.
using ErrorForm = std::function<HttpAnswer(int, const std::string&, const std::string&)>;

class Fault {
   public:
    // Answers that AWS gives, with its texts; in the form that the service has for errors.
    static Fault throttle();        // 400 ThrottlingException, "Rate exceeded"
    static Fault internal_error();  // 500 InternalServiceError
    static Fault unavailable();     // 503 ServiceUnavailableException
    static Fault access_denied();   // 400, for the action and secret of the call
    static Fault expired_token();   // 400 ExpiredTokenException
    static Fault error(int status, std::string type, std::string message);
    // Answers that something between gives, or nobody.
    static Fault html(int status = 502);              // an error page
    static Fault text(int status, std::string body);  // whatever else is not what it should be
    static Fault empty_body(int status = 200);
    static Fault close();           // without an answer
    static Fault close_half_way();  // the call has its effect, half the answer
    static Fault lose_answer();     // the call has its effect, no answer
    static Fault hang();            // until the client closes
    static Fault delay(
        std::chrono::milliseconds time);  // the call has its effect, later the answer

    // The same, but the call has its effect first.
    Fault after_effect() const;

    // The answer, where `effect` is what carries out the call, `refuse_access` what AWS says to one
    // that is not allowed, and `form` how it words any other error.
    HttpAnswer apply(const std::function<HttpAnswer()>& effect,
                     const std::function<HttpAnswer()>& refuse_access, const ErrorForm& form) const;

    // The type of the error that it is; "" for what has none.
    const std::string& type() const { return type_; }

   private:
    enum class Kind { error, text, access_denied, conduct, delay };
    explicit Fault(Kind kind) : kind_(kind) {}

    Kind kind_;
    bool has_effect_ = false;
    int status_ = 200;
    std::string type_ = {};
    std::string text_ = {};
    std::string content_type_ = {};
    HttpAnswer::Conduct conduct_ = HttpAnswer::Conduct::answer;
    std::chrono::milliseconds delay_{0};
};

// The faults that a test has asked for. Of several that fit, the one asked for first.
class FaultPlan {
   public:
    // The next `times` calls of that action; "" is any.
    void fail_next(std::string action, Fault fault, std::size_t times);
    void fail_always(std::string action, Fault fault);
    // The call of that number, counted from 1 since the stand-in began.
    void fail_at(std::size_t number, Fault fault);
    void clear() { rules_.clear(); }

    // The fault of this call, which counts as having happened.
    std::optional<Fault> take(const std::string& action, std::size_t number);

   private:
    struct Rule {
        std::string action;
        std::size_t number;  // 0: any
        std::size_t times;
        Fault fault;
    };
    std::vector<Rule> rules_;
};

// The body and headers of an error in AWS's JSON.
HttpAnswer aws_json_error(int status, const std::string& type, const std::string& message);

}  // namespace support
