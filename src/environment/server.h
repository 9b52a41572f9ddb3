// SPDX-License-Identifier: Apache-2.0
//
// The server as the rules see it: one place to observe, and hands for the steps of a plan. Words of
// the domain only; SQL stands in src/server.
//
// An implementation serves one operation at a time. It may lose its session at any call; the next
// observe() opens another, takes the lock again and sees what really happened.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "base/secret.h"
#include "environment/facts.h"
#include "environment/key_ring.h"
#include "environment/name.h"
#include "environment/obstacle.h"
#include "environment/plan.h"
#include "environment/pool.h"
#include "environment/stamp.h"
#include "environment/sweep.h"
#include "environment/template.h"
#include "environment/usage.h"

namespace environment {

// Recalling is for what was promised, and may leave the catalog's facts empty; reading looks at all
// there is, without a lock; working takes the environment's lock and holds it until release().
// Claiming is working, and where there is no environment it takes a warm instance along, which
// nobody else is given until the next step or release(). Of an environment that serves, it may
// leave out what that would be cloned from.
enum class Purpose { recall, read, work, claim };

struct Subject {
    Project project;
    Name name;
    // What it wants new data from; empty: what it has, or else what the policy says.
    std::string wanted_template = {};
    // How the last one of that name went, too.
    bool with_tombstone = false;
    // The caller's; empty when it has none, or for a door that does not check it.
    std::string repository = {};
};

// Of what is in the trash: of one project or of all, of one name, and one alone where somebody
// chose it by the beginning of its id.
struct TrashFilter {
    std::optional<Project> project;
    std::optional<Name> name;
    std::string instance = {};
};

// An instance whose environment has let go of it and whose removal is not finished.
struct Leftover {
    base::Uuid instance;
    std::string database;
};

// What the steps need beside the target, made by the Manager from the key.
struct Credentials {
    base::Secret password;
    DatabaseStamp stamp;  // of the instance, once claimed
    base::Uuid leaving;   // the instance that leaves

    std::string database_stamp() const { return stamp.to_text(); }
    // Before it has a name.
    std::string building_stamp() const;
    std::string role_stamp() const;
    // What every stamp of the instance, and of the one that leaves, begins with.
    std::string stamp_prefix() const;
    std::string leaving_prefix() const;
};

// What a login as the role showed.
struct LoginProof {
    bool password_accepted = false;
    // It owns a schema public. Taken for true where its connection limit let nobody look.
    bool owns_schema = true;
};

// Who does it, for history.
struct Actor {
    std::string name;     // as claimed
    std::string door;     // cli, lambda, http
    std::string program;  // version
};

struct ListFilter {
    std::optional<Project> project;  // nothing: all
    std::optional<EnvironmentState> state;
    std::string repository;
    Labels labels;
    bool with_sizes = false;
    std::optional<Name> name = {};  // only that one
};

struct Listed {
    EnvironmentRecord environment;
    std::string database;
    std::string role;
    std::string database_template;
    std::optional<std::int64_t> size_bytes;
};

class Server {
   public:
    Server() = default;
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    virtual ~Server() = default;

    // The facts about `subject`. With Purpose::work it holds the lock first: it waits for it until
    // `deadline`, then fails overloaded, naming the holder. Fails not_found with the SQLSTATE 3D000
    // when the server has no registry, conflict when the registry is not for this program's
    // version.
    virtual base::Result<Facts> observe(const Subject& subject, Purpose purpose,
                                        base::Deadline deadline) = 0;
    // Every living environment of the project, as with Purpose::read, by name.
    virtual base::Result<std::vector<Facts>> observe_all(const Project& project,
                                                         base::Deadline deadline) = 0;
    // The same for an instance that no environment has any more. Nothing when somebody else works
    // on it, or when it is gone.
    virtual base::Result<std::optional<Facts>> observe_leftover(const Leftover& leftover,
                                                                base::Deadline deadline) = 0;
    // At most `most` of them, oldest first; none that somebody works on.
    virtual base::Result<std::vector<Leftover>> leftovers(int most, base::Deadline deadline) = 0;

    // What is kept in the trash, what was put there last first.
    virtual base::Result<std::vector<Trashed>> trash(const TrashFilter& filter,
                                                     base::Deadline deadline) = 0;
    // Lets go of what is in the trash before its time, with its line of history; what is no longer
    // there is left out. It is removed as leftovers are. Answers how many it let go of.
    virtual base::Result<int> give_up_trash(const std::vector<base::Uuid>& instances,
                                            const std::string& reason, const Actor& actor,
                                            base::Deadline deadline) = 0;

    // What a sweep of the project looks at; of the former ones, that of `repository`. Takes no
    // lock.
    virtual base::Result<SweepFacts> observe_sweep(const Project& project,
                                                   const std::string& repository,
                                                   base::Deadline deadline) = 0;
    // Remembers that a source was asked, and how many branches it knew.
    virtual base::Result<void> record_sweep(const Project& project, const Truth& truth,
                                            base::Deadline deadline) = 0;
    // Which of these environments the registry knows to be gone; what was handed over is not.
    virtual base::Result<std::vector<base::Uuid>> gone_among(
        const std::vector<base::Uuid>& environments, base::Deadline deadline) = 0;
    // Takes the databases that carry our stamp and that the registry does not know into it. Answers
    // a sentence for each.
    virtual base::Result<std::vector<std::string>> adopt_unknown(const KeyTexts& key_texts,
                                                                 const Actor& actor,
                                                                 base::Deadline deadline) = 0;

    // What the server has under the names that another tool would have given an environment.
    virtual base::Result<CandidateFacts> observe_candidate(const Candidate& candidate,
                                                           base::Deadline deadline) = 0;

    // The stages of which another tool made database and role, and which the registry has not: what
    // stands behind <prefix>_ in the database's name and behind <prefix>_user_ in the role's. By
    // name.
    virtual base::Result<std::vector<std::string>> candidates(const std::string& prefix,
                                                              base::Deadline deadline) = 0;

    // A template: `instance` is its version in service, `next` what an unfinished build left,
    // `role` the throw-away role of that. With Purpose::work it holds the template's lock.
    virtual base::Result<Facts> observe_template(const TemplateSubject& subject, Purpose purpose,
                                                 base::Deadline deadline) = 0;
    // By name.
    virtual base::Result<std::vector<TemplateDescription>> templates(const Project& project,
                                                                     base::Deadline deadline) = 0;
    // What is built ahead for the project, or is to be. Takes no lock.
    virtual base::Result<PoolFacts> observe_pool(const Project& project,
                                                 base::Deadline deadline) = 0;
    // How many there are to be from now on, with its line of history. Fails not_found for a
    // template that is not there.
    virtual base::Result<void> set_pool(const Project& project,
                                        const std::string& database_template, int target,
                                        const Actor& actor, base::Deadline deadline) = 0;
    // Runs `deed`, which takes long and does not use this server, and keeps the lease meanwhile.
    // Fails in_doubt where that was lost.
    virtual base::Result<void> while_leased(const std::function<base::Result<void>()>& deed) = 0;

    // Carries out one step of a plan. Safe to repeat, and content when it is already so. Fails
    // in_doubt when it is not known whether a statement that cannot be rolled back took effect. A
    // success may come with a remark for the caller; empty when there is nothing to say.
    virtual base::Result<std::string> perform(const Step& step, const Plan& plan,
                                              const Credentials& credentials, const Actor& actor,
                                              base::Deadline deadline) = 0;
    // Logs in to the target's database as its role, and looks whose its schema public is; that of a
    // warm instance has been claimed, and has the final name. Fails denied where the server asks
    // for no password, and as a connection attempt does.
    virtual base::Result<LoginProof> prove_login(const Target& target,
                                                 const Credentials& credentials,
                                                 base::Deadline deadline) = 0;

    // Proves that the address of `policy` leads to this very server, and records it; nothing when
    // that succeeded. Waits a few seconds at most, and answers the same for a minute when it
    // failed. Ends the transaction of an observation for a claim. Fails as the session does.
    virtual base::Result<std::optional<Doubt>> prove(const Policy& policy,
                                                     base::Deadline deadline) = 0;

    // One round trip: this process still holds the lock, and nobody has taken over since. Fails
    // in_doubt otherwise. Before every effect outside the session.
    virtual base::Result<void> check_lease(const Target& target, base::Deadline deadline) = 0;
    // Gives the lock back; harmless without one.
    virtual void release(base::Deadline deadline) = 0;

    // What a delete of the target would meet. Reads only.
    virtual base::Result<std::vector<Obstacle>> obstacles(const Target& target,
                                                          base::Deadline deadline) = 0;

    // What the project's environments take, or all of ours; a handful of statements however many
    // there are.
    virtual base::Result<Usage> usage(const std::optional<Project>& project,
                                      base::Deadline deadline) = 0;
    virtual base::Result<std::vector<Listed>> list(const ListFilter& filter,
                                                   base::Deadline deadline) = 0;
    // Newest last; without a name, the whole project's.
    virtual base::Result<std::vector<HistoryEntry>> history(const Project& project,
                                                            const std::optional<Name>& name,
                                                            int most, base::Deadline deadline) = 0;
    virtual base::Result<Policy> policy(const Project& project, base::Deadline deadline) = 0;
    // Sets a checked value for one project, or for k_every_project, with its line of history.
    virtual base::Result<void> set_policy(std::string_view project, std::string_view key,
                                          std::string_view value, const Actor& actor,
                                          base::Deadline deadline) = 0;
};

}  // namespace environment
