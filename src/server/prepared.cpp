// SPDX-License-Identifier: Apache-2.0
//
// Rolls back what an environment's role has prepared. Only its role can, connected to the database
// that it was prepared in, where the operator may not go. So a throw-away login does it, as a
// member of the role: the role's own password, which an attacker knows or has changed, opens
// nothing.
//
// The login is recorded like anything else that is made, as a leftover that this process works on:
// if it dies over it, the next sweep finds and drops it.
#include <fmt/format.h>

#include "base/bytes.h"
#include "base/uuid.h"
#include "pg/quoting.h"
#include "pg/sql_state.h"
#include "server/live_server.h"
#include "server/locks.h"

namespace server {

namespace {

using base::Deadline;
using base::Result;

constexpr std::string_view k_prepared = R"(
SELECT p.database, bool_or(d.datallowconn) AS open,
    bool_or(pg_get_userbyid(d.datdba) = current_user) AS ours,
    bool_or(has_database_privilege($1::name, d.oid, 'CONNECT')) AS enters,
    (now() + interval '2 minutes')::text AS until
FROM pg_prepared_xacts p JOIN pg_database d ON d.datname = p.database
WHERE p.owner = $1 AND ($2 = '' OR p.gid = $2) GROUP BY p.database)";

// $1 role, $2 its name, $3 the name of the role that it is a member of.
constexpr std::string_view k_record_role = R"(
INSERT INTO registry.role (id, name, state, password_version, key_number)
SELECT $1::uuid, $2, 'serving', 1, r.key_number FROM registry.role r WHERE r.name = $3
ORDER BY r.state = 'gone' LIMIT 1)";
// $1 instance, $2 role, $3 its name, $4 the name of the role that it is a member of.
constexpr std::string_view k_record_instance = R"(
INSERT INTO registry.instance (id, project, state, database, template, role, let_go_at)
SELECT $1::uuid, coalesce((SELECT i.project FROM registry.instance i
        JOIN registry.role r ON r.id = i.role WHERE r.name = $4 LIMIT 1), '-'),
    'dropping', $3, 'empty', o.id, now() FROM registry.role o WHERE o.id = $2::uuid)";

}  // namespace

struct LiveServer::ThrowAwayLogin {
    base::Uuid instance = base::Uuid::random();
    base::Uuid role = base::Uuid::random();
    std::string name = fmt::format("reviewdb_t_{}", role.to_string().substr(0, 18));
    base::Secret password{base::to_base64url(base::random_bytes(32))};
};

// What cannot be rolled back is a warning: the statement that it blocks names it. All logins come
// before the owner's sessions end, so that none of these gets what the transactions locked.
Result<void> LiveServer::roll_back_prepared(const std::string& owner, const std::string& gid,
                                            Deadline deadline) {
    BASE_TRY_ASSIGN(const auto databases,
                    session_->run({std::string(k_prepared), {owner, gid}}, deadline));
    if (databases.empty()) return {};
    const ThrowAwayLogin login;
    BASE_TRY(make_throw_away(login, owner, databases[0].text("until"), deadline));
    std::vector<Inside> opened;
    for (int i = 0; i < databases.size(); ++i) {
        const auto row = databases[i];
        const auto database = row.text("database");
        const bool closed_ours = !row.boolean("open") && row.boolean("ours");
        auto inside =
            enter(login, {owner, gid, database, closed_ours, row.boolean("enters")}, deadline);
        if (inside)
            opened.push_back(*std::move(inside));
        else
            log_.warning("what {} prepared in {} stays: {}", owner, database,
                         inside.error().message);
    }
    auto done = gid.empty() ? terminate(owner, std::nullopt, deadline) : Result<void>();
    for (auto& inside : opened) {
        const auto rolled_back = roll_back_inside(inside, deadline);
        if (!rolled_back) log_.warning("{} stays", rolled_back.error().message);
    }
    for (auto& inside : opened) {
        auto left = leave(login, inside, deadline);
        if (done) done = std::move(left);
    }
    BASE_TRY(drop_throw_away(login, owner, deadline));
    return done;
}

Result<void> LiveServer::make_throw_away(const ThrowAwayLogin& login, const std::string& owner,
                                         const std::string& until, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto verifier, session_->make_verifier(login.password));
    const auto name = pg::identifier(login.name);
    const auto* options =
        session_->server_version() >= 160000 ? " WITH INHERIT TRUE, SET TRUE" : "";
    return run({{std::string(k_record_role), {login.role.to_string(), login.name, owner}},
                {std::string(k_record_instance),
                 {login.instance.to_string(), login.role.to_string(), login.name, owner}},
                try_instance_lock(login.instance),
                {fmt::format("CREATE ROLE {} LOGIN INHERIT PASSWORD {} VALID UNTIL {}", name,
                             pg::literal(verifier), pg::literal(until))},
                {fmt::format("GRANT {} TO {}{}", pg::identifier(owner), name, options)}},
               deadline);
}

// The next sweep drops what cannot be dropped now.
Result<void> LiveServer::drop_throw_away(const ThrowAwayLogin& login, const std::string& owner,
                                         Deadline deadline) {
    const auto name = pg::identifier(login.name);
    const auto dropped = run(
        {wait_briefly(),
         {fmt::format("DROP ROLE {}", name)},
         {"UPDATE registry.role SET state = 'gone' WHERE id = $1::uuid", {login.role.to_string()}},
         {"UPDATE registry.instance SET state = 'gone' WHERE id = $1::uuid",
          {login.instance.to_string()}}},
        deadline);
    if (!dropped) {
        log_.debug("the login {} stays for now: {}", login.name, dropped.error().message);
        BASE_TRY(run({{fmt::format("REVOKE {} FROM {}", pg::identifier(owner), name)},
                      {fmt::format("ALTER ROLE {} NOLOGIN PASSWORD NULL", name)}},
                     deadline));
    }
    return run(
        {{"SELECT pg_advisory_unlock($1::bigint)", {lock_number(instance_lock(login.instance))}}},
        deadline);
}

// A closed database is opened to the throw-away login alone.
Result<LiveServer::Inside> LiveServer::enter(const ThrowAwayLogin& login, Prepared prepared,
                                             Deadline deadline) {
    const auto database = pg::identifier(prepared.database);
    const auto owner = pg::identifier(prepared.owner);
    if (prepared.is_to_be_opened) {
        BASE_TRY(run({wait_briefly(),
                      {fmt::format("REVOKE CONNECT ON DATABASE {} FROM {}", database, owner)},
                      {fmt::format("GRANT CONNECT ON DATABASE {} TO {}", database,
                                   pg::identifier(login.name))},
                      {fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true", database)}},
                     deadline));
    }
    auto session = pg::Connection::open(login_.with("dbname", prepared.database)
                                            .with("options", as_role_options())
                                            .with("application_name", application_)
                                            .with_login(login.name, login.password),
                                        deadline);
    if (session) {
        auto acting = session->run({"SET ROLE " + owner}, deadline);
        if (acting) return Inside{std::move(prepared), *std::move(session)};
        session = base::fail(std::move(acting).error());
    }
    if (prepared.is_to_be_opened) BASE_TRY(shut_again(login, prepared, deadline));
    return base::fail(std::move(session).error());
}

Result<void> LiveServer::shut_again(const ThrowAwayLogin& login, const Prepared& prepared,
                                    Deadline deadline) {
    const auto database = pg::identifier(prepared.database);
    Statements closing{{fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS false", database)},
                       {fmt::format("REVOKE CONNECT ON DATABASE {} FROM {}", database,
                                    pg::identifier(login.name))}};
    if (prepared.owner_enters) {
        closing.push_back({fmt::format("GRANT CONNECT ON DATABASE {} TO {}", database,
                                       pg::identifier(prepared.owner))});
    }
    return run(closing, deadline);
}

Result<void> LiveServer::roll_back_inside(Inside& inside, Deadline deadline) {
    const auto& prepared = inside.prepared;
    BASE_TRY_ASSIGN(const auto found,
                    session_->run({"SELECT gid FROM pg_prepared_xacts WHERE owner = $1 AND "
                                   "database = $2 AND ($3 = '' OR gid = $3)",
                                   {prepared.owner, prepared.database, prepared.gid}},
                                  deadline));
    Result<void> all;
    for (int i = 0; i < found.size(); ++i) {
        const auto gid = found[i].text("gid");
        auto done = inside.session.run({"ROLLBACK PREPARED " + pg::literal(gid)}, deadline);
        // Its owner may have ended it just now.
        if (!done && done.error().sqlstate != pg::sql_state::k_undefined_object) {
            all = base::fail(std::move(done).error().during(
                fmt::format("prepared transaction '{}' of {}", gid, prepared.owner)));
        }
    }
    return all;
}

Result<void> LiveServer::leave(const ThrowAwayLogin& login, Inside& inside, Deadline deadline) {
    std::move(inside.session).close_and_wait(deadline);
    if (!inside.prepared.is_to_be_opened) return {};
    return shut_again(login, inside.prepared, deadline);
}

}  // namespace server
