// SPDX-License-Identifier: Apache-2.0
//
// What a client said to Postgres: logins, statements with their parameters, and where it waited for
// answers. Read from the wire (protocol 3.0, without TLS), written for the floor (floor/replay.cpp)
// to say the same again, and compared with what the floor said then. Knows of no password: neither
// the SCRAM exchange nor a verifier is kept.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/tcp_proxy.h"

namespace bench {

class Conversation {
   public:
    // Throws std::runtime_error for anything that our programs do not say.
    static Conversation heard(const std::vector<support::TcpProxy::Sent>& sent);

    // With every parameter that is `from` replaced: for what the server chose, such as an oid.
    Conversation with(std::string_view from, std::string_view to) const;

    std::size_t logins() const { return count("connect"); }
    std::size_t statements() const { return count("statement"); }
    std::size_t round_trips() const { return count("sync"); }

    std::string to_text() const;

    // A statement as it was said; `prepared` is one that the session knows by a name.
    struct Said {
        std::string sql;
        std::vector<std::optional<std::string>> parameters;
        bool prepared;
        friend bool operator==(const Said&, const Said&) = default;
    };
    // Up to each Sync.
    std::vector<std::vector<Said>> statements_by_sync() const;

    // What was said after `earlier`, which is how this one began.
    Conversation since(const Conversation& earlier) const;
    // The settings with which its first session started.
    std::string options() const;
    // Its statements as part of a script for pgbench's extended protocol, in one pipeline for each
    // round trip, parameters as literals: the logins are the caller's. Throws for SQL in which
    // pgbench would see a variable.
    std::string to_pg_bench() const;

    // The first thing that only one of them says; empty when they are the same.
    std::string difference(const Conversation& other) const;

   private:
    class Ear;
    using Field = std::optional<std::string>;
    struct Action {
        std::string kind;  // connect, statement, sync, leave; depart: leave, and wait for the end
        std::size_t session;
        std::vector<Field> fields = {};
        bool prepared = false;
        std::string to_text() const;
        // The floor of a whole process has no use for names.
        friend bool operator==(const Action& one, const Action& other) {
            return one.kind == other.kind && one.session == other.session &&
                   one.fields == other.fields;
        }
    };

    void settle_leaving();
    void find_departures();
    std::size_t count(std::string_view kind) const;

    std::vector<Action> actions_;
};

}  // namespace bench
