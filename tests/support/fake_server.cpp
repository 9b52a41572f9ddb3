// SPDX-License-Identifier: Apache-2.0
#include "support/fake_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "pg/sql_state.h"

namespace support {

using base::Deadline;
using base::Result;
using namespace environment;  // NOLINT(google-build-using-namespace): every word of it
namespace sql_state = pg::sql_state;

namespace {

// A step that is several statements of one transaction takes all of them back when it fails.
class Transaction {
   public:
    explicit Transaction(FakeWorld& world) : world_(world), before_(world) {}
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction() {
        if (!committed_) world_ = std::move(before_);
    }
    void commit() { committed_ = true; }

   private:
    FakeWorld& world_;
    FakeWorld before_;
    bool committed_ = false;
};

bool cannot_be_rolled_back(StepKind kind) {
    return kind == StepKind::create_database || kind == StepKind::drop_database;
}

// They are decided by the rows alone.
bool needs_no_lock(StepKind kind) {
    return kind == StepKind::record_warm || kind == StepKind::discard;
}

}  // namespace

FakeServer::~FakeServer() { lose_session(); }

void FakeServer::connect() {
    if (session_ == 0) session_ = ++world_.last_session;
    end_transaction();
}

void FakeServer::lose_session() {
    std::erase_if(world_.locks, [&](const auto& lock) { return lock.second == session_; });
    session_ = 0;
    begun_.reset();
}

// What observe() began ends with the next statement that does not finish it.
void FakeServer::end_transaction() {
    if (begun_) world_.locks.erase("row/" + begun_->to_string());
    begun_.reset();
}

bool FakeServer::has_lock() const {
    return std::ranges::any_of(world_.locks,
                               [&](const auto& lock) { return lock.second == session_; });
}

Result<void> FakeServer::take_lock(const std::string& key, const std::string& what) {
    const auto [lock, taken] = world_.locks.try_emplace(key, session_);
    if (taken || lock->second == session_) return {};
    return base::fail(base::ErrorKind::overloaded, what + " is being worked on by somebody else");
}

void FakeServer::release(Deadline /*deadline*/) {
    if (fate_.dead) return;
    std::erase_if(world_.locks, [&](const auto& lock) { return lock.second == session_; });
    begun_.reset();
    avoided_.clear();
    name_taken_ = false;
}

Result<void> FakeServer::within_lease(const Target& target) const {
    if (session_ == 0 || !has_lock()) {
        return base::fail(base::ErrorKind::in_doubt, "the lock was lost with its session");
    }
    if (target.environment.name.empty()) return {};
    const auto row = world_.environments.find(target.environment.id);
    if (row != world_.environments.end() && row->second.record.epoch == epoch_) return {};
    return base::fail(base::ErrorKind::in_doubt, "somebody else took over the work");
}

Result<void> FakeServer::check_lease(const Target& target, Deadline /*deadline*/) {
    if (fate_.dead) return death();
    end_transaction();
    return within_lease(target);
}

Result<void> FakeServer::while_leased(const std::function<Result<void>()>& deed) {
    const auto mishap = fate_.next();
    if (fate_.dead) return death();
    if (mishap == Mishap::refused) return base::fail(fate_.error);
    if (mishap == Mishap::lost_before || mishap == Mishap::half) lose_session();
    auto outcome = deed();
    if (mishap == Mishap::lost_after) lose_session();
    if (!outcome || mishap == Mishap::none) return outcome;
    return base::fail(base::ErrorKind::in_doubt, "the lock was lost with its session");
}

Result<std::string> FakeServer::perform(const Step& step, const Plan& plan,
                                        const Credentials& credentials, const Actor& actor,
                                        Deadline /*deadline*/) {
    const auto mishap = fate_.next();
    if (fate_.dead) return death();
    if (session_ == 0) {
        return base::fail(base::ErrorKind::in_doubt, "the session of the lock has ended");
    }
    if (!has_lock() && !needs_no_lock(step.kind)) throw std::logic_error("a step without a lock");
    if (mishap == Mishap::refused) return base::fail(fate_.error);
    const Work work{step, plan, plan.target, credentials, actor};
    Told told;
    const bool begins = mishap != Mishap::lost_before &&
                        (mishap != Mishap::half || step.kind == StepKind::drop_database);
    if (begins) told = effect(work, mishap);
    if (std::exchange(session_broke_, false)) lose_session();
    if (mishap == Mishap::none || !told) return told;
    lose_session();
    if (cannot_be_rolled_back(step.kind)) {
        return base::fail(base::ErrorKind::in_doubt, "the answer was lost");
    }
    return lost_session();
}

Result<LoginProof> FakeServer::prove_login(const Target& target, const Credentials& credentials,
                                           Deadline /*deadline*/) {
    const auto mishap = fate_.next();
    if (fate_.dead) return death();
    if (mishap == Mishap::refused) return base::fail(fate_.error);
    if (mishap != Mishap::none) return lost_session();
    return look_inside(target, credentials);
}

// In the order in which Postgres asks.
Result<LoginProof> FakeServer::look_inside(const Target& target,
                                           const Credentials& credentials) const {
    LoginProof proof;
    const auto login = world_.logins.find(target.role.name);
    if (login == world_.logins.end() || login->second.password.empty() || login->second.expired ||
        !(login->second.password == credentials.password)) {
        return proof;
    }
    if (!login->second.can_login) {
        return postgres_error(sql_state::k_invalid_authorization, "may not log in");
    }
    proof.password_accepted = true;
    if (login->second.connection_limit == 0) return proof;
    const bool claimed = target.instance.state == InstanceState::warm;
    const auto found =
        world_.databases.find(claimed ? target.final_database : target.instance.database);
    if (found == world_.databases.end()) {
        return postgres_error(sql_state::k_no_such_database, "no such database");
    }
    const auto& database = found->second;
    if (database.half_dropped || !database.accepts_connections) {
        return postgres_error(sql_state::k_not_in_prerequisite_state, "accepts no connections");
    }
    if (!database.open_to_public && !database.may_use.contains(target.role.name)) {
        return postgres_error(sql_state::k_insufficient_privilege, "may not connect");
    }
    if (database.connection_limit == 0) return proof;
    proof.owns_schema = database.schema_owner == target.role.name;
    return proof;
}

void FakeServer::tell(const Work& work, std::string_view event) {
    const auto& record = work.target.environment;
    const std::string told(event.empty() ? to_text(work.plan.outcome) : event);
    world_.history.push_back({world_.now, record.project, record.name, told, work.step.reason,
                              work.actor.name, work.actor.door, work.actor.program});
    if (tells_of_removal(told)) tell_what_goes(work.target, world_.history.back());
}

void FakeServer::tell_what_goes(const Target& target, HistoryEntry& entry) const {
    const auto& leaving = target.leaving;
    entry.database = leaving.database;
    for (const auto& [name, database] : world_.databases) {
        const bool meant = leaving.oid == database.oid || name == leaving.database ||
                           name == dropping_name(leaving.id);
        if (meant && database.owner == k_fake_manager) entry.size_bytes = k_fake_size;
    }
    const auto row = world_.environments.find(target.environment.id);
    if (row == world_.environments.end()) return;
    entry.age = std::chrono::duration_cast<std::chrono::seconds>(world_.now -
                                                                 row->second.record.created_at);
}

Result<std::string> FakeServer::effect(const Work& work, Mishap mishap) {
    const bool from_pool = work.target.instance.state == InstanceState::warm;
    if (work.step.kind == StepKind::claim && from_pool) return claim_warm(work);
    end_transaction();
    if (work.step.kind == StepKind::freeze) return freeze(work);
    if (work.step.kind == StepKind::bury) return bury(work);
    if (work.step.kind == StepKind::trash) return put_into_trash(work);
    if (work.step.kind == StepKind::drop_role) return drop_role(work);
    const auto quietly = [](const Done& done) -> Told {
        if (!done) return base::fail(done.error());
        return std::string();
    };
    if (work.step.kind == StepKind::drop_database) return quietly(drop_database(work, mishap));
    using Deed = Done (FakeServer::*)(const Work&);
    static const std::map<StepKind, Deed> k_deeds{
        {StepKind::record_intent, &FakeServer::record_intent},
        {StepKind::create_role, &FakeServer::create_role},
        {StepKind::create_database, &FakeServer::create_database},
        {StepKind::secure_database, &FakeServer::secure_database},
        {StepKind::hand_over, &FakeServer::hand_over},
        {StepKind::set_password, &FakeServer::set_password},
        {StepKind::repair_role, &FakeServer::repair_role},
        {StepKind::claim, &FakeServer::claim_built},
        {StepKind::mark_ready, &FakeServer::mark_ready},
        {StepKind::restore, &FakeServer::restore},
        {StepKind::renew, &FakeServer::renew},
        {StepKind::adopt, &FakeServer::adopt},
        {StepKind::record_warm, &FakeServer::record_warm},
        {StepKind::shelve, &FakeServer::shelve},
        {StepKind::take_warm, &FakeServer::take_warm},
        {StepKind::dismiss_owner, &FakeServer::dismiss_owner},
        {StepKind::discard, &FakeServer::discard},
        {StepKind::record_template, &FakeServer::record_template},
        {StepKind::publish, &FakeServer::publish},
        {StepKind::forget_template, &FakeServer::forget_template},
        {StepKind::record_reset, &FakeServer::record_reset},
        {StepKind::swap, &FakeServer::swap},
        {StepKind::drop_next, &FakeServer::drop_next},
        {StepKind::rotate_password, &FakeServer::rotate_password},
        {StepKind::mark_protection, &FakeServer::mark_protection},
        {StepKind::record_closure, &FakeServer::record_closure},
        {StepKind::record_absence, &FakeServer::record_absence},
        {StepKind::record_retirement, &FakeServer::record_retirement},
        {StepKind::close_database, &FakeServer::close_database},
        {StepKind::end_sessions, &FakeServer::end_sessions},
        {StepKind::forget, &FakeServer::forget},
        {StepKind::release, &FakeServer::hand_back}};
    Transaction transaction(world_);
    const auto done = (this->*k_deeds.at(work.step.kind))(work);
    if (done) transaction.commit();
    if (done && work.step.kind == StepKind::release) {
        return std::string(k_fake_manager) + " can still change the role";
    }
    return quietly(done);
}

Result<FakeDatabase*> FakeServer::own_database(const std::string& name) {
    auto* database = world_.find_database(name);
    if (database == nullptr) {
        return postgres_error(sql_state::k_no_such_database, "there is no database " + name);
    }
    if (database->owner == k_fake_manager) {
        world_.touched.insert(database->oid);
        return database;
    }
    return postgres_error(sql_state::k_insufficient_privilege, "must be owner of " + name);
}

// ALTER DATABASE with an option ends the session of who tries it on a half dropped one.
Result<FakeDatabase*> FakeServer::alterable_database(const std::string& name) {
    BASE_TRY_ASSIGN(auto* const database, own_database(name));
    if (!database->half_dropped) return database;
    session_broke_ = true;
    return postgres_error(sql_state::k_not_in_prerequisite_state, "cannot alter invalid " + name);
}

Result<FakeLogin*> FakeServer::own_login(const std::string& name) {
    auto* login = world_.find_login(name);
    if (login == nullptr) {
        return postgres_error(sql_state::k_undefined_object, "there is no role " + name);
    }
    if (login->superuser) {
        return postgres_error(sql_state::k_insufficient_privilege, "must be superuser");
    }
    world_.touched.insert(login->oid);
    return login;
}

Result<void> FakeServer::rename(const std::string& from, const std::string& to) {
    BASE_TRY_ASSIGN(const auto* const database, own_database(from));
    if (world_.databases.contains(to)) {
        return postgres_error(sql_state::k_duplicate_database, "there is a database " + to);
    }
    if (!database->sessions.empty()) {
        return postgres_error(sql_state::k_object_in_use, from + " is being accessed");
    }
    if (!database->locked_by.empty()) {
        return postgres_error(sql_state::k_lock_not_available, from + " is locked");
    }
    auto node = world_.databases.extract(from);
    node.key() = to;
    world_.databases.insert(std::move(node));
    return {};
}

Result<void> FakeServer::must_be(const std::string& called, const InstanceRecord& instance,
                                 std::string_view prefix) const {
    const auto found = world_.databases.find(called);
    if (found == world_.databases.end()) {
        return postgres_error(sql_state::k_no_such_database, "there is no database " + called);
    }
    const bool unstamped =
        instance.state != InstanceState::serving && instance.database == building_name(instance.id);
    const bool another = instance.oid && *instance.oid != found->second.oid;
    if (!another && (unstamped || found->second.comment.starts_with(prefix))) return {};
    return postgres_error(sql_state::k_not_in_prerequisite_state,
                          "the database " + called + " is not the one that was recorded");
}

EnvironmentRow* FakeServer::row_of(const Target& target) {
    const auto found = world_.environments.find(target.environment.id);
    return found == world_.environments.end() ? nullptr : &found->second;
}

}  // namespace support
