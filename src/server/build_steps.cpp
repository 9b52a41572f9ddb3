// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "pg/quoting.h"
#include "pg/sql_state.h"
#include "server/clone.h"
#include "server/hand_over.h"
#include "server/live_server.h"
#include "server/row_reading.h"
#include "server/session.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using environment::StepKind;

std::optional<std::string> optional_number(const std::optional<int>& number) {
    if (!number) return std::nullopt;
    return std::to_string(*number);
}

// Then nobody can have been granted a right on it yet.
bool makes_database(const environment::Plan& plan) {
    return std::ranges::any_of(
        plan.steps, [](const auto& step) { return step.kind == StepKind::create_database; });
}

// A library that is not there keeps the role from logging in, even to take the setting back.
constexpr std::string_view k_preloading_databases =
    "SELECT d.datname FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase "
    "JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) one "
    "WHERE r.rolname = $1 AND starts_with(one, 'local_preload_libraries=')";

// The roles that the manager, or an operator who acts as it, let act as $1. What others granted is
// theirs to take back.
constexpr std::string_view k_foreign_members =
    "SELECT pg_get_userbyid(g.member) AS name FROM pg_auth_members g "
    "JOIN pg_roles r ON r.oid = g.roleid "
    "WHERE r.rolname = $1 AND pg_get_userbyid(g.member) <> current_user "
    "AND pg_get_userbyid(g.grantor) = current_user";

// The roles with rights on the database $1 but its owner and the role $2, and that one if it may
// grant its rights.
constexpr std::string_view k_foreign_grantees =
    "SELECT DISTINCT pg_get_userbyid(a.grantee) AS name FROM pg_database d, aclexplode(d.datacl) a "
    "WHERE d.datname = $1 AND a.grantee NOT IN (0, d.datdba) "
    "AND (pg_get_userbyid(a.grantee) <> $2 OR a.is_grantable)";

// As the role, in its own database, so that what may stand in the way there does so with its
// rights.
constexpr std::string_view k_schema_owner =
    "SELECT pg_get_userbyid(nspowner) = session_user AS its_own FROM pg_namespace "
    "WHERE nspname = 'public'";

}  // namespace

const std::string_view k_described =
    "repository = $2, ref = $3, pull_request = $4::integer, commit = $5, labels = $6::jsonb, "
    "expires_at = to_timestamp($7::double precision), "
    "last_create_at = to_timestamp($8::double precision), "
    "event_at = to_timestamp($9::double precision)";

std::vector<std::optional<std::string>> described(const environment::EnvironmentRecord& record) {
    return {record.id.to_string(),
            record.origin.repository,
            record.origin.ref,
            optional_number(record.origin.pull_request),
            record.origin.commit,
            labels_to_json(record.labels),
            seconds_of(record.expires_at),
            seconds_of(record.last_create_at),
            exact_seconds_of(record.event_at)};
}

// What has no database yet can still be cloned from something else.
pg::Statement LiveServer::insert_instance(const Work& work, std::string_view purpose) {
    const auto& instance = work.target.instance;
    const auto version = instance.template_version
                             ? std::optional(instance.template_version->to_string())
                             : std::nullopt;
    return {
        "INSERT INTO registry.instance AS i (id, project, state, database, template, "
        "template_version, role, purpose, shape, size_bytes) SELECT $1::uuid, $2, 'building', "
        "$3, $4, $5::uuid, r.id, $7, $8, nullif($9::bigint, 0) FROM registry.role r "
        "WHERE r.id = $6::uuid ON CONFLICT (id) DO UPDATE SET template = excluded.template, "
        "template_version = excluded.template_version, "
        "size_bytes = excluded.size_bytes WHERE i.oid IS NULL AND i.state = 'building' "
        "RETURNING i.id",
        {instance.id.to_string(), work.target.environment.project, instance.database,
         instance.database_template, version, work.target.role.id.to_string(), std::string(purpose),
         work.target.shape, std::to_string(work.target.source.size_bytes)}};
}

Result<std::string> LiveServer::record_intent(const Work& work) {
    const auto& [environment, instance, role] =
        std::tie(work.target.environment, work.target.instance, work.target.role);
    Statements statements{
        {"SELECT registry.count_write()"},
        {"INSERT INTO registry.role (id, name, state, password_version, key_number) "
         "VALUES ($1::uuid, $2, 'building', $3::integer, $4::integer) ON CONFLICT (id) DO NOTHING",
         {role.id.to_string(), role.name, std::to_string(role.password_version),
          std::to_string(role.key_number)}},
        insert_instance(work, "environment"),
        // An instance that was lost or half dropped lets go of the role, which lives on.
        {"UPDATE registry.instance i SET role = NULL, let_go_at = now(), state = CASE WHEN EXISTS "
         "(SELECT FROM pg_database d WHERE d.oid = i.oid) THEN 'dropping' ELSE 'gone' END "
         "FROM registry.environment e WHERE e.id = $1::uuid AND i.id = e.instance "
         "AND i.id <> $2::uuid",
         {environment.id.to_string(), instance.id.to_string()}},
        {"INSERT INTO registry.environment (id, project, name, state, secret, protected, instance, "
         "role, epoch, repository, ref) VALUES ($1::uuid, $2, $3, 'building', $4, $5::boolean, "
         "$6::uuid, $7::uuid, 1, $8, $9) ON CONFLICT (id) DO UPDATE SET "
         "epoch = registry.environment.epoch + 1, instance = excluded.instance, "
         "role = excluded.role, secret = excluded.secret RETURNING epoch",
         {environment.id.to_string(), environment.project, environment.name, environment.secret,
          environment.shielded ? "t" : "f", instance.id.to_string(), role.id.to_string(),
          environment.origin.repository, environment.origin.ref}}};
    BASE_TRY_ASSIGN(const auto answers, session_->run_all(statements, work.deadline));
    epoch_ = answers.back()[0].integer("epoch");
    return std::string();
}

Result<std::string> LiveServer::create_role(const Work& work) {
    BASE_TRY_ASSIGN(const auto verifier, session_->make_verifier(work.credentials.password));
    const auto role = pg::identifier(work.target.role.name);
    auto made = run({{fmt::format("CREATE ROLE {} LOGIN CONNECTION LIMIT {} PASSWORD {}", role,
                                  work.target.connection_limit, pg::literal(verifier))},
                     {fmt::format("COMMENT ON ROLE {} IS {}", role,
                                  pg::literal(work.credentials.role_stamp()))}},
                    work.deadline);
    if (!made) return base::fail(std::move(made).error().during("cannot create the role " + role));
    return std::string();
}

// What is learnt of the file system is kept for the next ones.
Result<std::string> LiveServer::create_database(const Work& work) {
    const auto& target = work.target;
    const auto& source = target.source.database;
    auto made =
        clone_database(*session_,
                       {target.instance.database,
                        source.empty() ? std::string(k_empty_template) : source, target.strategy},
                       work.deadline);
    if (made) {
        if (made->file_cloning == environment::FileCloning::unknown) return std::string();
        BASE_TRY(
            run({{"UPDATE registry.installation SET file_cloning = $1 WHERE file_cloning <> $1",
                  {std::string(to_text(made->file_cloning))}}},
                work.deadline));
        return std::string();
    }
    auto error = std::move(made).error();
    if (error.sqlstate == pg::sql_state::k_disk_full) {
        error.hint = "the server's disk is full: delete what nobody needs, or make room";
    }
    return base::fail(std::move(error).during(
        fmt::format("cannot create the database {}", target.instance.database)));
}

Result<std::string> LiveServer::secure_database(const Work& work) {
    const auto& instance = work.target.instance;
    const auto database = pg::identifier(instance.database);
    const auto role = pg::identifier(work.target.role.name);
    const bool serving = instance.state == environment::InstanceState::serving;
    const auto& stamp =
        serving ? work.credentials.database_stamp() : work.credentials.building_stamp();
    Statements statements{wait_briefly(),
                          {fmt::format("REVOKE ALL ON DATABASE {} FROM PUBLIC", database)}};
    if (!makes_database(work.plan)) {
        BASE_TRY_ASSIGN(const auto grantees,
                        session_->run({std::string(k_foreign_grantees),
                                       {instance.database, work.target.role.name}},
                                      work.deadline));
        for (int i = 0; i < grantees.size(); ++i) {
            statements.push_back({fmt::format("REVOKE ALL ON DATABASE {} FROM {} CASCADE", database,
                                              pg::identifier(grantees[i].text("name")))});
        }
    }
    const Statements more{
        {fmt::format("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO {}", database, role)},
        {fmt::format("ALTER DATABASE {} WITH CONNECTION LIMIT -1 IS_TEMPLATE false", database)},
        {fmt::format("ALTER DATABASE {} RESET ALL", database)}};
    statements.insert(statements.end(), more.begin(), more.end());
    for (const auto& setting : work.target.database_settings) {
        const auto equals = setting.find('=');
        statements.push_back({fmt::format("ALTER DATABASE {} SET {} = {}", database,
                                          pg::identifier(setting.substr(0, equals)),
                                          pg::literal(setting.substr(equals + 1)))});
    }
    // The role that a warm one was built with has nothing to do here any more.
    if (!work.target.former_role.name.empty()) {
        statements.push_back({fmt::format("REVOKE ALL ON DATABASE {} FROM {}", database,
                                          pg::identifier(work.target.former_role.name))});
    }
    if (!serving) {
        // CONNECT is asked of the login, before the role is set: for handing over, until the claim.
        statements.push_back(
            {fmt::format("GRANT CONNECT ON DATABASE {} TO SESSION_USER", database)});
    }
    statements.push_back(
        {fmt::format("COMMENT ON DATABASE {} IS {}", database, pg::literal(stamp))});
    statements.push_back({fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true", database)});
    statements.push_back(
        {"UPDATE registry.instance SET oid = d.oid FROM pg_database d "
         "WHERE registry.instance.id = $1::uuid AND d.datname = $2",
         {instance.id.to_string(), instance.database}});
    auto secured = despite_locks({instance.database, work.target.role.name}, work.deadline,
                                 [&] { return run(statements, work.deadline); });
    if (!secured) {
        return base::fail(std::move(secured).error().during(
            fmt::format("cannot secure the database {}", instance.database)));
    }
    return std::string();
}

Result<void> LiveServer::give_schema(pg::Connection& inside, const std::string& role,
                                     Deadline deadline) const {
    BASE_TRY(inside.run_all(as_member_of(role, {{fmt::format("ALTER SCHEMA public OWNER TO {}",
                                                             pg::identifier(role))}}),
                            deadline));
    return {};
}

Result<void> LiveServer::make_schema(pg::Connection& inside, const std::string& role,
                                     Deadline deadline) const {
    BASE_TRY_ASSIGN(const auto found,
                    inside.run({"SELECT FROM pg_namespace WHERE nspname = 'public'"}, deadline));
    if (!found.empty()) return {};
    BASE_TRY(inside.run_all(
        as_member_of(
            role, {{fmt::format("CREATE SCHEMA public AUTHORIZATION {}", pg::identifier(role))}}),
        deadline));
    return {};
}

// Nothing that runs in there is anybody's code: a person may have had this database.
Result<std::string> LiveServer::give_all(const Work& work) {
    BASE_TRY(check_lease(work.target, work.deadline));
    const auto& instance = work.target.instance;
    // While it is built the login may connect anyway, until the claim.
    const bool serving = instance.state == environment::InstanceState::serving;
    if (serving) {
        BASE_TRY(admit_login("GRANT CONNECT ON DATABASE {} TO SESSION_USER", work));
    }
    auto handed = hand_over_inside(work);
    if (serving) {
        BASE_TRY(admit_login("REVOKE CONNECT ON DATABASE {} FROM SESSION_USER", work));
    }
    if (!handed) {
        // Whoever has taken the work over since may have shut it.
        auto lease = check_lease(work.target, work.deadline);
        if (!lease && lease.error().kind != ErrorKind::deadline) {
            return base::fail(std::move(lease).error());
        }
        return base::fail(std::move(handed).error().during("cannot hand over what is in it"));
    }
    return std::string();
}

Result<void> LiveServer::admit_login(std::string_view statement, const Work& work) {
    const auto& database = work.target.instance.database;
    return despite_locks({database, work.target.role.name}, work.deadline, [&] {
        return run(
            {wait_briefly(), {fmt::format(fmt::runtime(statement), pg::identifier(database))}},
            work.deadline);
    });
}

Result<void> LiveServer::hand_over_inside(const Work& work) {
    const auto& role = work.target.role.name;
    BASE_TRY_ASSIGN(auto inside,
                    open_session(login_, work.target.instance.database, Acting::as_manager,
                                 application_, work.deadline, log_));
    const auto& former = work.target.former_owner;
    // Only a role whose password is known can be in there.
    if (work.target.role.state == environment::RoleState::serving) {
        BASE_TRY(inside.run(wait_briefly_from_now_on(), work.deadline));
    }
    auto handed = despite_locks(
        {work.target.instance.database, role, &inside}, work.deadline, [&]() -> Result<void> {
            BASE_TRY(make_schema(inside, role, work.deadline));
            return former.empty() ? give_schema(inside, role, work.deadline)
                                  : hand_over(inside, former, role, work.deadline);
        });
    std::move(inside).close_and_wait(work.deadline);
    return handed;
}

Result<std::string> LiveServer::set_password(const Work& work) {
    BASE_TRY_ASSIGN(const auto verifier, session_->make_verifier(work.credentials.password));
    const auto& role = work.target.role.name;
    auto set = despite_locks({"", role}, work.deadline, [&] {
        return run({wait_briefly(),
                    {fmt::format("ALTER ROLE {} PASSWORD {}", pg::identifier(role),
                                 pg::literal(verifier))}},
                   work.deadline);
    });
    if (set) return std::string();
    return base::fail(
        std::move(set).error().during("cannot change the password of the role " + role));
}

Result<std::string> LiveServer::repair_role(const Work& work) {
    const auto role = pg::identifier(work.target.role.name);
    BASE_TRY_ASSIGN(
        const auto found,
        session_->run_all({{std::string(k_preloading_databases), {work.target.role.name}},
                           {std::string(k_foreign_members), {work.target.role.name}}},
                          work.deadline));
    const auto& locked_out_of = found[0];
    const auto& members = found[1];
    Statements statements{
        wait_briefly(),
        {fmt::format("ALTER ROLE {} LOGIN NOCREATEDB NOCREATEROLE VALID UNTIL 'infinity' "
                     "CONNECTION LIMIT {}",
                     role, work.target.connection_limit)},
        {fmt::format("ALTER ROLE {} RESET local_preload_libraries", role)},
        {fmt::format("COMMENT ON ROLE {} IS {}", role,
                     pg::literal(work.credentials.role_stamp()))}};
    for (int i = 0; i < locked_out_of.size(); ++i) {
        statements.push_back(
            {fmt::format("ALTER ROLE {} IN DATABASE {} RESET local_preload_libraries", role,
                         pg::identifier(locked_out_of[i].text("datname")))});
    }
    for (int i = 0; i < members.size(); ++i) {
        statements.push_back({fmt::format("REVOKE {} FROM {} CASCADE", role,
                                          pg::identifier(members[i].text("name")))});
    }
    statements.push_back(
        {"SELECT rolsuper OR rolbypassrls OR rolreplication AS beyond FROM pg_roles "
         "WHERE rolname = $1",
         {work.target.role.name}});
    bool beyond = false;
    auto repaired =
        despite_locks({"", work.target.role.name}, work.deadline, [&]() -> Result<void> {
            BASE_TRY_ASSIGN(const auto answers, session_->run_all(statements, work.deadline));
            const auto& last = answers.back();
            beyond = !last.empty() && last[0].boolean("beyond");
            return {};
        });
    if (!repaired) {
        return base::fail(std::move(repaired).error().during("cannot repair the role " + role));
    }
    if (!beyond) return std::string();
    return base::fail(
        ErrorKind::denied,
        fmt::format("the role {} was given rights that only a superuser can take back", role),
        fmt::format("a superuser can run: ALTER ROLE {} NOSUPERUSER NOBYPASSRLS NOREPLICATION",
                    role));
}

Result<environment::LoginProof> LiveServer::prove_login(const environment::Target& target,
                                                        const environment::Credentials& credentials,
                                                        Deadline deadline) {
    // What came from the pool has its environment's name since its claim.
    const bool claimed = target.instance.state == environment::InstanceState::warm;
    const auto info =
        login_.with("dbname", claimed ? target.final_database : target.instance.database)
            .with("options", as_role_options())
            .with("application_name", "reviewdb/login-check")
            .with_login(target.role.name, credentials.password);
    environment::LoginProof proof;
    auto session = pg::Connection::prove_login(info, deadline);
    if (!session && session.error().sqlstate == pg::sql_state::k_invalid_password) return proof;
    if (!session) return base::fail(std::move(session).error());
    proof.password_accepted = true;
    if (!*session) return proof;
    auto& inside = **session;
    BASE_TRY_ASSIGN(const auto rows, inside.run({std::string(k_schema_owner)}, deadline));
    proof.owns_schema = !rows.empty() && rows[0].boolean("its_own");
    const bool to_be_renamed =
        !claimed && target.instance.state != environment::InstanceState::serving;
    if (to_be_renamed) std::move(inside).close_and_wait(deadline);
    return proof;
}

// Redoing it is harmless, so it need not wait for the disk.
Result<std::string> LiveServer::mark_ready(const Work& work) {
    Statements statements{
        {"SET LOCAL synchronous_commit = off"},
        {fmt::format("UPDATE registry.environment SET {}, state = 'ready', closed_because = '' "
                     "WHERE id = $1::uuid",
                     k_described),
         described(work.target.environment)}};
    const bool told = std::ranges::any_of(work.plan.steps, [](const environment::Step& step) {
        return step.kind == StepKind::claim || step.kind == StepKind::rotate_password;
    });
    // A restore has told its story when it took it out of the trash.
    const bool restored = work.plan.outcome == environment::Outcome::restored;
    if (!told && !restored) statements.push_back(work.history());
    BASE_TRY(session_->transact(statements, work.deadline));
    return std::string();
}

}  // namespace server
