// SPDX-License-Identifier: Apache-2.0
#include "support/caller.h"

#include <fmt/format.h>

#include "server/live_server.h"
#include "support/must.h"
#include "support/sql.h"

namespace support {

using base::Result;
using environment::Answer;
using environment::Execution;

namespace {

Result<std::unique_ptr<environment::SecretStore>> no_store(const environment::Policy& /*policy*/) {
    return std::unique_ptr<environment::SecretStore>();
}

Result<Answer> carry_out(environment::Manager& manager, Request verb,
                         const environment::Project& project, const environment::Name& name,
                         base::Deadline deadline) {
    environment::Wish wish{project, name, {}, "test"};
    wish.purges = true;
    switch (verb) {
        case Request::create:
            return manager.create({project, name, {}, {}, std::nullopt}, Execution::carry_out,
                                  deadline);
        case Request::repair:
            return manager.repair(wish, Execution::carry_out, deadline);
        case Request::reset:
            return manager.reset(wish, Execution::carry_out, deadline);
        case Request::rotate:
            return manager.rotate(wish, environment::Sessions::end, Execution::carry_out, deadline);
        case Request::close:
            return manager.close(wish, Execution::carry_out, deadline);
        case Request::open:
            return manager.open(wish, Execution::carry_out, deadline);
        case Request::remove:
            break;
    }
    return manager.remove(wish, Execution::carry_out, deadline);
}

}  // namespace

Result<Answer> Caller::call(Request verb, const std::string& name) const {
    base::Log log{base::LogLevel::error, base::LogFormat::text};
    server::LiveServer live(login, "reviewdb/test", log);
    environment::Manager manager(live, {k_tester, {}, {}, no_store, on_step}, log);
    return carry_out(manager, verb, must(environment::Project::parse(project)),
                     must(environment::Name::parse(name)), base::Deadline::after(patience));
}

void arrange(Before before, const Caller& caller, const pg::ConnectionInfo& superuser,
             const std::string& name) {
    if (before == Before::nothing) return;
    const auto made = must(caller.call(Request::create, name));
    if (before == Before::closed) must(caller.call(Request::close, name));
    if (before != Before::drifted) return;
    const auto& role = made.description->role;
    execute(superuser, fmt::format("ALTER ROLE {} PASSWORD 'another' CONNECTION LIMIT 1", role));
    execute(superuser,
            fmt::format("GRANT CONNECT ON DATABASE {} TO PUBLIC", made.description->database));
}

std::string use_and_remove(const Caller& caller, const std::string& name) {
    auto usable = caller.call(Request::create, name);
    const bool closed = !usable && usable.error().kind == base::ErrorKind::conflict;
    if (closed) usable = caller.call(Request::open, name);
    if (!usable) return "it does not become usable: " + usable.error().message;
    const auto& description = *usable->description;
    const auto login = caller.login.with("dbname", description.database)
                           .with_login(description.role, description.password);
    if (const auto refused = refusal(login, "CREATE TABLE it_works (id integer)");
        !refused.empty()) {
        return "it cannot be used: " + refused;
    }
    const auto removed = caller.call(Request::remove, name);
    return removed ? std::string() : "it cannot be removed: " + removed.error().message;
}

std::string what_is_left(const pg::ConnectionInfo& superuser, const std::string& project) {
    const auto things = ask(
        superuser,
        fmt::format("SELECT coalesce(string_agg(what, E'\\n'), '') AS value FROM ("
                    "SELECT 'database ' || datname AS what FROM pg_database "
                    "WHERE datname ~ '^(reviewdb_[bx]|{0})_' "
                    "UNION ALL SELECT 'role ' || rolname FROM pg_roles WHERE rolname ~ '^{0}_') s",
                    project));
    const auto rows =
        ask(superuser.with("dbname", "reviewdb"),
            "SELECT coalesce(string_agg(what, E'\\n'), '') AS value FROM ("
            "SELECT 'environment ' || name || ' is ' || state AS what FROM registry.environment "
            "WHERE state <> 'gone' UNION ALL SELECT 'instance ' || database || ' is ' || state "
            "FROM registry.instance WHERE state <> 'gone' UNION ALL SELECT 'role ' || name || "
            "' is ' || state FROM registry.role WHERE state <> 'gone') s");
    return things + (things.empty() || rows.empty() ? "" : "\n") + rows;
}

}  // namespace support
