// SPDX-License-Identifier: Apache-2.0
#include "server/close_database.h"

#include <fmt/format.h>

#include <algorithm>

#include "pg/quoting.h"
#include "pg/sql_state.h"
#include "server/blockers.h"
#include "server/foundation.h"
#include "server/live_server.h"
#include "server/open_databases.h"
#include "server/operator_login.h"
#include "server/ownership.h"
#include "server/registration.h"
#include "server/session.h"
#include "server/upgrade.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using environment::Actor;

// One database as the administrator's session sees it.
struct Door {
    std::string oid;
    bool ours = false;
    bool mine = false;
    bool open = false;
};

Result<Door> look_at(pg::Connection& session, std::string_view database, Deadline deadline) {
    BASE_TRY_ASSIGN(
        const auto rows,
        session.run(
            {"SELECT d.oid::text AS oid, r.rolname IN ($2, $3) AS ours, "
             "pg_has_role(session_user, d.datdba, 'USAGE') AS mine, "
             "has_database_privilege('public', d.oid, 'CONNECT') AS open "
             "FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = $1",
             {std::string(database), std::string(k_manager), std::string(k_registry_owner)}},
            deadline));
    if (rows.empty()) {
        return base::fail(ErrorKind::not_found, fmt::format("there is no database {}", database));
    }
    return Door{rows[0].text("oid"), rows[0].boolean("ours"), rows[0].boolean("mine"),
                rows[0].boolean("open")};
}

Result<void> check_changeable(const Door& door, std::string_view database) {
    if (door.ours) {
        return base::fail(ErrorKind::conflict,
                          fmt::format("{} is a database of reviewdb's own", database));
    }
    if (door.mine) return {};
    return base::fail(ErrorKind::denied,
                      fmt::format("this login may not change the database {}", database),
                      "its owner or a superuser can; 'reviewdb init' prints the SQL");
}

// Written down before anything is closed: a crash in between leaves a record of what still is.
Result<void> record(pg::Connection& control, const Door& door, const Actor& actor,
                    Deadline deadline) {
    return run_as_owner(
        control,
        {fmt::format("INSERT INTO registry.closed_database (oid, database, former_acl, closed_by) "
                     "SELECT oid, datname, datacl::text, {} FROM pg_database WHERE oid = {} "
                     "ON CONFLICT (oid) DO UPDATE SET database = excluded.database, "
                     "former_acl = excluded.former_acl, closed_by = excluded.closed_by, "
                     "closed_at = now(), proven = true",
                     pg::literal(actor.name), door.oid)},
        deadline);
}

// The logins that may connect now by a grant that the record does not have. Nothing where the
// record speaks of a role that is gone: it cannot be read as privileges any more.
Result<std::vector<std::string>> let_in_since(pg::Connection& control, const Door& door,
                                              Deadline deadline) {
    const auto rows = ask_as_owner(
        control,
        {"SELECT quote_ident(r.rolname) AS login FROM registry.closed_database c "
         "JOIN pg_database d ON d.oid = c.oid, aclexplode(d.datacl) AS a "
         "JOIN pg_roles r ON r.oid = a.grantee "
         "WHERE d.oid = $1::oid AND a.privilege_type = 'CONNECT' AND NOT EXISTS ("
         "SELECT FROM aclexplode(coalesce(c.former_acl::aclitem[], acldefault('d', d.datdba))) AS "
         "f "
         "WHERE f.grantee = a.grantee AND f.privilege_type = 'CONNECT') ORDER BY r.rolname",
         {door.oid}},
        deadline);
    std::vector<std::string> logins;
    if (!rows && rows.error().sqlstate == pg::sql_state::k_undefined_object) return logins;
    if (!rows) return base::fail(rows.error());
    for (int i = 0; i < rows->size(); ++i) logins.push_back((*rows)[i].text("login"));
    return logins;
}

// Only over this session: its rows decide what the administrator's rights are used for.
Result<pg::Connection> open_registry(const pg::ConnectionInfo& administrator, Deadline deadline,
                                     base::Log& log) {
    BASE_TRY_ASSIGN(auto entered, enter_registry(administrator, deadline, log));
    if (entered.has_registry) return std::move(entered.control);
    return base::fail(ErrorKind::not_found, "this server has no registry",
                      "prepare it: reviewdb init");
}

// What an administrator recorded. A record that an operator could have written, before the registry
// had an owner of its own, opens nothing; nor does one of another server's database.
Result<void> check_recorded(pg::Connection& control, std::string_view database, const Door& door,
                            Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows, ask_as_owner(control,
                                                  {"SELECT proven FROM registry.closed_database "
                                                   "WHERE oid = $1::oid AND database = $2",
                                                   {door.oid, std::string(database)}},
                                                  deadline));
    if (rows.empty()) {
        return base::fail(ErrorKind::not_found,
                          fmt::format("{} was not closed by reviewdb", database));
    }
    if (rows[0].boolean("proven")) return {};
    return base::fail(
        ErrorKind::conflict,
        fmt::format("the record that {} was closed is older than schema 2, so any operator could "
                    "have written it",
                    database),
        fmt::format("if PUBLIC is to connect to it, run: GRANT CONNECT ON DATABASE {} TO PUBLIC;",
                    pg::identifier(database)));
}

constexpr std::string_view k_door = "init";

Result<void> change_despite_locks(const pg::ConnectionInfo& login, const Contested& on,
                                  const LiveServer::Deed& change, Deadline deadline,
                                  base::Log& log) {
    LiveServer live(login, "reviewdb/init", log);
    BASE_TRY(live.connect(deadline));
    return live.despite_locks(on, deadline, change);
}

// An environment that came in by PUBLIC's right may hold the row of the database. Only the manager
// ends its sessions, so an operator is made for that, when it happens.
Result<void> change_rights(const pg::ConnectionInfo& administrator, pg::Connection& session,
                           std::string_view database, const std::vector<std::string>& statements,
                           Deadline deadline, base::Log& log) {
    const auto change = [&] { return all_or_none(session, statements, deadline); };
    auto changed = change();
    if (!changed && is_blocked(changed.error())) {
        BASE_TRY_ASSIGN(
            const auto login,
            make_operator_of(
                k_door, administrator,
                []() -> Result<base::Secret> { return make_operator_password(); }, deadline, log));
        changed = change_despite_locks(login, {std::string(database), "", &session}, change,
                                       deadline, log);
        BASE_TRY(drop_operator_of(k_door, administrator, deadline, log));
    }
    if (changed) return changed;
    return base::fail(std::move(changed).error().during(
        fmt::format("cannot change who may connect to {}", database)));
}

}  // namespace

Result<std::string> close_database(const pg::ConnectionInfo& administrator,
                                   std::string_view database, const Actor& actor, Deadline deadline,
                                   base::Log& log) {
    BASE_TRY_ASSIGN(auto session, open_administrator(administrator, deadline, log));
    BASE_TRY_ASSIGN(const auto door, look_at(session, database, deadline));
    BASE_TRY(check_changeable(door, database));
    if (!door.open) return fmt::format("PUBLIC cannot connect to {}: nothing to do", database);
    BASE_TRY_ASSIGN(auto control, open_registry(administrator, deadline, log));
    BASE_TRY(record(control, door, actor, deadline));
    BASE_TRY_ASSIGN(const auto released, ask_as_owner(control, released_roles(), deadline));
    BASE_TRY_ASSIGN(const auto all, open_databases(session, released, deadline));
    const auto found = std::ranges::find(all, database, &OpenDatabase::name);
    // One that accepts no connections is not among them, and nobody gets in by PUBLIC.
    const auto here =
        found == all.end() ? OpenDatabase{std::string(database), true, {}, {}} : *found;
    BASE_TRY(
        change_rights(administrator, session, database, closing_statements(here), deadline, log));
    BASE_TRY_ASSIGN(const auto after, look_at(session, database, deadline));
    if (after.open) {
        return base::fail(
            ErrorKind::conflict,
            fmt::format("PUBLIC can still connect to {}: somebody other than its owner "
                        "granted that",
                        database),
            "whoever granted it has to revoke it");
    }
    const auto told = fmt::format(
        "closed {} to PUBLIC; {} logins that came in by that alone keep "
        "their access by name",
        database, here.logins_by_public_alone.size());
    BASE_TRY(run_as_owner(control, {history_sql("database closed", told, actor)}, deadline));
    return told;
}

Result<std::string> reopen_database(const pg::ConnectionInfo& administrator,
                                    std::string_view database, const Actor& actor,
                                    Deadline deadline, base::Log& log) {
    BASE_TRY_ASSIGN(auto session, open_administrator(administrator, deadline, log));
    BASE_TRY_ASSIGN(const auto door, look_at(session, database, deadline));
    BASE_TRY(check_changeable(door, database));
    BASE_TRY_ASSIGN(auto control, open_registry(administrator, deadline, log));
    BASE_TRY(check_recorded(control, database, door, deadline));
    const auto name = pg::identifier(database);
    BASE_TRY_ASSIGN(const auto logins, let_in_since(control, door, deadline));
    std::vector<std::string> statements{
        fmt::format("GRANT CONNECT ON DATABASE {} TO PUBLIC", name)};
    for (const auto& login : logins) {
        statements.push_back(fmt::format("REVOKE CONNECT ON DATABASE {} FROM {}", name, login));
    }
    BASE_TRY(change_rights(administrator, session, database, statements, deadline, log));
    const auto told = fmt::format("opened {} to PUBLIC again, as it was", database);
    BASE_TRY(
        run_as_owner(control,
                     {fmt::format("DELETE FROM registry.closed_database WHERE oid = {}", door.oid),
                      history_sql("database reopened", told, actor)},
                     deadline));
    return told;
}

Result<std::vector<std::string>> closed_databases(const pg::ConnectionInfo& administrator,
                                                  Deadline deadline, base::Log& log) {
    BASE_TRY_ASSIGN(auto control, open_registry(administrator, deadline, log));
    BASE_TRY_ASSIGN(const auto rows,
                    ask_as_owner(control,
                                 {"SELECT d.datname FROM registry.closed_database c JOIN "
                                  "pg_database d ON d.oid = c.oid AND d.datname = c.database "
                                  "ORDER BY d.datname"},
                                 deadline));
    std::vector<std::string> names;
    names.reserve(static_cast<std::size_t>(rows.size()));
    for (int i = 0; i < rows.size(); ++i) names.push_back(rows[i].text("datname"));
    return names;
}

}  // namespace server
