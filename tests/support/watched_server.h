// SPDX-License-Identifier: Apache-2.0
//
// A server under the eyes of another session: writes down each thing asked of it, what it answered,
// and what the other session sees then.
#pragma once

#include <string>
#include <vector>

#include "environment/server.h"

namespace support {

class WatchedServer final : public environment::Server {
   public:
    // Borrows both; `other` is another session on the same server.
    WatchedServer(environment::Server& inner, environment::Server& other,
                  environment::Subject subject)
        : inner_(inner), other_(other), subject_(std::move(subject)) {}

    const std::vector<std::string>& seen() const { return seen_; }

    base::Result<environment::Facts> observe(const environment::Subject& subject,
                                             environment::Purpose purpose,
                                             base::Deadline deadline) override;
    base::Result<std::vector<environment::Facts>> observe_all(const environment::Project& project,
                                                              base::Deadline deadline) override {
        return inner_.observe_all(project, deadline);
    }
    base::Result<std::optional<environment::Facts>> observe_leftover(
        const environment::Leftover& leftover, base::Deadline deadline) override;
    base::Result<std::vector<environment::Leftover>> leftovers(int most,
                                                               base::Deadline deadline) override;
    base::Result<std::string> perform(const environment::Step& step, const environment::Plan& plan,
                                      const environment::Credentials& credentials,
                                      const environment::Actor& actor,
                                      base::Deadline deadline) override;
    base::Result<environment::LoginProof> prove_login(const environment::Target& target,
                                                      const environment::Credentials& credentials,
                                                      base::Deadline deadline) override;
    base::Result<void> check_lease(const environment::Target& target,
                                   base::Deadline deadline) override {
        return inner_.check_lease(target, deadline);
    }
    void release(base::Deadline deadline) override { inner_.release(deadline); }
    base::Result<std::vector<environment::Listed>> list(const environment::ListFilter& filter,
                                                        base::Deadline deadline) override {
        return inner_.list(filter, deadline);
    }
    base::Result<std::vector<environment::HistoryEntry>> history(
        const environment::Project& project, const std::optional<environment::Name>& name, int most,
        base::Deadline deadline) override {
        return inner_.history(project, name, most, deadline);
    }
    base::Result<environment::Policy> policy(const environment::Project& project,
                                             base::Deadline deadline) override {
        return inner_.policy(project, deadline);
    }
    base::Result<void> set_policy(std::string_view project, std::string_view key,
                                  std::string_view value, const environment::Actor& actor,
                                  base::Deadline deadline) override {
        return inner_.set_policy(project, key, value, actor, deadline);
    }

   private:
    void note(const std::string& what, const base::Error* error, base::Deadline deadline);

    environment::Server& inner_;
    environment::Server& other_;
    environment::Subject subject_;
    std::vector<std::string> seen_;
};

}  // namespace support
