// SPDX-License-Identifier: Apache-2.0
//
// A server under the eyes of another session: writes down each thing asked of it, what it answered,
// and what the other session sees then.
#pragma once

#include <string>
#include <vector>

#include "support/server_around.h"

namespace support {

class WatchedServer final : public ServerAround {
   public:
    // Borrows both; `other` is another session on the same server.
    WatchedServer(environment::Server& inner, environment::Server& other,
                  environment::Subject subject)
        : ServerAround(inner), other_(other), subject_(std::move(subject)) {}

    const std::vector<std::string>& seen() const { return seen_; }

    base::Result<environment::Facts> observe(const environment::Subject& subject,
                                             environment::Purpose purpose,
                                             base::Deadline deadline) override;
    base::Result<std::optional<environment::Facts>> observe_leftover(
        const environment::Leftover& leftover, base::Deadline deadline) override;
    base::Result<std::vector<environment::Leftover>> leftovers(int most,
                                                               base::Deadline deadline) override;
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

   private:
    void note(const std::string& what, const base::Error* error, base::Deadline deadline);

    environment::Server& other_;
    environment::Subject subject_;
    std::vector<std::string> seen_;
};

}  // namespace support
