// SPDX-License-Identifier: Apache-2.0
#include "server/observation_sql.h"

#include <fmt/format.h>

#include "server/proof.h"

namespace server {

namespace {

constexpr std::string_view k_instance_columns = R"(
    {0}.id AS {0}_id, {0}.state AS {0}_state, {0}.database AS {0}_database, {0}.oid AS {0}_oid,
    {0}.template AS {0}_template)";

constexpr std::string_view k_role_columns = R"(
    {0}.id AS {0}_id, {0}.name AS {0}_name, {0}.state AS {0}_state,
    {0}.password_version AS {0}_version, {0}.key_number AS {0}_key, {0}.source AS {0}_source)";

// The version that an instance was cloned from, and the role that owns everything in it.
constexpr std::string_view k_version_columns = R"(
    {0}.template_version AS {0}_version,
    (SELECT w.name FROM registry.instance v JOIN registry.role w ON w.id = v.role
        WHERE v.id = {0}.template_version) AS {0}_owner)";

constexpr std::string_view k_login_columns = R"(
    l.oid AS l_oid, l.rolcanlogin AS l_can_login,
    l.rolsuper OR l.rolcreatedb OR l.rolcreaterole OR l.rolreplication OR l.rolbypassrls
        AS l_privileged,
    coalesce(l.rolvaliduntil < 'infinity', false) AS l_expires, l.rolconnlimit AS l_limit,
    EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) one WHERE s.setrole = l.oid
        AND s.setdatabase IN (0, d.oid) AND starts_with(one, 'local_preload_libraries='))
        AS l_preloads,
    (SELECT string_agg(pg_get_userbyid(g.member), E'\n' ORDER BY g.member)
      FROM pg_auth_members g WHERE g.roleid = l.oid
      AND pg_get_userbyid(g.member) <> current_user
      AND pg_get_userbyid(g.grantor) = current_user) AS l_members,
    {} AS l_comment)";

// As shobj_description(), which the server would parse and plan anew for each call in a statement.
constexpr std::string_view k_comment = R"(
    coalesce((SELECT c.description FROM pg_shdescription c WHERE c.objoid = {}.oid
        AND c.classoid = '{}'::regclass), ''))";

// The columns of a database with a prefix, and the lateral that finds it. By name before oid: a
// database of the recorded name that is another one has to be seen.
constexpr std::string_view k_database_columns = R"(
    {0}.oid AS {0}_oid, {0}.datname AS {0}_name, pg_get_userbyid({0}.datdba) AS {0}_owner,
    pg_get_userbyid({0}.datdba) = current_user AS {0}_ours, {0}.datallowconn AS {0}_open,
    {0}.datconnlimit = -2 AS {0}_half_dropped, {0}.datconnlimit AS {0}_limit,
    {0}.datistemplate AS {0}_template,
    {1} AS {0}_comment,
    {0}.datacl IS NULL OR EXISTS (SELECT FROM aclexplode({0}.datacl) a WHERE a.grantee = 0)
        AS {0}_public,
    (SELECT count(DISTINCT a.privilege_type) FROM aclexplode({0}.datacl) a
      WHERE a.grantee = l.oid AND a.privilege_type IN ('CONNECT', 'CREATE', 'TEMPORARY')) = 3
        AS {0}_role_may_use,
    (SELECT string_agg(DISTINCT pg_get_userbyid(a.grantee), E'\n')
      FROM aclexplode({0}.datacl) a
      WHERE a.grantee NOT IN (0, {0}.datdba) AND (a.grantee <> coalesce(l.oid, 0)
        OR a.is_grantable)) AS {0}_grantees,
    (SELECT string_agg(one, E'\n' ORDER BY one)
      FROM pg_db_role_setting s, unnest(s.setconfig) one
      WHERE s.setdatabase = {0}.oid AND s.setrole = 0) AS {0}_settings)";

constexpr std::string_view k_database_join = R"(
LEFT JOIN LATERAL (SELECT * FROM pg_database WHERE datname = {1}.database
    UNION ALL SELECT * FROM pg_database WHERE oid = {1}.oid LIMIT 1) {0} ON true)";

constexpr std::string_view k_no_next = R"(
    NULL AS n_id, NULL AS n_version, NULL AS n_owner, NULL AS o_id, NULL AS m_oid)";

// One environment, as k_one_environment, but for the next instance.
constexpr std::string_view k_one_without_next = R"(registry.environment e
LEFT JOIN registry.instance i ON i.id = e.instance
LEFT JOIN registry.role r ON r.id = e.role
{} WHERE e.project = $1 AND e.name = $2 AND e.state <> 'gone')";

std::string instance_columns(char prefix) { return fmt::format(k_instance_columns, prefix); }
std::string role_columns(char prefix) { return fmt::format(k_role_columns, prefix); }
std::string version_columns(char prefix) { return fmt::format(k_version_columns, prefix); }
std::string login_columns() {
    return fmt::format(k_login_columns, fmt::format(k_comment, "l", "pg_authid"));
}
std::string database_columns(char prefix) {
    return fmt::format(k_database_columns, prefix, fmt::format(k_comment, prefix, "pg_database"));
}

}  // namespace

const std::string_view k_environment_columns = R"(
    e.id AS e_id, e.project AS e_project, e.name AS e_name, e.state AS e_state,
    e.repository AS e_repository, e.ref AS e_ref, e.pull_request AS e_pull_request,
    e.commit AS e_commit, e.labels::text AS e_labels, e.secret AS e_secret,
    e.protected AS e_protected, e.epoch AS e_epoch, e.closed_because AS e_closed_because,
    extract(epoch FROM e.created_at)::bigint AS e_created_at,
    extract(epoch FROM e.last_create_at)::bigint AS e_last_create_at,
    extract(epoch FROM e.expires_at)::bigint AS e_expires_at,
    (extract(epoch FROM e.event_at) * 1000000)::bigint AS e_event_at,
    (extract(epoch FROM e.retired_for) * 1000000)::bigint AS e_retired_for,
    e.retired_pull_request AS e_retired_pull_request, e.retired_commit AS e_retired_commit,
    e.retired_into_trash AS e_retired_into_trash, e.retired_because AS e_retired_because,
    e.retired_as AS e_retired_as)";

const std::string_view k_tombstone = R"(
SELECT (extract(epoch FROM e.retired_for) * 1000000)::bigint AS e_retired_for,
    e.retired_pull_request AS e_retired_pull_request, e.retired_commit AS e_retired_commit,
    e.retired_into_trash AS e_retired_into_trash, e.retired_because AS e_retired_because,
    e.retired_as AS e_retired_as
FROM registry.environment e
WHERE e.project = $1 AND e.name = $2 AND e.state = 'gone' AND e.retired_for IS NOT NULL
ORDER BY e.retired_at DESC LIMIT 1)";

const std::string_view k_one_environment = R"(registry.environment e
LEFT JOIN registry.instance i ON i.id = e.instance
LEFT JOIN registry.instance n ON n.id = e.next_instance
LEFT JOIN registry.role r ON r.id = e.role
{} WHERE e.project = $1 AND e.name = $2 AND e.state <> 'gone')";

const std::string_view k_whole_project = R"(registry.environment e
LEFT JOIN registry.instance i ON i.id = e.instance
LEFT JOIN registry.instance n ON n.id = e.next_instance
LEFT JOIN registry.role r ON r.id = e.role
{} WHERE e.project = $1 AND e.state <> 'gone' ORDER BY e.name)";

// The role only where it is nobody's else: not a living environment's, since a reset's former
// instance shares it, and not that of another one in the trash, which would be of no use without.
const std::string_view k_one_leftover = R"(registry.instance i
LEFT JOIN registry.environment e ON false
LEFT JOIN registry.instance n ON false
LEFT JOIN registry.role r ON r.id = i.role AND r.state <> 'gone' AND NOT EXISTS
    (SELECT FROM registry.environment x WHERE x.role = r.id AND x.state <> 'gone')
    AND NOT EXISTS (SELECT FROM registry.instance y
        WHERE y.role = r.id AND y.id <> i.id AND y.state = 'trashed')
{} WHERE i.id = $1::uuid AND (i.state IN ('dropping', 'trashed') OR r.state = 'pinned'
    OR (i.state IN ('building', 'frozen') AND i.purpose <> 'environment'
        AND NOT EXISTS (SELECT FROM registry.template t WHERE t.instance = i.id))))";

namespace {
constexpr std::string_view k_about_installation = R"(
SELECT pg_backend_pid() AS pid, current_user AS acting,
    current_setting('idle_session_timeout') AS lease,
    extract(epoch FROM clock_timestamp())::bigint AS now,
    x.id, x.schema_version, x.oldest_program_allowed, x.current_key, x.file_cloning,
    current_setting('server_version_num')::integer AS server_version,
    x.writes < registry.counted_writes() AS is_behind,
    EXISTS (SELECT FROM registry.instance WHERE state IN ('trashed', 'dropping')
        AND (state = 'dropping' OR keep_until < now()))
    OR EXISTS (SELECT FROM registry.instance WHERE state = 'building'
        AND purpose <> 'environment' AND created_at < now() - interval '1 hour') AS has_leftovers,
    EXISTS (SELECT FROM registry.role WHERE state = 'pinned') AS has_pinned,
    EXISTS (SELECT FROM registry.environment WHERE state <> 'gone' AND expires_at < now()
        AND NOT protected) AS has_expired, {} AS is_proven
FROM registry.installation x)";
}  // namespace

const std::string& installation_sql() {
    static const std::string k_sql = fmt::format(fmt::runtime(k_about_installation), k_is_proven);
    return k_sql;
}

const std::string_view k_freed_role = R"(
SELECT EXISTS (SELECT FROM registry.role p JOIN pg_roles l ON l.rolname = p.name
    WHERE p.state = 'pinned' AND NOT EXISTS (SELECT FROM pg_shdepend s
        WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = l.oid)) AS is_there)";

const std::string_view k_first_look = R"(
SELECT EXISTS (SELECT FROM registry.environment
        WHERE project = $1 AND name = $2 AND state <> 'gone') AS is_there,
    EXISTS (SELECT FROM registry.instance WHERE project = $1 AND state = 'warm') AS warm_there)";

const std::string_view k_named_elsewhere = R"(
SELECT string_agg(format('%s (%s objects)', p.place, p.many), ', ' ORDER BY p.place) AS found
FROM (SELECT d.datname AS place, count(*) AS many FROM pg_shdepend s JOIN pg_database d
        ON d.oid = CASE WHEN s.dbid <> 0 THEN s.dbid
            WHEN s.classid = 'pg_database'::regclass THEN s.objid END
    WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = l.oid AND NOT EXISTS
        (SELECT FROM registry.instance x WHERE x.oid = d.oid AND x.state <> 'gone')
    GROUP BY d.datname) p)";

const std::string_view k_name_holder = R"(
SELECT pg_get_userbyid(d.datdba) AS owner, i.id::text AS instance, i.state,
    CASE WHEN pg_get_userbyid(d.datdba) = current_user
        THEN coalesce(shobj_description(d.oid, 'pg_database'), '') END AS comment
FROM pg_database d
LEFT JOIN registry.instance i ON i.database = d.datname AND i.oid = d.oid AND i.state <> 'gone'
WHERE d.datname = $1)";

std::string recall_sql() {
    return fmt::format(R"(
SELECT pg_backend_pid() AS pid, current_user AS acting,
    current_setting('idle_session_timeout') AS lease,
    extract(epoch FROM clock_timestamp())::bigint AS now,
    x.id, x.schema_version, x.oldest_program_allowed, x.current_key, x.file_cloning,
    current_setting('server_version_num')::integer AS server_version,
    false AS is_behind, false AS has_leftovers, false AS has_expired, {} AS is_proven,
    k.number, k.fingerprint, k.location, encode(k.bytes, 'hex') AS bytes,
    {}, {}, NULL AS n_id, {}
FROM registry.installation x
LEFT JOIN registry.environment e ON e.project = $1 AND e.name = $2 AND e.state <> 'gone'
LEFT JOIN registry.instance i ON i.id = e.instance
LEFT JOIN registry.role r ON r.id = e.role
LEFT JOIN registry.key k ON k.retired_at IS NULL AND k.number IN (r.key_number, x.current_key))",
                       k_is_proven, k_environment_columns, instance_columns('i'),
                       role_columns('r'));
}

std::string observation_sql(std::string_view source, std::string_view more_columns) {
    const auto joins =
        "LEFT JOIN registry.role o ON o.id = n.role AND o.id <> r.id "
        "LEFT JOIN pg_roles l ON l.rolname = r.name" +
        fmt::format(k_database_join, "d", "i") + fmt::format(k_database_join, "m", "n");
    return fmt::format("SELECT {}, {}, {}, {}, {}, {}, {}, {}, {}, {}{}{} FROM {}",
                       k_environment_columns, instance_columns('i'), version_columns('i'),
                       instance_columns('n'), version_columns('n'), role_columns('r'),
                       role_columns('o'), login_columns(), database_columns('d'),
                       database_columns('m'), more_columns.empty() ? "" : ", ", more_columns,
                       fmt::format(fmt::runtime(source), joins));
}

std::string serving_sql() {
    const auto joins =
        "LEFT JOIN pg_roles l ON l.rolname = r.name" + fmt::format(k_database_join, "d", "i");
    return fmt::format("SELECT e.next_instance, {}, {}, {}, {}, {}, {}, {} FROM {}",
                       k_environment_columns, instance_columns('i'), version_columns('i'),
                       role_columns('r'), login_columns(), database_columns('d'), k_no_next,
                       fmt::format(k_one_without_next, joins));
}

}  // namespace server
