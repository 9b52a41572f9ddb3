// SPDX-License-Identifier: Apache-2.0
//
// The product as its doors see it: each operation observes, plans and executes, again and again
// until the wish is true, refused, or out of time. Synchronous; one operation at a time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "environment/credential.h"
#include "environment/key_ring.h"
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
    // Set where the server may be a copy: then the address above may lead to another one, and the
    // password is left out.
    std::optional<Doubt> doubt;
};

// Whether a password is for the advertised address, or for a session with this very server.
enum class Way { advertised, own };

// The rows of a plan's target, or of what was observed, at the advertised address.
Description describe(const Target& target, const Policy& policy);
Description describe(const Facts& facts);

struct Answer {
    Outcome outcome = Outcome::unchanged;
    std::optional<Description> description;  // nothing once it is absent
    std::vector<Step> steps;                 // what was done, or would be with dry_run
    std::vector<std::string> remarks;        // what else the caller should know
    bool warm = false;                       // it was built before anybody asked
};

// What one of many came to.
struct Report {
    Subject subject;
    base::Result<Answer> result;
};

// Two values of an environment's secret, one after the other.
struct Succession {
    int version = 0;  // of the password now
    base::Secret current;
    base::Secret next;
};

// What one call did for the pool.
struct PoolReport {
    int built = 0;
    int retired = 0;
    std::string held;  // why no more was built though some are lacking; empty where none are
};

// Fills a template's database, by a login as the target's role with the password of the
// credentials; answers remarks. What it fails with is told as it is.
using Filler = std::function<base::Result<std::vector<std::string>>(
    const Target& target, const Credentials& credentials, base::Deadline deadline)>;

enum class Execution { carry_out, dry_run };

class Operation;

class Manager {
   public:
    struct Surroundings {
        Actor actor;
        // What the caller's flags, variables and file say of policy; compared, never obeyed.
        std::map<std::string, std::string> policy_claims;
        KeyRing keys;
        // The store that a policy names, made anew for each look; nothing for none. Fails
        // invalid_input.
        std::function<base::Result<std::unique_ptr<SecretStore>>(const Policy& policy)>
            make_secret_store;
        // Told of each step as it begins; may be empty.
        std::function<void(const Step&)> on_step = {};
        // Waits before the world is looked at again; empty: sleeps.
        std::function<void(std::chrono::milliseconds)> pause = {};
    };

    // Borrows all of them for its life.
    Manager(Server& server, Surroundings surroundings, base::Log& log);

    // Makes the environment, or makes it right: at the end its password has been seen to log in.
    base::Result<Answer> create(const CreateWish& wish, Execution execution,
                                base::Deadline deadline);
    // Removes it with everything that belongs to it. What Postgres does not let go of yet is cut
    // off, its name is free, and the failure (conflict) says what holds it; it is tried again
    // later.
    base::Result<Answer> remove(const Wish& wish, Execution execution, base::Deadline deadline);
    // Makes right what is there, as create does, and leaves its terms as they are.
    base::Result<Answer> repair(const Wish& wish, Execution execution, base::Deadline deadline);
    // Fresh data under the same name, role, URL and password. After a failure the old data are back
    // in service.
    base::Result<Answer> reset(const Wish& wish, Execution execution, base::Deadline deadline);
    // Brings back what `from` finds in the trash, the newest of it, as the wish's environment: with
    // the role and the password that it had. An environment that a reset gave other data gets its
    // former ones, and what it has now goes to the trash.
    base::Result<Answer> restore(const Wish& wish, const TrashFilter& from, Execution execution,
                                 base::Deadline deadline);
    // What of the trash can be restored, the newest first.
    base::Result<std::vector<Trashed>> trash(const TrashFilter& filter, base::Deadline deadline);
    // Drops all that `filter` finds in the trash, for good; answers what that was. What something
    // still holds is dropped later.
    base::Result<std::vector<Trashed>> empty_trash(const TrashFilter& filter,
                                                   const std::string& reason, Execution execution,
                                                   base::Deadline deadline);
    // Finds what should not be there any more, and removes it, as far as the rules of a sweep and
    // the time allow. What it could not remove is in the report, with why. Fails conflict for a
    // truth that cannot be one, and then has removed nothing.
    base::Result<SweepReport> sweep(const SweepWish& wish, Execution execution,
                                    base::Deadline deadline);
    // The next password.
    base::Result<Answer> rotate(const Wish& wish, Sessions sessions, Execution execution,
                                base::Deadline deadline);
    // The same in two halves, for a store that rotates by itself: the values that the secret has
    // now and will have, and the change from one to the other, which is content when it was made
    // already.
    base::Result<Succession> succession(const Subject& subject, base::Deadline deadline);
    base::Result<Answer> rotate_from(int version, const Wish& wish, base::Deadline deadline);
    base::Result<Answer> close(const Wish& wish, Execution execution, base::Deadline deadline);
    base::Result<Answer> open(const Wish& wish, Execution execution, base::Deadline deadline);
    base::Result<Answer> extend(const Wish& wish, std::optional<std::chrono::seconds> ttl,
                                Execution execution, base::Deadline deadline);
    base::Result<Answer> protect(const Wish& wish, Protection protection, Execution execution,
                                 base::Deadline deadline);
    // Hands it over with its data, role and secret: from then on nothing of ours touches them. The
    // answer has its password, for the last time.
    base::Result<Answer> release(const Wish& wish, Execution execution, base::Deadline deadline);

    // What repair would do to each environment of the project: from a few statements however many
    // there are, and a login to each that seems right. Of more than k_most_logins environments it
    // takes no login, which would be a hundred times the work; repair itself does.
    static constexpr std::size_t k_most_logins = 100;
    base::Result<std::vector<Report>> examine(const Project& project, base::Deadline deadline);
    // Every living environment of the project that is not closed, by name.
    base::Result<std::vector<Subject>> subjects(const Project& project, base::Deadline deadline);

    // Goes on with what earlier calls left unfinished, in all projects: removals, publications, and
    // databases that could not be dropped yet. What somebody works on is left to them.
    base::Result<std::vector<Report>> finish_pending(base::Deadline deadline);

    // Makes a template, or its next version; after a failure the former one is still in service.
    // The answer has no description.
    base::Result<Answer> make_template(const TemplateWish& wish, const Filler& filler,
                                       Execution execution, base::Deadline deadline);
    // The same, beginning with what one of our environments has. `beside`, a manager of a session
    // of its own, closes that while it is copied, and opens it again whatever comes; a protected
    // one may be copied. Fails not_found, and as close.
    base::Result<Answer> make_template_from(const Subject& origin, TemplateWish wish,
                                            const Filler& filler, Manager& beside,
                                            Execution execution, base::Deadline deadline);
    base::Result<Answer> forget_template(const TemplateSubject& subject, Execution execution,
                                         base::Deadline deadline);
    base::Result<TemplateDescription> get_template(const TemplateSubject& subject,
                                                   base::Deadline deadline);

    // Retires and builds until the pool is as it is to be, or `most` were built. Any number of
    // these may run at once: they share the work. A build that fails ends it.
    base::Result<PoolReport> fill_pool(const Project& project, int most, base::Deadline deadline);
    // Nothing is built ahead any more of the template, or of all with an empty one, and what is
    // there goes.
    base::Result<PoolReport> drain_pool(const Project& project,
                                        const std::string& database_template,
                                        base::Deadline deadline);

    // Reads only, and proves no login. Fails not_found, and conflict for an environment of another
    // repository than the subject's; an environment that is not ready fails unavailable where its
    // password is asked for. On a server that may be a copy the password is there only for
    // Way::own.
    base::Result<Description> get(const Subject& subject, base::Deadline deadline,
                                  Way way = Way::advertised);
    // Fails conflict, saying that `what` was not done, on a server that may be a copy of another
    // one. Before every effect outside the server that no plan knows of.
    base::Result<void> check_original(const Project& project, const std::string& what,
                                      base::Deadline deadline);

    base::Result<std::vector<Description>> list(const ListFilter& filter, base::Deadline deadline);

   private:
    base::Result<Answer> operate(const Subject& subject,
                                 const std::function<base::Result<Plan>(const Facts&)>& planner,
                                 const std::function<base::Result<Plan>(const Facts&)>& undo,
                                 Execution execution, base::Deadline deadline);
    base::Result<Answer> conclude(const Operation& operation, base::Result<Answer> answer,
                                  Execution execution, base::Deadline deadline);
    // As it was promised; the server is proven where it was in doubt.
    base::Result<Facts> recall(const Subject& subject, base::Deadline deadline);
    base::Result<Answer> examine_one(const Subject& subject, Facts facts, bool by_login,
                                     base::Deadline deadline) const;
    base::Result<Tried> try_login(const Target& target, const Facts& facts,
                                  const std::optional<base::Secret>& value,
                                  base::Deadline deadline) const;
    base::Result<void> remove_found(const Project& project, const Finding& finding,
                                    base::Deadline deadline);
    void deal_with_environments(const SweepWish& wish, SweepReport& report,
                                base::Deadline deadline);
    void deal_with_remains(SweepReport& report, base::Deadline deadline);
    void deal_with_unknown(SweepReport& report, base::Deadline deadline);
    void look_for_orphaned_secrets(const Policy& policy, SweepReport& report, Execution execution,
                                   base::Deadline deadline);
    void remove_expired(const Project& project, std::chrono::milliseconds budget,
                        base::Deadline deadline);
    void finish_leftovers(std::chrono::milliseconds budget, base::Deadline deadline);
    base::Result<Answer> fill_template(Operation& operation, const TemplateWish& wish,
                                       const Filler& filler, Execution execution,
                                       base::Deadline deadline);
    base::Result<CloneSource> snapshot_of(const Subject& origin, const Facts& facts,
                                          base::Deadline deadline);
    base::Result<bool> build_warm(const Project& project, const PoolAction& action,
                                  const PoolFacts& facts, base::Deadline deadline);
    base::Result<bool> retire(const PooledInstance& pooled, const Facts& facts,
                              const std::string& why, base::Deadline deadline);

    Server& server_;
    Surroundings surroundings_;
    base::Log& log_;
};

}  // namespace environment
