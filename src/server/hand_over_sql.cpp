// SPDX-License-Identifier: Apache-2.0
#include "server/hand_over_sql.h"

namespace server {

// pg_shdepend knows who is named where, in all databases; 0 stands for what they share.
const std::string_view k_hand_over_state = R"(
SELECT f.rolcanlogin AS enters, n.remains, n.left_behind, n.shared,
    (SELECT count(*) FROM pg_class c WHERE c.relowner = f.oid) AS locks,
    current_setting('max_locks_per_transaction')::bigint
        * (current_setting('max_connections')::bigint
            + current_setting('max_prepared_transactions')::bigint) AS capacity,
    EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = f.oid AND m.member = t.oid) AS member,
    d.datname AS database, EXISTS (SELECT FROM pg_publication p WHERE p.pubowner = f.oid)
        AND NOT coalesce(has_database_privilege(t.oid, d.oid, 'CREATE'), true) AS lacks_create
FROM pg_database d, pg_roles f LEFT JOIN pg_roles t ON t.rolname = $2, LATERAL (
    SELECT count(*) FILTER (WHERE s.dbid = d.oid) AS remains,
        count(*) FILTER (WHERE s.dbid = d.oid AND (s.deptype <> 'o' OR s.classid IN
            ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass))) AS left_behind,
        string_agg(pg_describe_object(s.classid, s.objid, 0), ', ')
            FILTER (WHERE s.dbid = 0 AND s.deptype = 'o') AS shared
    FROM pg_shdepend s WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = f.oid
) n
WHERE d.datname = current_database() AND f.rolname = $1)";

// ALTER DEFAULT PRIVILEGES takes a row away when it says what holds without one. A person's grants
// on what is `from`'s move with their object; those that are left are on somebody else's.
const std::string_view k_hand_over_rest = R"(
WITH who AS (
    SELECT f.oid AS from_id, t.oid AS to_id, f.rolname AS from_name, t.rolname AS to_name
    FROM pg_roles f, pg_roles t WHERE f.rolname = $1 AND t.rolname = $2
), named AS (
    SELECT s.classid, s.objid, s.objsubid, s.deptype FROM pg_shdepend s, who
    WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = from_id
    AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
), default_row AS (
    SELECT a.oid AS id, a.defaclrole AS role, a.defaclnamespace = 0 AS everywhere, a.defaclacl AS acl,
        CASE a.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
            WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS'
            WHEN 'L' THEN 'LARGE OBJECTS' END AS kind,
        CASE a.defaclobjtype WHEN 'f' THEN 'EXECUTE' WHEN 'T' THEN 'USAGE' END AS for_everybody,
        'ALTER DEFAULT PRIVILEGES FOR ROLE %I '
            || coalesce('IN SCHEMA ' || replace(quote_ident(n.nspname), '%', '%%'), '') || ' ' AS scope
    FROM pg_default_acl a LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace
    WHERE a.oid IN (SELECT objid FROM named WHERE classid = 'pg_default_acl'::regclass)
), default_grant AS (
    SELECT d.id, x.grantee, x.is_grantable,
        string_agg(DISTINCT x.privilege_type, ', ') AS privileges,
        CASE x.grantee WHEN 0 THEN 'PUBLIC' WHEN from_id THEN quote_ident(to_name)
            ELSE quote_ident(pg_get_userbyid(x.grantee)) END AS new_grantee
    FROM who, default_row d, aclexplode(d.acl) x GROUP BY 1, 2, 3, 5
), default_step AS (
    SELECT d.id, 1 AS step, format(scope, to_name)
        || format('REVOKE ALL ON %s FROM PUBLIC, %I', kind, to_name) AS sql
    FROM who, default_row d WHERE role = from_id AND everywhere
    UNION ALL
    SELECT d.id, 2, format(scope, to_name) || format('GRANT %s ON %s TO %s', privileges, kind,
        new_grantee) || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
    FROM who, default_row d JOIN default_grant USING (id) WHERE role = from_id
    UNION ALL
    SELECT d.id, 3, format(scope, from_name) || format('REVOKE ALL ON %s FROM PUBLIC, %I', kind,
        from_name) || coalesce((SELECT string_agg(DISTINCT ', '
            || quote_ident(pg_get_userbyid(g.grantee)), '') FROM default_grant g
            WHERE g.id = d.id AND g.grantee NOT IN (0, from_id)), '')
    FROM who, default_row d WHERE role = from_id
    UNION ALL
    SELECT d.id, 4, format(scope, from_name) || format('GRANT ALL ON %s TO %I', kind, from_name)
    FROM who, default_row d WHERE role = from_id AND everywhere
    UNION ALL
    SELECT d.id, 5, format(scope, from_name) || format('GRANT %s ON %s TO PUBLIC', for_everybody, kind)
    FROM who, default_row d WHERE role = from_id AND everywhere AND for_everybody IS NOT NULL
    UNION ALL
    SELECT d.id, 6, format(scope, pg_get_userbyid(role))
        || format('REVOKE ALL ON %s FROM %I', kind, from_name)
    FROM who, default_row d WHERE role <> from_id
    UNION ALL
    SELECT d.id, 7, format(scope, pg_get_userbyid(role)) || format('GRANT %s ON %s TO %s',
        privileges, kind, new_grantee) || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
    FROM who, default_row d JOIN default_grant USING (id) WHERE role <> from_id AND grantee = from_id
), object AS (
    SELECT n.classid, n.objid, n.objsubid, '' AS part,
        format('%s %I.%I', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, s.nspname,
            c.relname) AS target, c.relacl AS acl
    FROM named n JOIN pg_class c ON c.oid = n.objid JOIN pg_namespace s ON s.oid = c.relnamespace
    WHERE n.deptype = 'a' AND n.classid = 'pg_class'::regclass AND n.objsubid = 0
    UNION ALL
    SELECT n.classid, n.objid, n.objsubid, format(' (%I)', a.attname),
        format('TABLE %I.%I', s.nspname, c.relname), a.attacl
    FROM named n JOIN pg_class c ON c.oid = n.objid JOIN pg_namespace s ON s.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = n.objid AND a.attnum = n.objsubid
    WHERE n.deptype = 'a' AND n.classid = 'pg_class'::regclass AND n.objsubid <> 0
    UNION ALL
    SELECT n.classid, n.objid, 0, '', 'ROUTINE ' || p.oid::regprocedure::text, p.proacl
    FROM named n JOIN pg_proc p ON p.oid = n.objid
    WHERE n.deptype = 'a' AND n.classid = 'pg_proc'::regclass
    UNION ALL
    SELECT n.classid, n.objid, 0, '', 'TYPE ' || t.oid::regtype::text, t.typacl
    FROM named n JOIN pg_type t ON t.oid = n.objid
    WHERE n.deptype = 'a' AND n.classid = 'pg_type'::regclass
    UNION ALL
    SELECT n.classid, n.objid, 0, '', format('SCHEMA %I', s.nspname), s.nspacl
    FROM named n JOIN pg_namespace s ON s.oid = n.objid
    WHERE n.deptype = 'a' AND n.classid = 'pg_namespace'::regclass
    UNION ALL
    SELECT n.classid, n.objid, 0, '', format('LANGUAGE %I', l.lanname), l.lanacl
    FROM named n JOIN pg_language l ON l.oid = n.objid
    WHERE n.deptype = 'a' AND n.classid = 'pg_language'::regclass
    UNION ALL
    SELECT n.classid, n.objid, 0, '', format('LARGE OBJECT %s', o.oid), o.lomacl
    FROM named n JOIN pg_largeobject_metadata o ON o.oid = n.objid
    WHERE n.deptype = 'a' AND n.classid = 'pg_largeobject'::regclass
    UNION ALL
    SELECT n.classid, n.objid, 0, '', format('FOREIGN SERVER %I', o.srvname), o.srvacl
    FROM named n JOIN pg_foreign_server o ON o.oid = n.objid
    WHERE n.deptype = 'a' AND n.classid = 'pg_foreign_server'::regclass
), object_step AS (
    SELECT classid, objid, objsubid, 1 AS step,
        format('REVOKE ALL%s ON %s FROM %I CASCADE', part, target, from_name) AS sql FROM who, object
    UNION ALL
    SELECT classid, objid, objsubid, 2, format('GRANT %s ON %s TO %I',
        string_agg(DISTINCT x.privilege_type || part, ', '), target, to_name)
        || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
    FROM who, object, aclexplode(acl) x WHERE x.grantee = from_id
    GROUP BY classid, objid, objsubid, target, to_name, x.is_grantable
)
SELECT sql FROM (
    SELECT 1 AS kind, id, 0 AS part, step, sql FROM default_step
    UNION ALL
    SELECT 2, objid, objsubid, classid::bigint * 10 + step, sql FROM object_step
    UNION ALL
    SELECT 3, p.oid, 0, 0, format('ALTER POLICY %I ON %I.%I TO %s', p.polname, s.nspname, c.relname,
        (SELECT string_agg(DISTINCT CASE r.id WHEN 0 THEN 'PUBLIC' WHEN from_id THEN quote_ident(to_name)
            ELSE quote_ident(pg_get_userbyid(r.id)) END, ', ') FROM unnest(p.polroles) AS r (id)))
    FROM who, pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    JOIN pg_namespace s ON s.oid = c.relnamespace WHERE from_id = ANY (p.polroles)
    UNION ALL
    SELECT 4, n.objid, 0, 0, format('DROP USER MAPPING FOR %I SERVER %I', from_name, u.srvname)
    FROM who, named n JOIN pg_user_mappings u ON u.umid = n.objid
    WHERE n.classid = 'pg_user_mapping'::regclass
) every_step ORDER BY kind, id, part, step)";

// What a table has with it, its indexes, its TOAST table, its own sequences, is locked with it and
// follows it. Temporary tables of a session that died are left to REASSIGN OWNED, which alone may.
const std::string_view k_hand_over_relations = R"(
SELECT format('ALTER %s %I.%I OWNER TO %I', CASE c.relkind WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END,
        n.nspname, c.relname, $2::text) AS sql,
    1 + CASE WHEN c.reltoastrelid <> 0 THEN 2 ELSE 0 END
        + (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid)
        + (SELECT count(*) FROM pg_depend d JOIN pg_class s ON s.oid = d.objid
            WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
            AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
            AND s.relkind = 'S') AS locks
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relowner = (SELECT oid FROM pg_roles WHERE rolname = $1)
AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND c.relpersistence <> 't'
AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM pg_depend s WHERE s.classid = 'pg_class'::regclass
    AND s.objid = c.oid AND s.refclassid = 'pg_class'::regclass AND s.deptype IN ('a', 'i')))
ORDER BY c.oid)";

const std::string_view k_hand_over_remains = R"(
SELECT pg_describe_object(s.classid, s.objid, s.objsubid) AS what FROM pg_shdepend s
WHERE s.refclassid = 'pg_authid'::regclass
AND s.refobjid = (SELECT oid FROM pg_roles WHERE rolname = $1)
AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY 1 LIMIT 5)";

// From 16384 on (FirstNormalObjectId) is what somebody made. An owner that is the bootstrap
// superuser stands in no pg_shdepend, so every catalog that has owners is read. What an extension
// or a range type consists of is a superuser's however it was made. An extension of a superuser, or
// of an administrator, whom CREATEROLE tells from the roles of environments, may be there with all
// that it consists of.
const std::string_view k_not_owned_by = R"(
WITH given (id) AS (
    SELECT e.oid FROM pg_extension e JOIN pg_roles a ON a.oid = e.extowner
    WHERE a.rolsuper OR a.rolcreaterole
), owned (classid, objid, owner) AS (
    SELECT 'pg_class'::regclass, oid, relowner FROM pg_class WHERE relkind NOT IN ('i', 'I', 't')
    UNION ALL SELECT 'pg_proc'::regclass, oid, proowner FROM pg_proc
    UNION ALL SELECT 'pg_type'::regclass, oid, typowner FROM pg_type t WHERE typrelid = 0
        AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
    UNION ALL SELECT 'pg_namespace'::regclass, oid, nspowner FROM pg_namespace
        WHERE nspname !~ '^pg_(toast_)?temp_'
    UNION ALL SELECT 'pg_operator'::regclass, oid, oprowner FROM pg_operator
    UNION ALL SELECT 'pg_opclass'::regclass, oid, opcowner FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfowner FROM pg_opfamily
    UNION ALL SELECT 'pg_collation'::regclass, oid, collowner FROM pg_collation
    UNION ALL SELECT 'pg_conversion'::regclass, oid, conowner FROM pg_conversion
    UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgowner FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictowner FROM pg_ts_dict
    UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxowner FROM pg_statistic_ext
    UNION ALL SELECT 'pg_language'::regclass, oid, lanowner FROM pg_language
    UNION ALL SELECT 'pg_extension'::regclass, oid, extowner FROM pg_extension
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, fdwowner FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid, srvowner FROM pg_foreign_server
    UNION ALL SELECT 'pg_largeobject'::regclass, oid, lomowner FROM pg_largeobject_metadata
    UNION ALL SELECT 'pg_publication'::regclass, oid, pubowner FROM pg_publication
    UNION ALL SELECT 'pg_event_trigger'::regclass, oid, evtowner FROM pg_event_trigger
    UNION ALL SELECT 'pg_default_acl'::regclass, oid, defaclrole FROM pg_default_acl
)
SELECT pg_describe_object(o.classid, o.objid, 0) || ' of ' || quote_ident(pg_get_userbyid(o.owner))
    AS what
FROM owned o LEFT JOIN pg_roles r ON r.oid = o.owner
WHERE (o.objid >= 16384 OR o.classid = 'pg_namespace'::regclass AND o.objid =
    (SELECT oid FROM pg_namespace WHERE nspname = 'public'))
AND r.rolname IS DISTINCT FROM $1
AND NOT (o.classid = 'pg_extension'::regclass AND o.objid IN (SELECT id FROM given))
AND NOT EXISTS (SELECT FROM pg_depend m WHERE m.classid = o.classid AND m.objid = o.objid
    AND m.deptype = 'e' AND m.refclassid = 'pg_extension'::regclass
    AND m.refobjid IN (SELECT id FROM given))
AND NOT (r.rolsuper AND EXISTS (SELECT FROM pg_depend e WHERE e.classid = o.classid
    AND e.objid = o.objid AND e.deptype IN ('e', 'i')))
ORDER BY 1 LIMIT 100)";

const std::string_view k_roles_named_besides = R"(
SELECT DISTINCT pg_get_userbyid(s.refobjid) AS role FROM pg_shdepend s
WHERE s.refclassid = 'pg_authid'::regclass
AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
AND pg_get_userbyid(s.refobjid) <> $1 ORDER BY 1)";

}  // namespace server
