// SPDX-License-Identifier: Apache-2.0
//
// What was asked of a stand-in, and what goes wrong with it as a test wishes. Safe from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "support/aws/fault.h"
#include "support/aws/http_server.h"

namespace support {

// One request, refused ones included.
struct StandInCall {
    std::string action;
    int status = 0;  // 0: no answer was given, or none yet
    std::size_t connection = 0;
    // When its last byte had been read, and just before the first byte of the answer.
    std::chrono::steady_clock::time_point received = {};
    std::chrono::steady_clock::time_point answered = {};
};

class CallLog {
   public:
    using Work = std::function<HttpAnswer()>;

    // `form` is how the service words errors.
    explicit CallLog(ErrorForm form) : form_(std::move(form)) {}

    // Enters a call, and answers as `work` does, or as the fault that is due has it.
    HttpAnswer enter(const std::string& action, const HttpRequest& request, const Work& work);

    std::vector<StandInCall> calls() const;
    std::vector<std::string> actions() const;
    void fail_next(const std::string& action, const Fault& fault, std::size_t times);
    void fail_always(const std::string& action, const Fault& fault);
    void clear_faults();

   private:
    const ErrorForm form_;
    mutable std::mutex mutex_;  // guards what follows
    std::vector<StandInCall> calls_;
    FaultPlan faults_;
};

}  // namespace support
