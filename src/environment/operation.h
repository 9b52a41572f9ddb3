// SPDX-License-Identifier: Apache-2.0
//
// One operation on its way: observe, plan, execute, and again from the start when the world turned
// out to be otherwise, until the wish is true, refused, or out of time. Internal to this room.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "environment/manager.h"

namespace environment {

// What an operation wishes for, as the rules see it: from facts to a plan.
using Planner = std::function<base::Result<Plan>(const Facts&)>;

// The password of a role: derived, or for one that was taken over what its secret says. Empty where
// that says none.
base::Result<base::Secret> password_of(const RoleRecord& role, const Installation& installation,
                                       const KeyRing& keys,
                                       const std::optional<base::Secret>& value);

// Adds to `facts` what the store has under the environment's name, or under `wished` for one that
// is not there yet; answers that value.
base::Result<std::optional<base::Secret>> observe_secret(SecretStore& store, const Subject& subject,
                                                         const std::string& wished,
                                                         const KeyRing& keys, Facts& facts,
                                                         base::Deadline deadline);

// True for what was undone or lost, and is likely to succeed at the next attempt.
bool worth_another_look(const base::Error& error);

class Operation {
   public:
    using Look = std::function<base::Result<Facts>(base::Deadline)>;

    // On the environment `subject`. Borrows all of them for its life.
    Operation(Server& server, const Manager::Surroundings& surroundings, base::Log& log,
              const Subject& subject, Purpose purpose = Purpose::work);
    // On what `look` observes, which is no environment; without one only carry_out may be called.
    Operation(Server& server, const Manager::Surroundings& surroundings, base::Log& log,
              Look look = {});

    // What a create says of an environment that is not there yet.
    void expect(std::string secret, std::optional<Candidate> candidate) {
        wished_secret_ = std::move(secret);
        candidate_ = std::move(candidate);
    }

    // What is to be restored.
    void look_in_trash(TrashFilter filter) { trash_ = std::move(filter); }

    // What fills a template.
    void fill_with(Filler filler) { filler_ = std::move(filler); }

    // What is to be done through another server before anything is cloned, and once it is; what
    // fails in the latter is for the caller to find out.
    using Beside = std::function<base::Result<void>(base::Deadline)>;
    void clone_between(Beside before, Beside after) {
        before_clone_ = std::move(before);
        after_clone_ = std::move(after);
    }

    // Until `planner`'s wish is true. `undo`, where there is one, plans what takes back a failure
    // that is final. Gives the lock back after a failure, and keeps it after a success.
    base::Result<Answer> run(const Planner& planner, const Planner& undo, Execution execution,
                             base::Deadline deadline);

    // The steps of a plan that was made from `facts`, in order.
    base::Result<void> carry_out(const Plan& plan, const Facts& facts, base::Deadline deadline);

    // Whether the last answer left something behind for others to finish.
    bool has_leftovers() const { return facts_.installation.has_leftovers; }
    // Whether the time of some environment was over, where this was about one.
    bool has_expired() const { return subject_ != nullptr && facts_.installation.has_expired; }
    const Project& project() const { return subject_->project; }

   private:
    base::Result<std::optional<Answer>> attempt(const Planner& planner, Execution execution,
                                                base::Deadline deadline);
    base::Result<void> look(base::Deadline deadline);
    base::Result<void> observe(base::Deadline deadline);
    base::Result<void> observe_candidate(base::Deadline deadline);
    base::Result<void> perform(const Step& step, const Plan& plan, const Credentials& credentials,
                               base::Deadline deadline);
    base::Result<void> clone_between_both(const Step& step, const Plan& plan,
                                          const Credentials& credentials, base::Deadline deadline);
    base::Result<void> fill(const Plan& plan, const Credentials& credentials,
                            base::Deadline deadline);
    base::Result<void> perform_on_secret(const Step& step, const Plan& plan,
                                         const Credentials& credentials, base::Deadline deadline);
    base::Result<void> unless_overtaken(base::Result<void> done, const Target& target,
                                        base::Deadline deadline);
    base::Result<void> prove_login(const Plan& plan, const Credentials& credentials,
                                   base::Deadline deadline);
    base::Result<Credentials> credentials_for(const Target& target) const;
    bool take_back(const Planner& undo, base::Deadline deadline);
    base::Error give_up(base::Error error, const Planner& undo, base::Deadline deadline);

    Server& server_;
    const Manager::Surroundings& surroundings_;
    base::Log& log_;
    const Subject* subject_ = nullptr;
    Look look_;
    Filler filler_;
    Beside before_clone_;
    Beside after_clone_;
    bool is_final_ = false;  // what failed is not to be tried again

    Facts facts_;
    Tried tried_;
    Credentials credentials_;  // of the target of the last plan that had steps
    std::unique_ptr<SecretStore> store_;
    std::optional<base::Secret> former_secret_;
    std::string wished_secret_;
    std::optional<Candidate> candidate_;
    std::optional<TrashFilter> trash_;
    bool made_something_ = false;
    std::vector<std::string> remarks_;
};

}  // namespace environment
