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
void StopAfter::release(Deadline deadline) {
    if (!stopped_) inner_.release(deadline);
}

}  // namespace support
