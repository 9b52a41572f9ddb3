// SPDX-License-Identifier: Apache-2.0
#include "support/aws/call_log.h"

#include <optional>

namespace support {

HttpAnswer CallLog::enter(const std::string& action, const HttpRequest& request, const Work& work) {
    std::optional<Fault> fault;
    std::size_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        number = calls_.size();
        calls_.push_back(
            {.action = action, .connection = request.connection, .received = request.received});
        fault = faults_.take(action, number + 1);
    }
    const auto refuse_access = [this] { return form_(403, "AccessDenied", "Access denied"); };
    auto answer = fault ? fault->apply(work, refuse_access, form_) : work();
    const bool silent =
        answer.conduct == HttpAnswer::Conduct::close || answer.conduct == HttpAnswer::Conduct::hang;
    const std::lock_guard lock(mutex_);
    calls_[number].status = silent ? 0 : answer.status;
    answer.begun = [this, number](auto when) {
        const std::lock_guard relock(mutex_);
        calls_[number].answered = when;
    };
    return answer;
}

std::vector<StandInCall> CallLog::calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
}
std::vector<std::string> CallLog::actions() const {
    std::vector<std::string> actions;
    for (const auto& call : calls()) actions.push_back(call.action);
    return actions;
}
void CallLog::fail_next(const std::string& action, const Fault& fault, std::size_t times) {
    const std::lock_guard lock(mutex_);
    faults_.fail_next(action, fault, times);
}
void CallLog::fail_always(const std::string& action, const Fault& fault) {
    const std::lock_guard lock(mutex_);
    faults_.fail_always(action, fault);
}
void CallLog::clear_faults() {
    const std::lock_guard lock(mutex_);
    faults_.clear();
}

}  // namespace support
