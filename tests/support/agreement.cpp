// SPDX-License-Identifier: Apache-2.0
#include "support/agreement.h"

#include <fmt/format.h>

#include "support/sql.h"

namespace support {

namespace {

constexpr std::string_view k_disagreement = R"(
SELECT coalesce(string_agg(what, E'\n' ORDER BY what), '') AS value FROM (
SELECT format('%s %s has no database', state, database) AS what FROM registry.instance i
    WHERE state IN ('warm', 'serving', 'frozen') AND NOT EXISTS
        (SELECT FROM pg_database d WHERE d.datname = i.database AND d.oid = i.oid)
UNION ALL SELECT format('%s is %s', database, state) FROM registry.instance
    WHERE state NOT IN ('warm', 'serving', 'frozen', 'trashed', 'gone')
UNION ALL SELECT format('nobody''s database %s', datname) FROM pg_database
    WHERE datname ~ '^(reviewdb_[bxt]|{0})_' AND NOT EXISTS
        (SELECT FROM registry.instance i WHERE i.database = datname AND i.state <> 'gone')
UNION ALL SELECT format('role %s has no login', name) FROM registry.role
    WHERE state <> 'gone' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
UNION ALL SELECT format('nobody''s role %s', rolname) FROM pg_roles WHERE rolname ~ '^{0}_'
    AND NOT EXISTS (SELECT FROM registry.role r JOIN registry.instance i ON i.role = r.id
        WHERE r.name = rolname AND r.state <> 'gone' AND i.state <> 'gone')
UNION ALL SELECT format('role %s is %s', name, state) FROM registry.role WHERE state = 'pinned'
UNION ALL SELECT format('%s share a role', string_agg(database, ', ')) FROM registry.instance
    WHERE state NOT IN ('gone', 'trashed') GROUP BY role HAVING count(*) > 1
UNION ALL SELECT format('environments share %s', instance) FROM registry.environment
    WHERE state <> 'gone' GROUP BY instance HAVING count(*) > 1
UNION ALL SELECT format('environment %s is %s', name, state) FROM registry.environment
    WHERE state NOT IN ('ready', 'gone')
UNION ALL SELECT format('%s serves nobody', database) FROM registry.instance i
    WHERE state = 'serving' AND NOT EXISTS (SELECT FROM registry.environment e
        WHERE e.instance = i.id AND e.role = i.role AND e.state <> 'gone')
UNION ALL SELECT format('%s %s lets somebody in', i.state, d.datname)
    FROM registry.instance i JOIN pg_database d ON d.datname = i.database
    WHERE (i.state IN ('warm', 'frozen') AND d.datallowconn) OR EXISTS
        (SELECT FROM aclexplode(d.datacl) a JOIN registry.role r ON r.id = i.role
         WHERE a.grantee = 0 OR (a.grantee <> d.datdba AND (i.state = 'frozen'
            OR pg_get_userbyid(a.grantee) <> r.name) AND i.state <> 'trashed'))
UNION ALL SELECT format('template %s is not whole', t.name) FROM registry.template t
    LEFT JOIN registry.instance i ON i.id = t.instance LEFT JOIN pg_database d ON d.oid = i.oid
    LEFT JOIN registry.role r ON r.id = i.role LEFT JOIN pg_roles l ON l.rolname = r.name
    WHERE t.state <> 'gone' AND (t.state = 'ready' AND t.next_instance IS NULL
        AND i.state = 'frozen' AND d.datistemplate AND NOT l.rolcanlogin) IS NOT TRUE
UNION ALL SELECT format('%s is a member of %s', pg_get_userbyid(member), rolname)
    FROM pg_auth_members JOIN pg_roles r ON r.oid = roleid WHERE rolname ~ '^{0}_'
        AND coalesce((to_jsonb(pg_auth_members) ->> 'inherit_option')::boolean
            OR (to_jsonb(pg_auth_members) ->> 'set_option')::boolean, true)) s)";

}  // namespace

std::string disagreement(const pg::ConnectionInfo& control, const std::string& project) {
    return ask(control, fmt::format(k_disagreement, project));
}

}  // namespace support
