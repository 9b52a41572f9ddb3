// SPDX-License-Identifier: Apache-2.0
#include "support/stop_after.h"

namespace support {

using base::Deadline;
using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

Result<Facts> StopAfter::observe(const Subject& subject, Purpose purpose, Deadline deadline) {
    if (stopped_) return base::fail(base::ErrorKind::internal, "the process is dead");
    return inner_.observe(subject, purpose, deadline);
}
Result<std::optional<Facts>> StopAfter::observe_leftover(const Leftover& leftover,
                                                         Deadline deadline) {
    if (stopped_) return std::optional<Facts>();
    return inner_.observe_leftover(leftover, deadline);
}
Result<std::vector<Leftover>> StopAfter::leftovers(int most, Deadline deadline) {
    return inner_.leftovers(most, deadline);
}
Result<std::vector<Facts>> StopAfter::observe_all(const Project& project, Deadline deadline) {
    return inner_.observe_all(project, deadline);
}
bool StopAfter::is_dead() {
    stopped_ = stopped_ || left_ == 0;
    if (!stopped_) --left_;
    return stopped_;
}
Result<std::string> StopAfter::perform(const Step& step, const Plan& plan,
                                       const Credentials& credentials, const Actor& actor,
                                       Deadline deadline) {
    if (is_dead()) return base::fail(base::ErrorKind::internal, "the process is dead");
    return inner_.perform(step, plan, credentials, actor, deadline);
}
Result<LoginProof> StopAfter::prove_login(const Target& target, const Credentials& credentials,
                                          Deadline deadline) {
    if (is_dead()) return base::fail(base::ErrorKind::internal, "the process is dead");
    return inner_.prove_login(target, credentials, deadline);
}
Result<void> StopAfter::check_lease(const Target& target, Deadline deadline) {
    return inner_.check_lease(target, deadline);
}
void StopAfter::release(Deadline deadline) {
    if (!stopped_) inner_.release(deadline);
}
Result<std::vector<Listed>> StopAfter::list(const ListFilter& filter, Deadline deadline) {
    return inner_.list(filter, deadline);
}
Result<std::vector<HistoryEntry>> StopAfter::history(const Project& project,
                                                     const std::optional<Name>& name, int most,
                                                     Deadline deadline) {
    return inner_.history(project, name, most, deadline);
}
Result<Policy> StopAfter::policy(const Project& project, Deadline deadline) {
    return inner_.policy(project, deadline);
}
Result<void> StopAfter::set_policy(std::string_view project, std::string_view key,
                                   std::string_view value, const Actor& actor, Deadline deadline) {
    return inner_.set_policy(project, key, value, actor, deadline);
}

}  // namespace support
