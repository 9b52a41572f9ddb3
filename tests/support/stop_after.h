// SPDX-License-Identifier: Apache-2.0
//
// A server under a process that dies: the first so many steps are carried out, every later one
// fails (internal), and the lock is not given back. Whatever it borrows is to be thrown away with
// it.
#pragma once

#include "environment/server.h"

namespace support {

class StopAfter final : public environment::Server {
   public:
    StopAfter(environment::Server& inner, int steps) : inner_(inner), left_(steps) {}

    base::Result<environment::Facts> observe(const environment::Subject& subject,
                                             environment::Purpose purpose,
                                             base::Deadline deadline) override;
    base::Result<std::vector<environment::Facts>> observe_all(const environment::Project& project,
                                                              base::Deadline deadline) override;
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
                                   base::Deadline deadline) override;
    void release(base::Deadline deadline) override;
    base::Result<std::vector<environment::Listed>> list(const environment::ListFilter& filter,
                                                        base::Deadline deadline) override;
    base::Result<std::vector<environment::HistoryEntry>> history(
        const environment::Project& project, const std::optional<environment::Name>& name, int most,
        base::Deadline deadline) override;
    base::Result<environment::Policy> policy(const environment::Project& project,
                                             base::Deadline deadline) override;
    base::Result<void> set_policy(std::string_view project, std::string_view key,
                                  std::string_view value, const environment::Actor& actor,
                                  base::Deadline deadline) override;

   private:
    bool is_dead();

    environment::Server& inner_;
    int left_;
    bool stopped_ = false;
};

}  // namespace support
