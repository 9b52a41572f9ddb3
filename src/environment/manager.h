// SPDX-License-Identifier: Apache-2.0
//
// The product as its doors see it: each operation observes, plans and executes, again and again
// until the wish is true, refused, or out of time. Synchronous; one operation at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "environment/credential.h"
#include "environment/plan.h"
#include "environment/secret_store.h"
#include "environment/server.h"

namespace environment {

// An environment as every door shows it. `password` is only in what asks for it by name.
struct Description {
    EnvironmentRecord environment;
    std::string database;
    std::string role;
    std::string database_template;
    std::string host;
    int port = 0;
    std::string sslmode;
    base::Secret password;
    std::optional<std::int64_t> size_bytes;
};

struct Answer {
    Outcome outcome = Outcome::unchanged;
    std::optional<Description> description;  // nothing once it is absent
    std::vector<Step> steps;                 // what was done, or would be with dry_run
    std::vector<std::string> remarks;        // what else the caller should know
};

enum class Execution { carry_out, dry_run };

class Manager {
   public:
    struct Surroundings {
        Actor actor;
        // What the caller's flags, variables and file say of policy; compared, never obeyed.
        std::map<std::string, std::string> policy_claims;
        // REVIEWDB_KEY, where it is set.
        std::optional<base::Secret> key_text;
        // The store that a policy names ("file:DIR"); nothing for "none". Fails invalid_input.
        std::function<base::Result<std::unique_ptr<SecretStore>>(const std::string& policy)>
            make_secret_store;
    };

    // Borrows all of them for its life.
    Manager(Server& server, Surroundings surroundings, base::Log& log);

    // Makes the environment, or makes it right: at the end its password has been seen to log in.
    base::Result<Answer> create(const CreateWish& wish, Execution execution,
                                base::Deadline deadline);
    // Removes it with everything that belongs to it. What Postgres does not let go of yet is cut
    // off, its name is free, and the failure (conflict) says what holds it; it is tried again
    // later.
    base::Result<Answer> remove(const DeleteWish& wish, Execution execution,
                                base::Deadline deadline);
    // Reads only, and proves nothing. Fails not_found; an environment that is not ready fails
    // unavailable where its password is asked for.
    base::Result<Description> get(const Subject& subject, base::Deadline deadline);

    base::Result<std::vector<Description>> list(const ListFilter& filter, base::Deadline deadline);

   private:
    struct Work;
    base::Result<Answer> work_until_done(Work& work, Execution execution, base::Deadline deadline);
    base::Result<void> carry_out(const Plan& plan, Work& work, base::Deadline deadline);
    base::Result<void> perform(const Step& step, const Plan& plan, Work& work,
                               base::Deadline deadline);
    base::Result<Key> key_for(const Facts& facts, int number) const;
    base::Result<Credentials> credentials_for(const Target& target, const Facts& facts) const;
    base::Result<void> observe(Work& work, base::Deadline deadline);
    base::Result<Plan> plan_for(Work& work) const;
    base::Result<void> clear_the_way(Work& work, base::Deadline deadline);
    void take_back(Work& work, base::Deadline deadline);
    void finish_leftovers(base::Deadline deadline);

    Server& server_;
    Surroundings surroundings_;
    base::Log& log_;
};

}  // namespace environment
