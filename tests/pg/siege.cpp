// SPDX-License-Identifier: Apache-2.0
#include "siege.h"

#include <fmt/format.h>

#include <stdexcept>

#include "support/must.h"
#include "support/sql.h"

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::must;

namespace {
constexpr int k_attackers = 4;
}  // namespace

Siege::Siege(pg::ConnectionInfo login, Plan plan)
    : login_(std::move(login)), plan_(std::move(plan)) {
    for (int i = 0; i < k_attackers; ++i) {
        attackers_.emplace_back([this, i] { attack(i); });
    }
}

Siege::~Siege() {
    over_ = true;
    for (auto& attacker : attackers_) attacker.join();
}

void Siege::use(pg::ConnectionInfo login) {
    const std::lock_guard lock(mutex_);
    login_ = std::move(login);
}

// Every second one stands in a database of other people, which is open to PUBLIC.
pg::ConnectionInfo Siege::login(int number) const {
    const std::lock_guard lock(mutex_);
    return number % 2 == 0 ? login_ : login_.with("dbname", "postgres");
}

void Siege::wait_until_it_holds() const {
    const auto limit = support::soon();
    while (held_ == 0) {
        if (limit.passed()) throw std::runtime_error("no lock was taken: " + plan_.name);
        std::this_thread::sleep_for(milliseconds(2));
    }
    // The others stand in the queue behind it.
    std::this_thread::sleep_for(milliseconds(50));
}

void Siege::attack(int number) {
    while (!over_) {
        auto session = pg::Connection::open(login(number), base::Deadline::after(seconds(5)));
        if (!session) {
            std::this_thread::sleep_for(milliseconds(1));
            continue;
        }
        ++logins_;
        hold(*session, number);
    }
}

void Siege::hold(pg::Connection& session, int number) {
    const auto tried = [&](const std::string& sql) {
        return session.run({sql}, base::Deadline::after(seconds(20))).has_value();
    };
    // Who waits for another attacker when the siege is over waits no longer than this.
    if (!tried("SET lock_timeout = '2s'")) return;
    if (!tried("BEGIN")) return;
    int taken = 0;
    for (const auto& lock : plan_.locks) {
        if (over_ || !tried("SAVEPOINT s")) return;
        if (tried(lock)) {
            ++taken;
        } else if (!tried("ROLLBACK TO s")) {
            return;
        }
    }
    if (taken == 0) return;
    if (plan_.prepares && number < 2 &&
        tried(fmt::format("PREPARE TRANSACTION 'siege {} of {}'", support::unique_name(),
                          session.backend_pid()))) {
        ++held_;
        std::this_thread::sleep_for(milliseconds(5));
        return;
    }
    if (!tried("LISTEN siege")) return;
    ++held_;
    while (!over_ && session.undisturbed()) std::this_thread::sleep_for(milliseconds(1));
}

void SiegeTest::SetUp() {
    EnvironmentTest::SetUp();
    if (IsSkipped() || HasFailure()) return;
    [[maybe_unused]] static const bool k_restarted = [] {
        support::shared_cluster().restart({{"max_prepared_transactions", "20"}});
        return true;
    }();
    const auto mine = must(create(name_));
    const auto theirs = must(create(their_name_));
    mine_ = login(mine);
    theirs_ = login(theirs);
    my_role_ = mine.description->role;
    my_database_ = mine.description->database;
    their_role_ = theirs.description->role;
    their_database_ = theirs.description->database;
    support::execute(mine_, "CREATE TABLE loot (line text)");
}

void SiegeTest::TearDown() {
    if (my_role_.empty()) return;
    const auto mine = remove(name_);
    EXPECT_TRUE(mine) << mine.error().message;
    const auto theirs = remove(their_name_);
    EXPECT_TRUE(theirs) << theirs.error().message;
    empty_trash();
    // What was held to the end of a verb's time is dropped by the next one that looks.
    must(in_a_process(std::nullopt,
                      [](auto& manager) { return manager.finish_pending(support::soon()); }));
    expect_nothing_left();
    EXPECT_EQ(support::ask(root(), "SELECT count(*)::text AS value FROM pg_prepared_xacts"), "0");
    EXPECT_EQ(support::ask(root(),
                           "SELECT count(*)::text AS value FROM pg_roles WHERE rolname LIKE "
                           "'reviewdb\\_t\\_%'"),
              "0");
}

void SiegeTest::roll_back_what_is_prepared() {
    auto session = support::connect(root());
    const auto rows =
        must(session.run({"SELECT gid, database FROM pg_prepared_xacts"}, support::soon()));
    for (int i = 0; i < rows.size(); ++i) {
        support::execute(root(rows[i].text("database")),
                         fmt::format("ROLLBACK PREPARED '{}'", rows[i].text("gid")));
    }
}

std::vector<Siege::Plan> SiegeTest::plans() const {
    std::vector<std::string> locks{
        fmt::format("GRANT CONNECT ON DATABASE {} TO PUBLIC", my_database_),
        "GRANT CONNECT ON DATABASE postgres TO PUBLIC",
        "DROP OWNED BY CURRENT_USER",
        fmt::format("ALTER ROLE {} PASSWORD 'x'", my_role_),
        fmt::format("ALTER ROLE {} SET work_mem = '1MB'", my_role_),
        fmt::format("ALTER ROLE {} IN DATABASE {} SET work_mem = '1MB'", my_role_, my_database_),
        fmt::format("ALTER ROLE {} IN DATABASE {} SET work_mem = '1MB'", my_role_, their_database_),
        fmt::format("ALTER ROLE {} IN DATABASE reviewdb SET work_mem = '1MB'", my_role_),
        fmt::format("GRANT SELECT ON loot TO {}", their_role_),
        fmt::format("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {}", their_role_),
        "SELECT lo_create(0)",
        "CREATE TABLE more (id integer)",
        "LOCK TABLE pg_database, pg_authid, pg_db_role_setting IN ACCESS SHARE MODE",
        "LOCK TABLE pg_database IN ROW EXCLUSIVE MODE",
        fmt::format("COMMENT ON DATABASE {} IS 'x'", my_database_),
        fmt::format("COMMENT ON ROLE {} IS 'x'", my_role_),
        fmt::format("SECURITY LABEL ON ROLE {} IS 'x'", my_role_),
        "SELECT pg_advisory_xact_lock(n) FROM generate_series(1, 200) n",
    };
    std::vector<Siege::Plan> all;
    for (const auto& lock : locks) {
        all.push_back({lock, {lock}, false});
        const bool is_preparable = lock.find("advisory") == std::string::npos;
        if (is_preparable) all.push_back({lock + ", prepared", {lock}, true});
    }
    all.push_back({"everything", locks, true});
    return all;
}
