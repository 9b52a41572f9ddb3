// SPDX-License-Identifier: Apache-2.0
//
// The hands on a real Postgres: implements environment::Server over one session in the control
// database, which takes the lock and runs CREATE and DROP DATABASE, and short ones elsewhere.
//
// One thread, one operation at a time. Every statement stands in the file of its kind: observe.cpp
// and observation_sql.cpp, build_steps.cpp, change_steps.cpp, delete_steps.cpp, trash_steps.cpp,
// reading.cpp.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "environment/server.h"
#include "pg/connection.h"
#include "pg/connection_info.h"
#include "server/blockers.h"
#include "server/holders.h"
#include "server/kept_policy.h"

namespace server {

// What a statement needs the locks of, so that an environment can be in its way. Either name may be
// empty. `session` is the one that the statement runs on, if not that of the control database.
struct Contested {
    std::string database;
    std::string role;
    pg::Connection* session = nullptr;

    std::string what() const;
};

// The first statement of a transaction, or what stands before the first lock that an environment
// can hold: from here on it waits for a lock only so long that despite_locks() can try again.
pg::Statement wait_briefly();
// The same for all that the session does until RESET lock_timeout.
pg::Statement wait_briefly_from_now_on();

class LiveServer final : public environment::Server {
   public:
    // `login` may SET the manager; `application` is the application_name, "reviewdb/<verb>". Opens
    // nothing yet. Borrows `log`.
    LiveServer(pg::ConnectionInfo login, std::string application, base::Log& log);
    ~LiveServer() override;

    // The login that owns what another tool made, and gives it away when that is adopted. Without
    // it, only what it gave away already is.
    void set_administrator(pg::ConnectionInfo administrator) {
        administrator_ = std::move(administrator);
    }

    // Opens the session, which every call does by itself; for who has something to wait for. Fails
    // denied for a superuser's login, and for one that may not act as the manager.
    base::Result<void> connect(base::Deadline deadline);

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

    // The server is the local one of that folder; empty for any other.
    void is_at(std::string place) { place_ = std::move(place); }
    // The same, asked of the registry. Records it, and that the server is proven, unless
    // the registry names another folder. Answers whether the server is proven.
    base::Result<bool> settle_place(std::string place, base::Deadline deadline);
    // Everybody of the project whose password `rotate --all` has still to change, by name. A first
    // call begins; a later one goes on, until end_rotation.
    base::Result<std::vector<environment::Subject>> begin_rotation(
        const environment::Project& project, base::Deadline deadline);
    // The projects that have an environment.
    base::Result<std::vector<environment::Project>> inhabited_projects(base::Deadline deadline);
    // Measures the databases whose sizes were not measured lately, the longest ago first. What
    // disk_budget is compared with, and what reports say, is what was measured last.
    base::Result<void> refresh_sizes(base::Deadline deadline);
    // The projects for which anything is to be built ahead, or has been.
    base::Result<std::vector<environment::Project>> pooled_projects(base::Deadline deadline);
    base::Result<void> end_rotation(const environment::Project& project, base::Deadline deadline);

    using Deed = std::function<base::Result<void>()>;
    // Runs the deed, and again after what blocks it was ended. Fails as the deed does; conflict if
    // what blocks is a session that reviewdb may not end, which the message names.
    base::Result<void> despite_locks(const Contested& on, base::Deadline deadline,
                                     const Deed& deed);

   private:
    using Rows = pg::Rows;
    using Statements = std::vector<pg::Statement>;
    struct Work;  // one step: target, credentials, actor, deadline
    enum class Ending { commit, open };
    // How an environment is observed. The last three are what the first look of a session found: an
    // environment, neither one nor anything warm, or something warm to claim.
    enum class Path { usual, present, absent, claim };

    base::Result<std::string> carry_out(const Work& work);

    // observe.cpp
    base::Result<void> wait_for_lock(std::string_view key_text, const std::string& what,
                                     base::Deadline deadline);
    base::Result<std::vector<Rows>> locked_reading(std::string_view key_text,
                                                   const std::string& what, Statements statements,
                                                   base::Deadline deadline,
                                                   Ending ending = Ending::commit);
    base::Result<Path> first_look(const environment::Subject& subject, base::Deadline deadline);
    base::Result<environment::Facts> observe_claim(const environment::Subject& subject,
                                                   base::Deadline deadline);
    base::Result<environment::Facts> recall(const environment::Subject& subject,
                                            base::Deadline deadline);
    base::Result<environment::Facts> observe_for_reading(const environment::Subject& subject,
                                                         base::Deadline deadline);
    base::Result<environment::Facts> observe_for_work(const environment::Subject& subject,
                                                      Path path, base::Deadline deadline);
    Statements observing(const environment::Subject& subject, Path path) const;
    static pg::Statement reading_source(const environment::Subject& subject);
    // The facts in the answers to observing().
    base::Result<environment::Facts> observed(const environment::Subject& subject, Path path,
                                              const std::vector<Rows>& answers,
                                              base::Deadline deadline);
    pg::Statement try_lock(std::string_view key_text) const;
    base::Result<bool> has_locked(std::string_view key_text, const pg::Row& answer);
    base::Result<std::string> describe_holder(std::string_view key_text, base::Deadline deadline);
    Statements reading(const environment::Project& project, pg::Statement observation) const;
    // Of the answers to reading(); asks once more if roles are pinned.
    base::Result<environment::Facts> common_facts(const environment::Project& project,
                                                  std::span<const Rows> answers,
                                                  base::Deadline deadline);
    base::Result<environment::Facts> common_facts(const environment::Project& project,
                                                  const Rows& installations, const Rows& keys,
                                                  const Rows& policy);
    base::Result<void> find_name_holder(const environment::Subject& subject,
                                        environment::Facts& facts, base::Deadline deadline);

    // standing.cpp
    base::Result<void> check_address_may_change(std::string_view project, std::string_view key,
                                                base::Deadline deadline);

    // build_steps.cpp
    static pg::Statement insert_instance(const Work& work, std::string_view purpose);
    base::Result<std::string> record_intent(const Work& work);
    base::Result<std::string> create_role(const Work& work);
    base::Result<std::string> create_database(const Work& work);
    base::Result<std::string> secure_database(const Work& work);
    base::Result<std::string> give_all(const Work& work);
    // Grants CONNECT to the login, or takes it back: the statement has {} for the database.
    base::Result<void> admit_login(std::string_view statement, const Work& work);
    base::Result<void> hand_over_inside(const Work& work);
    base::Result<void> give_schema(pg::Connection& inside, const std::string& role,
                                   base::Deadline deadline) const;
    // Makes the schema public for the role, if the database has none.
    base::Result<void> make_schema(pg::Connection& inside, const std::string& role,
                                   base::Deadline deadline) const;
    base::Result<std::string> set_password(const Work& work);
    base::Result<std::string> repair_role(const Work& work);
    base::Result<std::string> mark_ready(const Work& work);

    // claim.cpp
    base::Result<std::string> claim(const Work& work);
    base::Result<std::string> claim_built(const Work& work);
    base::Result<std::string> claim_warm(const Work& work);
    void leave_out(const environment::InstanceRecord& instance, base::Deadline deadline);

    // pool_steps.cpp
    base::Result<std::string> record_warm(const Work& work);
    base::Result<std::string> shelve(const Work& work);
    base::Result<std::string> take_warm(const Work& work);
    base::Result<std::string> dismiss_owner(const Work& work);
    base::Result<std::string> discard(const Work& work);

    // template_steps.cpp
    base::Result<std::string> record_template(const Work& work);
    base::Result<std::string> freeze(const Work& work);
    base::Result<void> examine_inside(const Work& work);
    base::Result<std::string> publish(const Work& work);
    base::Result<std::string> forget_template(const Work& work);

    // adoption.cpp
    base::Result<std::string> adopt(const Work& work);
    base::Result<void> give_to_manager(const environment::InstanceRecord& instance,
                                       const std::string& role, base::Deadline deadline);

    // change_steps.cpp
    base::Result<std::string> renew(const Work& work);
    base::Result<std::string> record_reset(const Work& work);
    base::Result<std::string> swap(const Work& work);
    base::Result<std::string> drop_next(const Work& work);
    base::Result<std::string> rotate_password(const Work& work);
    tl::unexpected<base::Error> close_instead(const Work& work, base::Error error);
    base::Result<std::string> mark_protection(const Work& work);
    base::Result<std::string> record_closure(const Work& work);

    // trash_steps.cpp
    base::Result<std::string> put_into_trash(const Work& work);
    base::Result<std::string> restore(const Work& work);
    base::Result<void> reserve_trashed(const Work& work);

    // delete_steps.cpp
    base::Result<std::string> record_absence(const Work& work);
    base::Result<std::string> record_retirement(const Work& work);
    base::Result<std::string> close_database(const Work& work);
    base::Result<std::string> end_sessions(const Work& work);
    base::Result<std::string> bury(const Work& work);
    base::Result<std::string> drop_database(const Work& work);
    base::Result<std::string> drop_role(const Work& work);
    base::Result<std::string> forget(const Work& work);
    base::Result<std::string> hand_back(const Work& work);  // release_step.cpp
    base::Result<std::string> who_still_administers(const std::string& role,
                                                    base::Deadline deadline);
    base::Result<void> shut_out(const environment::InstanceRecord& instance,
                                const std::string& role, base::Deadline deadline);
    base::Result<void> wait_until_gone(const Rows& sessions, base::Deadline limit);
    base::Result<void> let_go(const Work& work, Statements statements);
    base::Result<void> rename_for_dropping(const Work& work, const Statements& also);

    // remains_elsewhere.cpp
    void drop_owned_elsewhere(const std::string& role, base::Deadline deadline);
    base::Result<void> drop_owned_inside(pg::Connection& there, const std::string& role,
                                         base::Deadline deadline);
    base::Result<bool> drop_each(pg::Connection& there, const std::string& role,
                                 const Rows& objects, base::Deadline deadline);

    // holders.cpp
    base::Result<std::string> what_holds(std::string_view database, base::Deadline deadline);
    base::Result<Holders> holders(std::string_view database, std::string_view role,
                                  base::Deadline deadline);

    // despite_locks.cpp
    base::Result<void> struggle(const Contested& on, base::Error error, BlockWatch& watch,
                                base::Deadline deadline, const Deed& deed);
    base::Result<void> end_blockers(const Contested& on, const std::vector<Blocker>& seen,
                                    bool whole, base::Deadline deadline);
    base::Result<void> end_all_of(const std::string& role, base::Deadline deadline);
    // Sends the end to the role's sessions in all databases, or to one of them.
    base::Result<void> terminate(const std::string& role, std::optional<int> pid,
                                 base::Deadline deadline);

    // prepared.cpp
    struct ThrowAwayLogin;
    struct Prepared {
        std::string owner;
        std::string gid;  // empty: all that the owner prepared in the database
        std::string database;
        bool is_to_be_opened;  // to the login alone
        bool owner_enters;     // when the database is open
    };
    struct Inside {
        Prepared prepared;
        pg::Connection session;
    };
    // Rolls back what `owner` has prepared in any database, or one transaction; for all of them its
    // sessions end, too.
    base::Result<void> roll_back_prepared(const std::string& owner, const std::string& gid,
                                          base::Deadline deadline);
    base::Result<void> make_throw_away(const ThrowAwayLogin& login, const std::string& owner,
                                       const std::string& until, base::Deadline deadline);
    base::Result<void> drop_throw_away(const ThrowAwayLogin& login, const std::string& owner,
                                       base::Deadline deadline);
    base::Result<Inside> enter(const ThrowAwayLogin& login, Prepared prepared,
                               base::Deadline deadline);
    base::Result<void> shut_again(const ThrowAwayLogin& login, const Prepared& prepared,
                                  base::Deadline deadline);
    base::Result<void> roll_back_inside(Inside& inside, base::Deadline deadline);
    base::Result<void> leave(const ThrowAwayLogin& login, Inside& inside, base::Deadline deadline);

    // Statements around `inner` that make the manager a member of `role` for one transaction.
    Statements as_member_of(const std::string& role, Statements inner) const;
    base::Result<void> run(const Statements& statements, base::Deadline deadline);
    // How a session starts that logs in as an environment's role: without the role's own limits.
    std::string as_role_options() const;

    pg::ConnectionInfo login_;
    std::optional<pg::ConnectionInfo> administrator_;
    std::string application_;
    base::Log& log_;
    std::optional<pg::Connection> session_;
    std::string locked_;  // the key text of the lock that the session holds
    std::int64_t epoch_ = 0;
    bool looked_ = false;  // whether this session had its first look
    // Of the operation that goes on: warm instances that somebody keeps from being claimed, and
    // whether the final name is somebody's, so that a claim would only fail again.
    std::vector<base::Uuid> avoided_;
    bool name_taken_ = false;
    // Of the operation that goes on: the environments' roles whose sessions were in its way.
    std::set<std::string> hostile_;
    KeptPolicy policy_;
    std::string place_;  // of a local server; see settle_place
    // What the last attempt to prove the server left, and how long that is believed.
    std::optional<environment::Doubt> doubt_;
    std::chrono::steady_clock::time_point doubt_until_;
};

// Raises, in the transaction that it is part of, unless the database called so is that instance by
// oid and stamp. One that died before it had a stamp is told by its name alone.
pg::Statement must_be(std::string_view called, const environment::InstanceRecord& instance,
                      std::string_view stamp_prefix);

// Raises, in the transaction that it is part of, unless the instance is in the trash; from then on
// it serves.
pg::Statement taken_from_trash(const environment::InstanceRecord& instance);

// What is in the trash: of project $1, of the environment $2, where these are not null, and whose
// id begins with $3; the newest first.
std::string trash_sql();
environment::Trashed read_trashed(const pg::Row& row);

// The lines of history of what leaves the trash for good. Ends in a condition on the instances i.
pg::Statement purged(const std::vector<base::Uuid>& instances, const std::string& reason,
                     const environment::Actor& actor);

// The columns of an environment that a create may change, as parameters from $2 on; $1 is its id.
extern const std::string_view k_described;
std::vector<std::optional<std::string>> described(const environment::EnvironmentRecord& record);

// A line of history with the name, size and age of what the target lets go of.
pg::Statement history_of_removal(const environment::Target& target, const environment::Step& step,
                                 const environment::Actor& actor, std::string_view event);

// What each step is handed.
struct LiveServer::Work {
    const environment::Step& step;
    const environment::Plan& plan;
    const environment::Target& target;
    const environment::Credentials& credentials;
    const environment::Actor& actor;
    base::Deadline deadline;

    // One line of history, as part of a transaction: the plan's outcome, or `event` in its place.
    // That of a removal tells what goes, so it stands before the statement by which that is gone.
    pg::Statement history(std::string_view event = {}) const;
    // What history calls the removal of an environment.
    std::string_view removed_as() const {
        const auto& how = target.environment.retirement;
        return how ? std::string_view(how->told_as) : std::string_view("deleted");
    }
};

}  // namespace server
