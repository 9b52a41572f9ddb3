// SPDX-License-Identifier: Apache-2.0
#include "support/stop_after.h"

namespace support {

using base::Deadline;
using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it

namespace {
tl::unexpected<base::Error> death() {
    return base::fail(base::ErrorKind::internal, "the process is dead");
}
}  // namespace

Result<Facts> StopAfter::observe(const Subject& subject, Purpose purpose, Deadline deadline) {
    if (life_.stopped) return death();
    return inner_.observe(subject, purpose, deadline);
}
Result<Facts> StopAfter::observe_template(const TemplateSubject& subject, Purpose purpose,
                                          Deadline deadline) {
    if (life_.stopped) return death();
    return inner_.observe_template(subject, purpose, deadline);
}
Result<PoolFacts> StopAfter::observe_pool(const Project& project, Deadline deadline) {
    if (life_.stopped) return death();
    return inner_.observe_pool(project, deadline);
}
Result<std::optional<Facts>> StopAfter::observe_leftover(const Leftover& leftover,
                                                         Deadline deadline) {
    if (life_.stopped) return std::optional<Facts>();
    return inner_.observe_leftover(leftover, deadline);
}
bool StopAfter::is_dead() {
    life_.stopped = life_.stopped || life_.left == 0;
    if (!life_.stopped) --life_.left;
    return life_.stopped;
}
Result<void> StopAfter::while_leased(const std::function<Result<void>()>& deed) {
    if (is_dead()) return death();
    return inner_.while_leased(deed);
}
Result<std::string> StopAfter::perform(const Step& step, const Plan& plan,
                                       const Credentials& credentials, const Actor& actor,
                                       Deadline deadline) {
    if (is_dead()) return death();
    return inner_.perform(step, plan, credentials, actor, deadline);
}
Result<LoginProof> StopAfter::prove_login(const Target& target, const Credentials& credentials,
                                          Deadline deadline) {
    if (is_dead()) return death();
    return inner_.prove_login(target, credentials, deadline);
}
void StopAfter::release(Deadline deadline) {
    if (!life_.stopped) inner_.release(deadline);
}

}  // namespace support
