// SPDX-License-Identifier: Apache-2.0
//
// Finds who holds a lock that a statement of reviewdb waits for: a session, or a prepared
// transaction, which has no session.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/deadline.h"
#include "base/log.h"
#include "base/result.h"
#include "pg/connection.h"
#include "pg/connection_info.h"

namespace server {

// Whether a statement failed because somebody else has a lock that it needs, or uses the database.
bool is_blocked(const base::Error& error);

struct Blocker {
    enum class Kind {
        environment,  // acts as an environment's role: may be ended
        worker,       // another reviewdb: finishes by itself
        other,        // only its owner or a superuser may end it
    };

    Kind kind = Kind::other;
    int pid = 0;      // 0 for a prepared transaction
    std::string gid;  // of a prepared transaction, else empty
    std::string role;
    std::string database;
    std::string application;

    bool is_prepared() const { return pid == 0; }
    // "session 4711 of postgres (psql) in database shop"
    std::string describe() const;
    // The SQL that ends it.
    std::string remedy() const;
    friend bool operator==(const Blocker&, const Blocker&) = default;
};

// The SQL of a join of a row l of pg_locks with `p`, the prepared transaction that holds the lock.
// Its locks have no process; they share the virtual transaction of its session, or since a restart
// one that is made of its number, with the lock on that number.
extern const std::string_view k_prepared_of_lock;

// Selects who blocks the server process `pid` at this moment.
pg::Statement blockers_of(int pid);
// Selects the environments' sessions and prepared transactions that lock the database or the role
// itself. Either name may be empty.
pg::Statement lockers_of(std::string_view database, std::string_view role);
// Selects the environments' sessions and prepared transactions in the database.
pg::Statement occupants_of(std::string_view database);
std::vector<Blocker> read_blockers(const pg::Rows& rows);

// Watches over a session and a thread of its own who blocks another session.
class BlockWatch {
   public:
    // Opens the session, for at most `deadline`. A watch that cannot be opened sees nothing; the
    // log says why. Borrows `log`.
    BlockWatch(const pg::ConnectionInfo& login, int pid, base::Deadline deadline, base::Log& log);
    BlockWatch(const BlockWatch&) = delete;
    BlockWatch& operator=(const BlockWatch&) = delete;
    ~BlockWatch();

    // Returns what was seen since the last call.
    std::vector<Blocker> take();

   private:
    void look(pg::Connection session, int pid, base::Deadline deadline);

    std::mutex mutex_;
    std::vector<Blocker> seen_;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

}  // namespace server
