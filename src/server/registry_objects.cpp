// SPDX-License-Identifier: Apache-2.0
#include "server/registry_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/text.h"
#include "pg/quoting.h"
#include "server/migrations.h"
#include "server/registration.h"
#include "server/session.h"

namespace server {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;

constexpr std::string_view k_schema = "registry";
// What the schema is called that the migrations make for comparison.
constexpr std::string_view k_as_made = "registry_as_made";

// Catalogs whose rows are objects of this database. Values of enumerations come with their type.
constexpr std::string_view k_catalogs = R"(
SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND NOT c.relisshared
    AND a.attname = 'oid' AND c.relname <> 'pg_enum'
    AND has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY 1)";

// {0}: class and oid of each object that initdb did not make. A line for an object, for each column
// and for each privilege, told by the object that they belong to. Toast tables and what enforces
// foreign keys are named by numbers, so the latter are counted; temporary schemas stay for the next
// session that needs one.
constexpr std::string_view k_lines = R"(
WITH every AS ({0}), named AS (
    SELECT e.class, e.oid, i.type, coalesce(i.schema, '') AS schema, i.identity
    FROM every e, pg_identify_object(
        CASE e.class WHEN 'pg_largeobject_metadata'::regclass THEN 'pg_largeobject'::regclass
            ELSE e.class END, e.oid, 0) i
), objects AS (
    SELECT * FROM named n WHERE coalesce(schema, '') !~ '^pg_(toast|temp|toast_temp)'
        AND NOT (class = 'pg_namespace'::regclass AND identity ~ '^pg_(toast_)?temp_')
        AND NOT (class = 'pg_trigger'::regclass
            AND (SELECT tgisinternal FROM pg_trigger t WHERE t.oid = n.oid))
        AND NOT (class = 'pg_class'::regclass AND identity ~ '^pg_toast\.')
        AND NOT (class = 'pg_type'::regclass AND identity ~ '^pg_toast\.')
), acls AS (
    SELECT 'pg_namespace'::regclass AS class, oid, nspowner AS owner, '' AS part,
        coalesce(nspacl, acldefault('n', nspowner)) AS acl FROM pg_namespace
    UNION ALL SELECT 'pg_class'::regclass, oid, relowner, '',
        coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
        FROM pg_class WHERE relkind IN ('r', 'S')
    UNION ALL SELECT 'pg_class'::regclass, attrelid, relowner, ' column ' || attname, attacl
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attacl IS NOT NULL
    UNION ALL SELECT 'pg_proc'::regclass, oid, proowner, '',
        coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
    UNION ALL SELECT 'pg_default_acl'::regclass, oid, defaclrole, '', defaclacl FROM pg_default_acl
)
SELECT o.class::oid::text || '/' || o.oid AS object,
    o.type || ' ' || o.identity AS name,
    coalesce(CASE o.class
        WHEN 'pg_proc'::regclass THEN (SELECT CASE WHEN prokind IN ('f', 'p')
            THEN pg_get_functiondef(p.oid) END FROM pg_proc p WHERE p.oid = o.oid)
        WHEN 'pg_constraint'::regclass THEN (SELECT pg_get_constraintdef(c.oid) || c.convalidated
            FROM pg_constraint c WHERE c.oid = o.oid)
        WHEN 'pg_attrdef'::regclass THEN (SELECT pg_get_expr(adbin, adrelid)
            FROM pg_attrdef a WHERE a.oid = o.oid)
        WHEN 'pg_trigger'::regclass THEN pg_get_triggerdef(o.oid)
        WHEN 'pg_class'::regclass THEN (SELECT CASE WHEN relkind = 'i'
            THEN pg_get_indexdef(c.oid) || i.indisvalid || i.indisunique
            ELSE concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity,
                relispartition, relreplident, reloptions::text,
                (SELECT count(*) FROM pg_inherits WHERE inhparent = c.oid OR inhrelid = c.oid),
                (SELECT string_agg(t.tgenabled::text, '' ORDER BY t.tgenabled) FROM pg_trigger t
                    WHERE t.tgrelid = c.oid)) END
            FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.oid = o.oid)
        END, '') AS detail
FROM objects o
UNION ALL
SELECT o.class::oid::text || '/' || o.oid, 'column ' || o.identity || '.' || a.attname,
    concat_ws(' ', a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
        a.attgenerated, a.attisdropped, a.attcollation::regcollation, a.attislocal, a.attinhcount)
FROM objects o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0
WHERE o.class = 'pg_class'::regclass AND o.type = 'table'
UNION ALL
SELECT o.class::oid::text || '/' || o.oid,
    format('privilege on %s %s%s of %s', o.type, o.identity, l.part,
        CASE a.grantee WHEN l.owner THEN 'its owner' WHEN 0 THEN 'PUBLIC'
            ELSE pg_get_userbyid(a.grantee) END),
    string_agg(a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ' '
        ORDER BY a.privilege_type)
FROM objects o JOIN acls l ON l.class = o.class AND l.oid = o.oid, aclexplode(l.acl) a
GROUP BY o.class, o.oid, o.type, o.identity, l.part, l.owner, a.grantee
UNION ALL
SELECT o.class::oid::text || '/' || o.oid, o.type || ' ' || o.identity || ', owned by '
    || pg_get_userbyid(s.refobjid), ''
FROM objects o JOIN pg_shdepend s ON s.classid = o.class AND s.objid = o.oid AND s.deptype = 'o'
    AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
WHERE pg_get_userbyid(s.refobjid) <> $1)";

struct Line {
    std::string object;  // class and oid
    std::string name;
    std::string detail;
    auto operator<=>(const Line&) const = default;
};
using Lines = std::vector<Line>;

// `text` with every whole word `from` as `to`.
std::string with_word(std::string_view text, std::string_view from, std::string_view to) {
    const auto in_word = [](char c) { return base::is_alphanumeric(c) || c == '_'; };
    std::string made;
    for (std::size_t at = 0; at < text.size();) {
        const auto found = text.find(from, at);
        if (found == std::string_view::npos) return made.append(text.substr(at));
        const auto end = found + from.size();
        const bool whole = (found == 0 || !in_word(text[found - 1])) &&
                           (end == text.size() || !in_word(text[end]));
        made.append(text.substr(at, found - at)).append(whole ? to : from);
        at = end;
    }
    return made;
}

Result<std::string> lines_sql(pg::Connection& control, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows, control.go_on({std::string(k_catalogs)}, deadline));
    std::string every;
    for (int i = 0; i < rows.size(); ++i) {
        const auto name = rows[i].text("name");
        // initdb's numbers end before this one; its maker chooses that of a large object.
        const auto* first = name == "pg_largeobject_metadata" ? "1" : "16384";
        every += fmt::format(
            "{0}SELECT 'pg_catalog.{1}'::regclass AS class, oid FROM pg_catalog.{1} WHERE oid >= "
            "{2}",
            i == 0 ? "" : " UNION ALL ", name, first);
    }
    return fmt::format(k_lines, every);
}

Result<Lines> read_lines(pg::Connection& control, const std::string& sql, std::string_view owner,
                         Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows, control.go_on({sql, {std::string(owner)}}, deadline));
    Lines lines;
    for (int i = 0; i < rows.size(); ++i) {
        lines.push_back({rows[i].text("object"), rows[i].text("name"), rows[i].text("detail")});
    }
    return lines;
}

// Without the objects' numbers, sorted.
Lines comparable(Lines lines) {
    for (auto& one : lines) one.object.clear();
    std::ranges::sort(lines);
    return lines;
}

// What the migrations made since `before` was read, under the names that it has in a registry.
Lines made_since(const Lines& before, Lines after) {
    std::set<std::string> known;
    for (const auto& one : before) known.insert(one.object);
    std::erase_if(after, [&](const Line& one) { return known.contains(one.object); });
    for (auto& one : after) {
        one.name = with_word(one.name, k_as_made, k_schema);
        one.detail = with_word(one.detail, k_as_made, k_schema);
    }
    return comparable(std::move(after));
}

std::string differences(const Lines& there, const Lines& wanted) {
    const auto named = [](const Lines& in, const std::string& name) {
        return std::ranges::any_of(in, [&](const Line& one) { return one.name == name; });
    };
    std::vector<Line> other;
    std::ranges::set_symmetric_difference(there, wanted, std::back_inserter(other));
    std::set<std::string> told;
    for (const auto& one : other) {
        const auto* what = !named(wanted, one.name)  ? "unknown"
                           : !named(there, one.name) ? "missing"
                                                     : "changed";
        told.insert(fmt::format("{} ({})", one.name, what));
    }
    constexpr std::size_t k_most = 5;
    std::string text;
    std::size_t count = 0;
    for (const auto& one : told) {
        if (++count > k_most) return fmt::format("{}; {} more", text, told.size() - k_most);
        text += (text.empty() ? "" : "; ") + one;
    }
    return text;
}

// How the database differs from what the first `count` migrations make; empty where it does not.
Result<std::string> compare_with_made(pg::Connection& control, const std::string& sql,
                                      const Lines& before, std::size_t count, Deadline deadline) {
    BASE_TRY(control.go_on({"SAVEPOINT as_made"}, deadline));
    // What an earlier migration set for all objects to come did not hold for those before it.
    BASE_TRY(
        control.go_on({"ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC"}, deadline));
    for (const auto& one : migrations().first(count)) {
        BASE_TRY(control.go_on({migration_statement(with_word(one.sql, k_schema, k_as_made))},
                               deadline));
    }
    BASE_TRY_ASSIGN(auto after, read_lines(control, sql, k_registry_owner, deadline));
    BASE_TRY(control.go_on({"ROLLBACK TO SAVEPOINT as_made"}, deadline));
    return differences(comparable(before), made_since(before, std::move(after)));
}

}  // namespace

Result<RegistrySchema> look_at_schema(pg::Connection& control, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto rows,
                    control.run({"SELECT pg_get_userbyid(nspowner) AS owner FROM pg_namespace "
                                 "WHERE nspname = $1",
                                 {std::string(k_schema)}},
                                deadline));
    if (rows.empty()) return RegistrySchema{};
    return RegistrySchema{true, rows[0].text("owner")};
}

Result<void> check_empty(pg::Connection& control, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto sql, lines_sql(control, deadline));
    BASE_TRY_ASSIGN(auto lines, read_lines(control, sql, k_registry_owner, deadline));
    if (lines.empty()) return {};
    return base::fail(
        ErrorKind::conflict,
        fmt::format("the database {} is not empty, and reviewdb did not make what is in it: {}",
                    k_control_database, differences(comparable(std::move(lines)), {})),
        fmt::format("find out whose it is, and rename it: ALTER DATABASE {} RENAME TO …; nothing "
                    "was changed in it",
                    k_control_database));
}

Result<void> check_objects(pg::Connection& control, std::string_view owner, Deadline deadline) {
    BASE_TRY_ASSIGN(const auto sql, lines_sql(control, deadline));
    BASE_TRY_ASSIGN(const auto before, read_lines(control, sql, owner, deadline));
    std::string nearest;
    for (auto count = migrations().size(); count > 0; --count) {
        BASE_TRY_ASSIGN(auto other, compare_with_made(control, sql, before, count, deadline));
        if (other.empty()) return {};
        if (nearest.empty() || other.size() < nearest.size()) nearest = std::move(other);
    }
    return base::fail(
        ErrorKind::conflict,
        fmt::format("the control database {} does not hold what reviewdb's migrations made: {}",
                    k_control_database, nearest),
        "remove what is unknown, or, if a newer reviewdb upgraded this registry, use that one; "
        "nothing was changed");
}

}  // namespace server
