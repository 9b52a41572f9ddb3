// SPDX-License-Identifier: Apache-2.0
//
// What a scrub asks the catalog. Every name is qualified: the script may have set search_path.
#pragma once

#include <string_view>

namespace sources {

// The tables whose owner is subject to row security, at most five, as one text; may be null.
inline constexpr std::string_view k_forced_tables = R"(
SELECT pg_catalog.string_agg(name, ', ') AS value FROM (
    SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relrowsecurity AND c.relforcerowsecurity ORDER BY 1 LIMIT 5) forced)";

// What this transaction did to each table, and, as the row without a name, a sum that every rewrite
// of a table changes. Rows that move between partitions count for the partitioned table. A table is
// hooked when it has triggers or rules, which may do more than the statement says.
inline constexpr std::string_view k_written = R"(
SELECT '' AS name, '' AS bare, coalesce(pg_catalog.sum(relfilenode::bigint), 0)::bigint AS changed,
    0::bigint AS inserted, false AS hooked
FROM pg_catalog.pg_class WHERE oid >= 16384
UNION ALL
SELECT r.oid::pg_catalog.regclass::text, r.relname,
    pg_catalog.sum(w.updated + w.deleted + w.inserted)::bigint,
    pg_catalog.sum(w.inserted - w.deleted)::bigint,
    pg_catalog.bool_or(c.relhasrules OR EXISTS (SELECT FROM pg_catalog.pg_trigger t
        WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'))
FROM pg_catalog.pg_class c
CROSS JOIN LATERAL (SELECT pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) AS inserted,
    pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) AS updated,
    pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) AS deleted) w
JOIN pg_catalog.pg_class r ON r.oid = coalesce(pg_catalog.pg_partition_root(c.oid), c.oid)
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND c.oid >= 16384
AND w.inserted + w.updated + w.deleted > 0
GROUP BY r.oid, r.relname)";

// The tables that inherit from the one that $1 names, and so are left out by ONLY; may be null.
inline constexpr std::string_view k_heirs = R"(
SELECT pg_catalog.string_agg(i.inhrelid::pg_catalog.regclass::text, ', ') AS value
FROM pg_catalog.pg_inherits i WHERE i.inhparent = pg_catalog.to_regclass($1))";

// Whatever switched row security on, which is off when the session begins; may be null.
inline constexpr std::string_view k_row_security = R"(
SELECT CASE WHEN pg_catalog.current_setting('row_security') <> 'off' THEN 'the script'
    ELSE (SELECT 'the function ' || pg_catalog.min(p.oid::pg_catalog.regprocedure::text)
        FROM pg_catalog.pg_proc p, pg_catalog.unnest(p.proconfig) setting
        WHERE setting LIKE 'row\_security=%' AND setting <> 'row_security=off'
        AND EXISTS (SELECT FROM pg_catalog.pg_class WHERE relrowsecurity AND relforcerowsecurity))
    END AS value)";

// REFRESH for each populated materialized view, after those that it reads. What a function reads
// is not known to the catalog; such views follow in the order in which they were made.
inline constexpr std::string_view k_refreshes = R"(
WITH RECURSIVE reads AS (
    SELECT DISTINCT r.ev_class AS reader, d.refobjid AS what
    FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
    WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND r.ev_class <> d.refobjid
), level (view, depth) AS (
    SELECT oid, 0 FROM pg_catalog.pg_class WHERE relkind = 'm'
    UNION SELECT reads.reader, depth + 1 FROM level JOIN reads ON reads.what = level.view
    WHERE depth < 200
)
SELECT pg_catalog.format('REFRESH MATERIALIZED VIEW %I.%I', n.nspname, c.relname) AS sql
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN level ON level.view = c.oid
WHERE c.relkind = 'm' AND c.relispopulated
GROUP BY c.oid, c.relname, n.nspname ORDER BY pg_catalog.max(depth), c.oid)";

}  // namespace sources
