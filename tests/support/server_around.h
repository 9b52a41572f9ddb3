// SPDX-License-Identifier: Apache-2.0
//
// A server around another one, which it asks everything: what watches or disturbs a server is made
// from this.
#pragma once

#include "environment/server.h"

namespace support {

class ServerAround : public environment::Server {
   public:
    // Borrows it for its life.
    explicit ServerAround(environment::Server& inner) : inner_(inner) {}

    base::Result<environment::Facts> observe(const environment::Subject& subject,
                                             environment::Purpose purpose,
                                             base::Deadline deadline) override {
        return inner_.observe(subject, purpose, deadline);
    }
    base::Result<std::vector<environment::Facts>> observe_all(const environment::Project& project,
                                                              base::Deadline deadline) override {
        return inner_.observe_all(project, deadline);
    }
    base::Result<std::optional<environment::Facts>> observe_leftover(
        const environment::Leftover& leftover, base::Deadline deadline) override {
        return inner_.observe_leftover(leftover, deadline);
    }
    base::Result<std::vector<environment::Leftover>> leftovers(int most,
                                                               base::Deadline deadline) override {
        return inner_.leftovers(most, deadline);
    }
    base::Result<std::vector<environment::Trashed>> trash(const environment::TrashFilter& filter,
                                                          base::Deadline deadline) override {
        return inner_.trash(filter, deadline);
    }
    base::Result<int> give_up_trash(const std::vector<base::Uuid>& instances,
                                    const std::string& reason, const environment::Actor& actor,
                                    base::Deadline deadline) override {
        return inner_.give_up_trash(instances, reason, actor, deadline);
    }
    base::Result<environment::SweepFacts> observe_sweep(const environment::Project& project,
                                                        const std::string& repository,
                                                        base::Deadline deadline) override {
        return inner_.observe_sweep(project, repository, deadline);
    }
    base::Result<void> record_sweep(const environment::Project& project,
                                    const environment::Truth& truth,
                                    base::Deadline deadline) override {
        return inner_.record_sweep(project, truth, deadline);
    }
    base::Result<std::vector<base::Uuid>> gone_among(const std::vector<base::Uuid>& environments,
                                                     base::Deadline deadline) override {
        return inner_.gone_among(environments, deadline);
    }
    base::Result<std::vector<std::string>> adopt_unknown(const environment::KeyTexts& key_texts,
                                                         const environment::Actor& actor,
                                                         base::Deadline deadline) override {
        return inner_.adopt_unknown(key_texts, actor, deadline);
    }
    base::Result<environment::CandidateFacts> observe_candidate(
        const environment::Candidate& candidate, base::Deadline deadline) override {
        return inner_.observe_candidate(candidate, deadline);
    }
    base::Result<std::vector<std::string>> candidates(const std::string& prefix,
                                                      base::Deadline deadline) override {
        return inner_.candidates(prefix, deadline);
    }
    base::Result<environment::Facts> observe_template(const environment::TemplateSubject& subject,
                                                      environment::Purpose purpose,
                                                      base::Deadline deadline) override {
        return inner_.observe_template(subject, purpose, deadline);
    }
    base::Result<std::vector<environment::TemplateDescription>> templates(
        const environment::Project& project, base::Deadline deadline) override {
        return inner_.templates(project, deadline);
    }
    base::Result<environment::PoolFacts> observe_pool(const environment::Project& project,
                                                      base::Deadline deadline) override {
        return inner_.observe_pool(project, deadline);
    }
    base::Result<void> set_pool(const environment::Project& project,
                                const std::string& database_template, int target,
                                const environment::Actor& actor, base::Deadline deadline) override {
        return inner_.set_pool(project, database_template, target, actor, deadline);
    }
    base::Result<void> while_leased(const std::function<base::Result<void>()>& deed) override {
        return inner_.while_leased(deed);
    }
    base::Result<std::string> perform(const environment::Step& step, const environment::Plan& plan,
                                      const environment::Credentials& credentials,
                                      const environment::Actor& actor,
                                      base::Deadline deadline) override {
        return inner_.perform(step, plan, credentials, actor, deadline);
    }
    base::Result<environment::LoginProof> prove_login(const environment::Target& target,
                                                      const environment::Credentials& credentials,
                                                      base::Deadline deadline) override {
        return inner_.prove_login(target, credentials, deadline);
    }
    base::Result<std::optional<environment::Doubt>> prove(const environment::Policy& policy,
                                                          base::Deadline deadline) override {
        return inner_.prove(policy, deadline);
    }
    base::Result<void> check_lease(const environment::Target& target,
                                   base::Deadline deadline) override {
        return inner_.check_lease(target, deadline);
    }
    void release(base::Deadline deadline) override { inner_.release(deadline); }
    base::Result<std::vector<environment::Obstacle>> obstacles(const environment::Target& target,
                                                               base::Deadline deadline) override {
        return inner_.obstacles(target, deadline);
    }
    base::Result<environment::Usage> usage(const std::optional<environment::Project>& project,
                                           base::Deadline deadline) override {
        return inner_.usage(project, deadline);
    }
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

   protected:
    environment::Server& inner_;  // NOLINT(*-non-private-member-variables-in-classes): for those
};

}  // namespace support
