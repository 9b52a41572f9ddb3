// SPDX-License-Identifier: Apache-2.0
#include "server/takeover.h"

#include <fmt/format.h>

#include <chrono>

#include "base/interrupt.h"
#include "pg/quoting.h"
#include "server/migrations.h"
#include "server/open_databases.h"
#include "server/ownership.h"
#include "server/registration.h"
#include "server/registry_objects.h"
#include "server/session.h"
#include "server/survey.h"
#include "server/upgrade.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

std::string allow_connections(bool connections) {
    return fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS {}", k_control_database, connections);
}

class Takeover {
   public:
    Takeover(const pg::ConnectionInfo& administrator, pg::Connection& session,
             const environment::Actor& actor, Deadline deadline, base::Log& log)
        : administrator_(administrator),
          session_(session),
          actor_(actor),
          deadline_(deadline),
          log_(log) {}

    Result<void> run();

   private:
    Result<void> open_again();
    Result<void> move(pg::Connection& control, bool has_registry);
    Result<void> be_alone(const pg::Connection& control);
    Result<pg::Rows> others(const pg::Connection& control);
    Result<void> end(const pg::Rows& others);
    Result<void> change_owner(pg::Connection& control);
    Result<void> migrate(pg::Connection& control);

    const pg::ConnectionInfo& administrator_;
    pg::Connection& session_;
    const environment::Actor& actor_;
    Deadline deadline_;
    base::Log& log_;
};

Result<void> let_in(pg::Connection& session, bool connections, Deadline deadline) {
    return with_our_roles(session, {as_manager(), allow_connections(connections)}, deadline);
}

// In a session of its own where the first one died: a deadline that ends in a statement ends it.
Result<void> Takeover::open_again() {
    const auto longer = deadline_.extended_by(std::chrono::seconds(5));
    if (session_.alive()) return let_in(session_, true, longer);
    BASE_TRY_ASSIGN(auto another, open_administrator(administrator_, longer, log_));
    return let_in(another, true, longer);
}

Result<pg::Rows> Takeover::others(const pg::Connection& control) {
    return session_.run({"SELECT pid, usename::text AS login, quote_ident(usename) AS quoted, "
                         "format('session %s of %s (%s)', pid, usename, application_name) AS who "
                         "FROM pg_stat_activity WHERE datname = $1 AND pid <> $2::integer "
                         "AND usename IS NOT NULL ORDER BY pid",
                         {std::string(k_control_database), std::to_string(control.backend_pid())}},
                        deadline_);
}

// Of a login that is no superuser, only a member's rights end a session.
Result<void> Takeover::end(const pg::Rows& others) {
    for (int i = 0; i < others.size(); ++i) {
        const auto login = others[i].text("login");
        std::vector<pg::Statement> statements;
        const auto own = login == std::string(administrator_.get("user"));
        if (auto join = join_role(session_, login); !join.empty() && !own) {
            statements.push_back({std::move(join)});
        }
        statements.push_back({"SELECT pg_terminate_backend($1::integer)",
                              {std::to_string(others[i].integer("pid"))}});
        if (auto leave = leave_role(session_, login); !leave.empty() && !own) {
            statements.push_back({std::move(leave)});
        }
        auto ended = session_.transact(statements, deadline_);
        if (ended) continue;
        return base::fail(std::move(ended).error().during(
            fmt::format("cannot end {}, which is in reviewdb's registry", others[i].text("who"))));
    }
    return {};
}

// Nobody new gets in: whoever is in has some seconds to finish, and is ended then.
Result<void> Takeover::be_alone(const pg::Connection& control) {
    constexpr std::chrono::seconds k_to_finish(5);
    constexpr std::chrono::seconds k_longest(15);
    constexpr std::chrono::milliseconds k_pause(50);
    const auto finished = deadline_.at_most(k_to_finish);
    const auto limit = deadline_.at_most(k_longest);
    for (;;) {
        BASE_TRY_ASSIGN(const auto there, others(control));
        if (there.empty()) return {};
        if (limit.remaining() <= k_pause) {
            return base::fail(
                ErrorKind::conflict,
                fmt::format("reviewdb's registry is in use by {}", there[0].text("who")),
                fmt::format("end it: SELECT pg_terminate_backend({}); then upgrade "
                            "again",
                            there[0].integer("pid")));
        }
        if (finished.remaining() <= k_pause) BASE_TRY(end(there));
        base::pause(k_pause);
    }
}

// Everything in the schema is one of the objects that were compared; what belongs to a table goes
// along with it.
Result<void> Takeover::change_owner(pg::Connection& control) {
    BASE_TRY(control.go_on({fmt::format(R"(DO $do$
DECLARE
    one text;
BEGIN
    ALTER SCHEMA registry OWNER TO {0};
    FOR one IN SELECT format('ALTER TABLE registry.%I OWNER TO {0}', relname) FROM pg_class
            WHERE relnamespace = 'registry'::regnamespace AND relkind = 'r'
        UNION ALL SELECT format('ALTER FUNCTION %s OWNER TO {0}', oid::regprocedure) FROM pg_proc
            WHERE pronamespace = 'registry'::regnamespace
    LOOP
        EXECUTE one;
    END LOOP;
END
$do$)",
                                        k_registry_owner)},
                           deadline_));
    return {};
}

// The mark is as new as the newest that is known: a registry that was behind stays behind.
Result<void> Takeover::migrate(pg::Connection& control) {
    BASE_TRY_ASSIGN(const auto counted,
                    control.go_on({"SELECT greatest(writes, registry.counted_writes()) AS writes, "
                                   "id::text AS id, schema_version FROM registry.installation"},
                                  deadline_));
    for (const auto& one : migrations()) {
        if (one.number <= counted[0].integer("schema_version")) continue;
        for (const auto& sql : migration_steps(one, actor_)) {
            BASE_TRY(control.go_on({sql}, deadline_));
        }
    }
    BASE_TRY(control.go_on(
        {fmt::format("COMMENT ON DATABASE {} IS {}", k_control_database,
                     pg::literal(std::string(k_control_comment) + counted[0].text("id")))},
        deadline_));
    BASE_TRY(control.go_on({as_manager()}, deadline_));
    BASE_TRY(control.go_on(
        {fmt::format("SELECT registry.set_mark({})", counted[0].integer("writes"))}, deadline_));
    return {};
}

// Its owner changes first: from then on nobody else can let anybody in.
Result<void> Takeover::move(pg::Connection& control, bool has_registry) {
    BASE_TRY(begin_as_owner(control, deadline_));
    BASE_TRY(control.go_on({as_itself()}, deadline_));
    BASE_TRY(control.go_on(
        {fmt::format("ALTER DATABASE {} OWNER TO {}", k_control_database, k_registry_owner)},
        deadline_));
    BASE_TRY_ASSIGN(const auto door,
                    control.go_on({"SELECT datallowconn AS open FROM pg_database WHERE datname = "
                                   "current_database()"},
                                  deadline_));
    if (door[0].boolean("open")) {
        return base::fail(
            ErrorKind::conflict,
            fmt::format("the database {} was opened again meanwhile", k_control_database),
            "upgrade again; if it comes again, look who opens it");
    }
    BASE_TRY(be_alone(control));
    BASE_TRY(control.go_on({as_owner()}, deadline_));
    if (has_registry) {
        BASE_TRY(check_objects(control, k_manager, deadline_));
        BASE_TRY(control.go_on({as_itself()}, deadline_));
        BASE_TRY(change_owner(control));
        BASE_TRY(control.go_on({as_owner()}, deadline_));
        BASE_TRY(migrate(control));
    } else {
        BASE_TRY(check_empty(control, deadline_));
    }
    std::vector<pg::Statement> last{{as_owner()}, {allow_connections(true)}, {as_itself()}};
    for (const auto role : {k_registry_owner, k_manager}) {
        if (auto leave = leave_role(session_, role); !leave.empty()) last.push_back({leave});
    }
    BASE_TRY(control.finish(last, std::nullopt, deadline_));
    return {};
}

Result<void> Takeover::run() {
    // A process that died may have left it shut; to be in it before it is shut, it has to be open.
    BASE_TRY(let_in(session_, true, deadline_));
    BASE_TRY_ASSIGN(auto control,
                    open_session(administrator_, k_control_database, Acting::as_itself,
                                 "reviewdb upgrade", deadline_, log_));
    BASE_TRY(lock_preparation(control, deadline_));
    BASE_TRY_ASSIGN(const auto schema, look_at_schema(control, deadline_));
    // Another call may have done it meanwhile.
    if (schema.owner == k_registry_owner) return {};
    auto moved = let_in(session_, false, deadline_);
    if (moved) moved = move(control, schema.exists);
    if (moved) {
        log_.info("the registry belongs to {} now", k_registry_owner);
        return {};
    }
    std::move(control).close_and_wait(deadline_.extended_by(std::chrono::seconds(2)));
    BASE_TRY(open_again());
    return moved;
}

}  // namespace

Result<void> take_over(const pg::ConnectionInfo& administrator, pg::Connection& session,
                       const environment::Actor& actor, Deadline deadline, base::Log& log) {
    return Takeover(administrator, session, actor, deadline, log).run();
}

}  // namespace server
