// SPDX-License-Identifier: Apache-2.0
//
// A server before each call of which others may go on.
#pragma once

#include "support/server_around.h"
#include "support/turns.h"

namespace support {

class TurnTaking final : public ServerAround {
   public:
    // Borrows both; without a turn nobody else is there.
    TurnTaking(environment::Server& inner, Turn* turn) : ServerAround(inner), turn_(turn) {}

    base::Result<environment::Facts> observe(const environment::Subject& subject,
                                             environment::Purpose purpose,
                                             base::Deadline deadline) override {
        pass();
        return inner_.observe(subject, purpose, deadline);
    }
    base::Result<std::optional<environment::Facts>> observe_leftover(
        const environment::Leftover& leftover, base::Deadline deadline) override {
        pass();
        return inner_.observe_leftover(leftover, deadline);
    }
    base::Result<std::vector<environment::Leftover>> leftovers(int most,
                                                               base::Deadline deadline) override {
        pass();
        return inner_.leftovers(most, deadline);
    }
    base::Result<environment::Facts> observe_template(const environment::TemplateSubject& subject,
                                                      environment::Purpose purpose,
                                                      base::Deadline deadline) override {
        pass();
        return inner_.observe_template(subject, purpose, deadline);
    }
    base::Result<environment::PoolFacts> observe_pool(const environment::Project& project,
                                                      base::Deadline deadline) override {
        pass();
        return inner_.observe_pool(project, deadline);
    }
    base::Result<void> while_leased(const std::function<base::Result<void>()>& deed) override {
        pass();
        return inner_.while_leased(deed);
    }
    base::Result<std::string> perform(const environment::Step& step, const environment::Plan& plan,
                                      const environment::Credentials& credentials,
                                      const environment::Actor& actor,
                                      base::Deadline deadline) override {
        pass();
        return inner_.perform(step, plan, credentials, actor, deadline);
    }
    base::Result<environment::LoginProof> prove_login(const environment::Target& target,
                                                      const environment::Credentials& credentials,
                                                      base::Deadline deadline) override {
        pass();
        return inner_.prove_login(target, credentials, deadline);
    }
    void release(base::Deadline deadline) override {
        pass();
        inner_.release(deadline);
    }

   private:
    void pass() const {
        if (turn_ != nullptr) turn_->pass();
    }

    Turn* turn_;
};

}  // namespace support
