// SPDX-License-Identifier: Apache-2.0
//
// The two long statements of inspect.cpp. They run in the control database, as the manager.
#pragma once

#include <string_view>

namespace server {

// One row about the server as a whole.
inline constexpr std::string_view k_server = R"(
SELECT pg_backend_pid() AS pid, session_user::text AS login,
    m.rolsuper, m.rolcreatedb, m.rolcreaterole,
    -- Roles of ours are stamped; as their maker it is a member of them, without their rights.
    coalesce((SELECT string_agg(r.rolname, ', ' ORDER BY r.rolname)
        FROM pg_auth_members x JOIN pg_roles r ON r.oid = x.roleid
        WHERE x.member = m.oid AND pg_has_role(m.oid, r.oid, 'USAGE')
            AND coalesce(shobj_description(r.oid, 'pg_authid') NOT LIKE 'reviewdb/1 %', true)), '')
        AS member_of,
    current_setting('max_prepared_transactions')::int AS prepared,
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int AS usable,
    (SELECT count(*) FROM pg_stat_activity WHERE datid IS NOT NULL AND usesysid IS NOT NULL) AS used,
    coalesce((SELECT location FROM registry.key JOIN registry.installation ON number = current_key),
        'none') AS key_location
FROM pg_roles m WHERE m.rolname = current_user)";

// A row (kind, subject, detail) for each thing about which the registry and the server, or the
// server and our rules, disagree. $1 is the project whose environments are looked at.
inline constexpr std::string_view k_disagreements = R"(
WITH installation AS (
    SELECT 'reviewdb/1 ' || id::text || ' ' AS stamp FROM registry.installation
), ours AS (
    SELECT d.*, shobj_description(d.oid, 'pg_database') AS comment,
        EXISTS (SELECT FROM registry.instance i WHERE i.state <> 'gone'
            AND (i.oid = d.oid OR i.database = d.datname)) AS known,
        d.datname IN ('reviewdb', 'reviewdb_template_0') AS fixed
    FROM pg_database d JOIN pg_roles m ON m.oid = d.datdba AND m.rolname = current_user
)
SELECT 'public' AS kind, datname::text AS subject, '' AS detail
    FROM ours WHERE has_database_privilege('public', oid, 'CONNECT')
UNION ALL
SELECT 'collation', datname, datcollversion || ', now '
        || coalesce(pg_database_collation_actual_version(oid), 'none')
    FROM ours WHERE datistemplate
        AND datcollversion <> pg_database_collation_actual_version(oid)
UNION ALL
SELECT 'no stamp', datname, '' FROM ours
    WHERE NOT fixed AND NOT known AND coalesce(comment NOT LIKE 'reviewdb/1 %', true)
UNION ALL
SELECT 'unknown', datname, '' FROM ours, installation
    WHERE NOT fixed AND NOT known AND starts_with(comment, stamp)
UNION ALL
SELECT 'unfinished', database, 'instance ' || state FROM registry.instance
    WHERE state IN ('trashed', 'dropping')
        OR (state = 'building' AND created_at < now() - interval '10 minutes')
UNION ALL
SELECT 'unfinished', name, 'environment ' || state FROM registry.environment
    WHERE project = $1 AND state IN ('building', 'publishing', 'retiring')
        AND last_create_at < now() - interval '10 minutes'
UNION ALL
SELECT 'environment', e.name, CASE
        WHEN d.oid IS NULL THEN 'its database ' || coalesce(i.database, '') || ' is missing'
        WHEN d.datname <> i.database
            THEN 'its database ' || i.database || ' is called ' || d.datname || ' now'
        WHEN d.datdba <> m.oid THEN 'its database ' || d.datname || ' belongs to another role'
        WHEN NOT d.datallowconn OR d.datconnlimit = 0
            THEN 'its database ' || d.datname || ' accepts no connections'
        WHEN l.oid IS NULL THEN 'its role ' || coalesce(r.name, '') || ' is missing'
        ELSE 'its role ' || r.name || ' may not log in' END
    FROM registry.environment e
        JOIN pg_roles m ON m.rolname = current_user
        LEFT JOIN registry.instance i ON i.id = e.instance
        LEFT JOIN registry.role r ON r.id = e.role
        LEFT JOIN pg_database d ON d.oid = i.oid
        LEFT JOIN pg_roles l ON l.rolname = r.name
    WHERE e.project = $1 AND e.state = 'ready'
        AND (d.oid IS NULL OR d.datname <> i.database OR d.datdba <> m.oid OR NOT d.datallowconn
            OR d.datconnlimit = 0 OR l.oid IS NULL OR NOT l.rolcanlogin)
ORDER BY 1, 2)";

}  // namespace server
