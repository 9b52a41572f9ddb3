// SPDX-License-Identifier: Apache-2.0
//
// One session with a Postgres server, over non-blocking libpq: every wait ends at a Deadline.
//
// Not safe from two threads at once. A session whose wait ran out, or whose connection broke, is
// dead: its state is unknown, and nothing else can be done with it (`alive()` is false). The server
// notices a dead client by client_connection_check_interval, so nothing is cancelled from here:
// PQcancel blocks.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "base/secret.h"
#include "pg/connection_info.h"
#include "pg/rows.h"

struct pg_conn;

namespace pg {

// A statement and its parameters $1, $2, …; nothing is a null.
struct Statement {
    std::string sql;
    std::vector<std::optional<std::string>> parameters = {};
    // Said often with other parameters: the session parses and plans it once.
    bool often = false;
};

// What the server said against one statement of a script.
struct Refusal {
    base::Error error;
    std::size_t position = 0;  // the number of the character that it points at, from 1; 0: none
    std::string context;       // where inside a function or the data it happened; may be empty
};

// What became of one statement of a script.
struct Executed {
    enum class Next { statement, data };

    Next next = Next::statement;  // data: it was a COPY FROM STDIN, and waits for its data
    std::string command;          // as Postgres calls what it did: "CREATE TABLE", "COPY 12"
    std::optional<Refusal> refusal;
};

enum class TransactionState { none, open, failed };

class Connection {
   public:
    // Opens a session. Blocks until it is there or `deadline`. A refusal carries the server's
    // SQLSTATE and its kind (pg::kind_of); a server that cannot be reached is `unavailable`, a
    // certificate that does not fit is `denied`.
    static base::Result<Connection> open(const ConnectionInfo& info, base::Deadline deadline);

    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;
    ~Connection();

    // Opens a session that is a proof of its password. Content without one, and then answers
    // nothing, when the role is at its own connection limit, which Postgres checks after the
    // password. Fails like open(), and denied when the server let it in without asking for the
    // password: under `trust` any password logs in.
    static base::Result<std::optional<Connection>> prove_login(const ConnectionInfo& info,
                                                               base::Deadline deadline);

    // Runs one statement. A failure of the statement carries its SQLSTATE.
    base::Result<Rows> run(const Statement& statement, base::Deadline deadline);

    // Runs statements that travel together as one implicit transaction: all or none. One round
    // trip. The first failure is answered; what came before it is undone.
    base::Result<std::vector<Rows>> run_all(const std::vector<Statement>& statements,
                                            base::Deadline deadline);

    // The same between BEGIN and COMMIT, for what refuses to run in an implicit transaction (SET
    // LOCAL). After a failure the session has been rolled back, or is dead.
    base::Result<std::vector<Rows>> transact(const std::vector<Statement>& statements,
                                             base::Deadline deadline);

    // Runs statements that travel together, each in a transaction of its own and whatever became of
    // those before it. One round trip. The first failure is answered.
    base::Result<void> run_each(const std::vector<Statement>& statements, base::Deadline deadline);

    // BEGIN and the statements in one round trip. The transaction stays open, with what it locked,
    // for finish(); any other call rolls it back first, in the same round trip.
    base::Result<std::vector<Rows>> begin(const std::vector<Statement>& statements,
                                          base::Deadline deadline);
    // One statement more of that transaction; by itself where there is none.
    base::Result<Rows> go_on(const Statement& statement, base::Deadline deadline);
    // The rest of that transaction and COMMIT, and then `afterwards`, if any, by itself, in one
    // round trip. After a failure the session has been rolled back, or is dead, and `afterwards`
    // was not run.
    base::Result<std::vector<Rows>> finish(const std::vector<Statement>& statements,
                                           const std::optional<Statement>& afterwards,
                                           base::Deadline deadline);

    // Runs one statement of somebody's script, never two, and passes over whatever rows it answers,
    // in constant memory: over TCP, one row or notice of more than 128 MB is invalid_input, and the
    // end of the session. That the server refuses the statement is part of the answer; only what
    // befalls the session is a failure.
    base::Result<Executed> execute(const std::string& sql, base::Deadline deadline);
    // The data of a COPY FROM STDIN that execute() left waiting, in parts of any size; the server
    // says what is wrong with it at the end. Waits while the server is behind.
    base::Result<void> send_data(std::string_view data, base::Deadline deadline);
    base::Result<Executed> end_data(base::Deadline deadline);
    // The transaction that the session is in.
    TransactionState transaction() const;

    // A SCRAM-SHA-256 verifier of `password` with a salt of its own, made here: the password does
    // not travel. Never anything but a verifier (pg::is_scram_verifier).
    base::Result<std::string> make_verifier(const base::Secret& password);

    bool alive() const;
    // Whether a session that was left alone for a while can be used again: nothing has arrived on
    // it, as happens when the server ends it. Does not block.
    bool undisturbed() const;
    int backend_pid() const;
    int server_version() const;  // as server_version_num: 150018
    // True when the server asked for a password and was given one.
    bool used_password() const;
    bool uses_tls() const;
    // The value that the server said `parameter` has; empty for one that it does not speak of.
    std::string_view told(const char* parameter) const;
    // True for a server that only reads: a replica, one that fail-over has turned into one, or one
    // that somebody has set to read only.
    bool is_reader() const;

    // Ends the session and waits until the server's process has gone, at most until `deadline`:
    // only then does the session not stand in the way of RENAME or DROP DATABASE, which would
    // otherwise poll for it in steps of 100 ms (CountOtherDBBackends in procarray.c).
    void close_and_wait(base::Deadline deadline) &&;

   private:
    struct Deleter {
        void operator()(pg_conn* connection) const;
    };
    using Handle = std::unique_ptr<pg_conn, Deleter>;

    explicit Connection(Handle handle) : handle_(std::move(handle)) {}

    // One attempt to connect, and whether the server asked for a password and was given one.
    static std::pair<base::Result<Connection>, bool> attempt(const ConnectionInfo& info,
                                                             base::Deadline deadline);
    using Group = std::vector<const Statement*>;
    using Groups = std::vector<Group>;
    // The groups in one round trip, each an implicit transaction of its own, or part of the one
    // that is open; answers what the last one did, or the first failure.
    base::Result<std::vector<Rows>> pipeline(const Groups& groups, base::Deadline deadline);
    base::Result<void> send(const Group& group, base::Deadline deadline);
    bool send_one(const Statement& statement);
    bool send_often(const Statement& statement, const std::vector<const char*>& values);
    // One group that lets go of a transaction which nobody finished.
    base::Result<std::vector<Rows>> apart(Group statements, base::Deadline deadline);
    bool in_transaction() const;
    void roll_back(base::Deadline deadline);
    base::Result<std::vector<Rows>> collect(std::size_t count, base::Deadline deadline);
    base::Result<Executed> outcome(base::Deadline deadline);
    base::Result<void> leave_single_rows(base::Deadline deadline);
    base::Result<void> pass_over_rows(base::Deadline deadline);
    base::Result<void> flush(base::Deadline deadline);
    base::Result<void> read_arrivals(base::Deadline deadline);
    base::Result<void> wait_for_more(base::Deadline deadline);
    base::Result<void> wait_for_answer(base::Deadline deadline);
    tl::unexpected<base::Error> lost(base::Deadline deadline);

    Handle handle_;
    // What is said often, and the name by which the session knows it; empty where a failure left in
    // the dark whether it does.
    std::map<std::string, std::string> names_;
    std::vector<std::string> in_doubt_;  // named in the round trip that goes on
    bool begun_ = false;                 // a transaction that begin() opened
    std::deque<bool> expected_;          // of each answer to come: whether somebody asked for it
    // How much has arrived since something was read, while a script is being run.
    struct Arrivals {
        std::uint64_t at_last_message = 0;
        bool message_read = true;
    };
    std::unique_ptr<Arrivals> arrivals_;
    bool single_rows_ = false;  // a statement of a script was the last that was sent
};

}  // namespace pg
