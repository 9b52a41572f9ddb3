// SPDX-License-Identifier: Apache-2.0
//
// environment::Server on a FakeWorld: the session of one process. It answers as the real one does
// (tests/pg/server_contract_test.cpp holds both to it), refuses what Postgres would refuse with the
// same SQLSTATE, and suffers what its Fate says. A step without a lock is a bug of the caller, and
// thrown. When it is destroyed its locks are let go of, as of a process that died.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "environment/server.h"
#include "support/fake_world.h"
#include "support/fate.h"

namespace support {

class FakeServer final : public environment::Server {
   public:
    // Borrows both for its life.
    FakeServer(FakeWorld& world, Fate& fate) : world_(world), fate_(fate) {}
    ~FakeServer() override;

    base::Result<environment::Facts> observe(const environment::Subject& subject,
                                             environment::Purpose purpose,
                                             base::Deadline deadline) override;
    base::Result<std::vector<environment::Facts>> observe_all(const environment::Project& project,
                                                              base::Deadline deadline) override;
    base::Result<std::optional<environment::Facts>> observe_leftover(
        const environment::Leftover& leftover, base::Deadline deadline) override;
    base::Result<std::vector<environment::Leftover>> leftovers(int most,
                                                               base::Deadline deadline) override;
    base::Result<std::vector<environment::Trashed>> trash(const environment::TrashFilter& filter,
                                                          base::Deadline deadline) override;
    base::Result<int> give_up_trash(const std::vector<base::Uuid>& instances,
                                    const std::string& reason, const environment::Actor& actor,
                                    base::Deadline deadline) override;
    base::Result<environment::SweepFacts> observe_sweep(const environment::Project& project,
                                                        const std::string& repository,
                                                        base::Deadline deadline) override;
    base::Result<void> record_sweep(const environment::Project& project,
                                    const environment::Truth& truth,
                                    base::Deadline deadline) override;
    base::Result<std::vector<base::Uuid>> gone_among(const std::vector<base::Uuid>& environments,
                                                     base::Deadline deadline) override;
    base::Result<std::vector<std::string>> adopt_unknown(const environment::KeyTexts& key_texts,
                                                         const environment::Actor& actor,
                                                         base::Deadline deadline) override;
    base::Result<environment::CandidateFacts> observe_candidate(
        const environment::Candidate& candidate, base::Deadline deadline) override;
    base::Result<std::vector<std::string>> candidates(const std::string& prefix,
                                                      base::Deadline deadline) override;
    base::Result<environment::Facts> observe_template(const environment::TemplateSubject& subject,
                                                      environment::Purpose purpose,
                                                      base::Deadline deadline) override;
    base::Result<std::vector<environment::TemplateDescription>> templates(
        const environment::Project& project, base::Deadline deadline) override;
    base::Result<environment::PoolFacts> observe_pool(const environment::Project& project,
                                                      base::Deadline deadline) override;
    base::Result<void> set_pool(const environment::Project& project,
                                const std::string& database_template, int target,
                                const environment::Actor& actor, base::Deadline deadline) override;
    base::Result<void> while_leased(const std::function<base::Result<void>()>& deed) override;
    base::Result<std::string> perform(const environment::Step& step, const environment::Plan& plan,
                                      const environment::Credentials& credentials,
                                      const environment::Actor& actor,
                                      base::Deadline deadline) override;
    base::Result<environment::LoginProof> prove_login(const environment::Target& target,
                                                      const environment::Credentials& credentials,
                                                      base::Deadline deadline) override;
    base::Result<std::optional<environment::Doubt>> prove(const environment::Policy& policy,
                                                          base::Deadline deadline) override;
    base::Result<void> check_lease(const environment::Target& target,
                                   base::Deadline deadline) override;
    void release(base::Deadline deadline) override;

    base::Result<std::vector<environment::Obstacle>> obstacles(const environment::Target& target,
                                                               base::Deadline deadline) override;
    base::Result<environment::Usage> usage(const std::optional<environment::Project>& project,
                                           base::Deadline deadline) override;
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
    struct Work {
        const environment::Step& step;
        const environment::Plan& plan;
        const environment::Target& target;
        const environment::Credentials& credentials;
        const environment::Actor& actor;
    };
    using Done = base::Result<void>;
    using Told = base::Result<std::string>;

    // fake_server.cpp
    void connect();
    void lose_session();
    void end_transaction();
    bool has_lock() const;
    Done take_lock(const std::string& key, const std::string& what);
    Told effect(const Work& work, Mishap mishap);
    base::Result<environment::LoginProof> look_inside(
        const environment::Target& target, const environment::Credentials& credentials) const;
    Done within_lease(const environment::Target& target) const;
    void tell(const Work& work, std::string_view event = {});
    void tell_what_goes(const environment::Target& target, environment::HistoryEntry& entry) const;
    static std::string_view removed_as(const Work& work) {
        const auto& how = work.target.environment.retirement;
        return how ? std::string_view(how->told_as) : std::string_view("deleted");
    }

    // fake_observation.cpp
    environment::Facts common_facts(const environment::Project& project) const;
    void read_rows(const EnvironmentRow& row, environment::Facts& facts) const;
    void read_role(const std::optional<base::Uuid>& role, environment::Facts& facts) const;
    std::optional<environment::DatabaseFacts> database_of(const environment::InstanceRecord& record,
                                                          const std::string& role) const;
    environment::InstanceRecord instance_of(const base::Uuid& id) const;
    void find_name_holder(const environment::Subject& subject, environment::Facts& facts) const;
    std::optional<environment::Retirement> tombstone_of(const environment::Subject& subject) const;
    std::optional<environment::RoleRecord> leftover_role(const InstanceRow& row) const;

    // fake_supply.cpp
    environment::TemplateDescription described(const TemplateRow& row) const;
    bool is_sound(const InstanceRow& row) const;

    // fake_building.cpp
    void count_write();
    Done record_intent(const Work& work);
    Done check_unique(const base::Uuid& instance, const std::string& database) const;
    Done insert_instance(const environment::Target& target, const std::string& purpose);
    Done create_role(const Work& work);
    Done create_database(const Work& work);
    Done secure_database(const Work& work);
    Done hand_over(const Work& work);
    Done set_password(const Work& work);
    Done repair_role(const Work& work);
    Done claim_built(const Work& work);
    Done mark_ready(const Work& work);
    Done adopt(const Work& work);
    EnvironmentRow& describe(const environment::EnvironmentRecord& record);

    // fake_claim.cpp
    void find_source(const environment::Subject& subject, environment::Purpose purpose,
                     environment::Facts& facts);
    std::optional<environment::CloneSource> version_of(const std::string& project,
                                                       const std::string& name) const;
    std::optional<environment::CloneSource> source_of(const environment::Subject& subject,
                                                      const environment::Facts& facts) const;
    std::optional<base::Uuid> newest_warm(
        const std::string& project, const environment::CloneSource& source,
        const std::function<bool(const InstanceRow&)>& fits) const;
    bool may_lock_row(const base::Uuid& instance) const;
    Told claim_warm(const Work& work);
    Done claim_it(const Work& work);
    void end_lock_holders(const std::string& database);

    // fake_pool.cpp
    bool lacks(const Work& work) const;
    Done record_warm(const Work& work);
    Done shelve(const Work& work);
    Done take_warm(const Work& work);
    Done dismiss_owner(const Work& work);
    Done discard(const Work& work);

    // fake_template.cpp
    Done record_template(const Work& work);
    Told freeze(const Work& work);
    Done examine(const Work& work) const;
    Done publish(const Work& work);
    Done forget_template(const Work& work);
    void let_go_of(const base::Uuid& instance);
    void tell_of(const environment::TemplateRecord& model, std::string_view event,
                 const std::string& reason, const environment::Actor& actor);

    // fake_changes.cpp
    Done renew(const Work& work);
    Done record_reset(const Work& work);
    Done swap(const Work& work);
    Done drop_next(const Work& work);
    Done rotate_password(const Work& work);
    Done mark_protection(const Work& work);
    Done record_closure(const Work& work);

    // fake_sweep.cpp
    bool is_known(const std::string& name, std::uint32_t oid) const;
    std::optional<environment::Remains> remains_of(const InstanceRow& row) const;

    // fake_trash.cpp
    Told put_into_trash(const Work& work);
    Done restore(const Work& work);
    Done take_from_trash(const environment::InstanceRecord& instance);
    environment::Trashed trashed(const InstanceRow& row) const;
    const EnvironmentRow* former_of(const InstanceRow& row) const;
    void tell_purged(const InstanceRow& row, const std::string& reason,
                     const environment::Actor& actor);

    // fake_removal.cpp
    Done record_absence(const Work& work);
    Done record_retirement(const Work& work);
    Done close_database(const Work& work);
    Done end_sessions(const Work& work);
    Told bury(const Work& work);
    Done let_go(const Work& work);
    Done rename_for_dropping(const Work& work);
    Done drop_database(const Work& work, Mishap mishap);
    Told drop_role(const Work& work);
    Done forget(const Work& work);
    Done hand_back(const Work& work);  // fake_release.cpp

    // What every statement asks of the database or role that it changes. Nothing is changed where
    // they fail.
    base::Result<FakeDatabase*> own_database(const std::string& name);
    base::Result<FakeDatabase*> alterable_database(const std::string& name);
    base::Result<FakeLogin*> own_login(const std::string& name);
    Done rename(const std::string& from, const std::string& to);
    Done must_be(const std::string& called, const environment::InstanceRecord& instance,
                 std::string_view prefix) const;
    EnvironmentRow* row_of(const environment::Target& target);

    FakeWorld& world_;
    Fate& fate_;
    int session_ = 0;  // 0: none
    bool session_broke_ = false;
    std::int64_t epoch_ = 0;
    std::optional<base::Uuid> begun_;  // the warm instance that an open transaction has locked
    std::vector<base::Uuid> avoided_;
    bool name_taken_ = false;
};

}  // namespace support
