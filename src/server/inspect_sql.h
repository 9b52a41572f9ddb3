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
    (SELECT count(*) FROM registry.instance WHERE state = 'trashed') AS trashed,
    (SELECT coalesce(sum(pg_database_size(d.oid)), 0) FROM pg_database d
        WHERE d.datdba = m.oid AND d.datconnlimit <> -2)::bigint AS bytes,
    (SELECT writes < registry.counted_writes() FROM registry.installation) AS is_behind,
    (SELECT {} FROM registry.installation x) AS is_proven,
    coalesce((SELECT location FROM registry.key JOIN registry.installation ON number = current_key),
        'none') AS key_location
FROM pg_roles m WHERE m.rolname = current_user)";

// Who may act as the manager and as the registry's owner, superusers aside, a row for each role:
// our operators, others at once, others by granting it to themselves; and, of no role, whom
// CREATEROLE lets do that before 16. {}: what lets a member act at once.
inline constexpr std::string_view k_members = R"(
WITH members AS (
    SELECT r.rolname AS role, w.rolname AS who,
        w.rolname LIKE 'reviewdb\_operator%'
            AND coalesce(shobj_description(w.oid, 'pg_authid') = 'reviewdb/1 operator', false)
            AS is_operator,
        pg_has_role(w.oid, r.oid, '{}') AS at_once
    FROM pg_roles r JOIN pg_roles w ON w.oid <> r.oid AND NOT w.rolsuper
        AND pg_has_role(w.oid, r.oid, 'MEMBER')
    WHERE r.rolname IN ('reviewdb_manager', 'reviewdb_registry')
)
SELECT r.rolname AS role,
    coalesce(string_agg(who, ', ' ORDER BY who) FILTER (WHERE is_operator), '') AS operators,
    coalesce(string_agg(who, ', ' ORDER BY who) FILTER (WHERE at_once AND NOT is_operator), '')
        AS others,
    coalesce(string_agg(who, ', ' ORDER BY who) FILTER (WHERE NOT at_once AND NOT is_operator), '')
        AS makers,
    (SELECT coalesce(string_agg(c.rolname, ', ' ORDER BY c.rolname), '') FROM pg_roles c
        WHERE c.rolcreaterole AND NOT c.rolsuper AND c.rolname <> 'reviewdb_manager') AS creators
FROM pg_roles r LEFT JOIN members m ON m.role = r.rolname
WHERE r.rolname IN ('reviewdb_manager', 'reviewdb_registry')
GROUP BY r.rolname ORDER BY r.rolname)";

// A row (kind, subject, detail) for each thing that no environment of a project has to do with and
// about which the registry and the server, or the server and our rules, disagree. {}: as
// nobody_works_on_i().
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
    FROM pg_database WHERE datname IN ('reviewdb', 'reviewdb_template_0')
        AND has_database_privilege('public', oid, 'CONNECT')
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
SELECT 'unfinished', database, 'instance ' || state || CASE purpose
        WHEN 'template' THEN ' for the template ' || template || ' of project ' || project
        WHEN 'pool' THEN ' for the pool of project ' || project ELSE '' END
    FROM registry.instance i
    WHERE state = 'dropping' OR (state = 'building' AND CASE purpose
        WHEN 'environment' THEN created_at < now() - interval '10 minutes' ELSE {} END)
UNION ALL
SELECT 'pinned', r.name, coalesce((SELECT string_agg(DISTINCT d.datname, ', ')
        FROM pg_shdepend x JOIN pg_roles l ON l.oid = x.refobjid
        LEFT JOIN pg_database d ON d.oid = x.dbid
        WHERE x.refclassid = 'pg_authid'::regclass AND l.rolname = r.name), '')
    FROM registry.role r WHERE state = 'pinned'
ORDER BY 1, 2)";

}  // namespace server
