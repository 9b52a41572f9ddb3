// SPDX-License-Identifier: Apache-2.0
//
// A server under a process that dies: the first so many steps are carried out, every later one
// fails (internal), and the lock is not given back. Whatever it borrows is to be thrown away with
// it.
#pragma once

#include "support/server_around.h"

namespace support {

class StopAfter final : public ServerAround {
   public:
    StopAfter(environment::Server& inner, int steps) : ServerAround(inner), own_{steps} {}
    // Another session of the process that `other` is in: it dies with it, and its steps count.
    StopAfter(environment::Server& inner, StopAfter& other)
        : ServerAround(inner), own_(), life_(other.life_) {}

    base::Result<environment::Facts> observe(const environment::Subject& subject,
                                             environment::Purpose purpose,
                                             base::Deadline deadline) override;
    base::Result<std::optional<environment::Facts>> observe_leftover(
        const environment::Leftover& leftover, base::Deadline deadline) override;
    base::Result<environment::Facts> observe_template(const environment::TemplateSubject& subject,
                                                      environment::Purpose purpose,
                                                      base::Deadline deadline) override;
    base::Result<environment::PoolFacts> observe_pool(const environment::Project& project,
                                                      base::Deadline deadline) override;
    base::Result<void> while_leased(const std::function<base::Result<void>()>& deed) override;
    base::Result<std::string> perform(const environment::Step& step, const environment::Plan& plan,
                                      const environment::Credentials& credentials,
                                      const environment::Actor& actor,
                                      base::Deadline deadline) override;
    base::Result<environment::LoginProof> prove_login(const environment::Target& target,
                                                      const environment::Credentials& credentials,
                                                      base::Deadline deadline) override;
    void release(base::Deadline deadline) override;

   private:
    bool is_dead();

    struct Life {
        int left = 0;
        bool stopped = false;
    };
    Life own_;
    Life& life_ = own_;
};

}  // namespace support
