// SPDX-License-Identifier: Apache-2.0
#include "shelf.h"

#include <fmt/format.h>

#include <string_view>

#include "pg/quoting.h"
#include "supplied.h"
#include "support/sql.h"

namespace bench {

namespace {

// As a superuser, in the control database.
constexpr std::string_view k_put_back = R"(
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT i.database AS now, s.* FROM shelf s JOIN registry.instance i USING (id)
        WHERE i.state = 'serving' AND NOT EXISTS
            (SELECT FROM registry.environment e WHERE e.instance = i.id AND e.name = '{}')
    LOOP
        EXECUTE format('ALTER DATABASE %I RENAME TO %I', one.now, one.database);
        EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS false', one.database);
        EXECUTE format('COMMENT ON DATABASE %I IS %L', one.database, one.comment);
        DELETE FROM registry.environment WHERE instance = one.id;
        UPDATE registry.instance SET state = 'warm', purpose = 'pool', database = one.database
            WHERE id = one.id;
        UPDATE registry.role SET state = one.role_state WHERE id = one.role;
    END LOOP;
END
$$)";

constexpr const char* k_remember = R"(
CREATE TABLE shelf AS SELECT i.id, i.database, i.role, r.state AS role_state,
    shobj_description(i.oid, 'pg_database') AS comment
FROM registry.instance i JOIN registry.role r ON r.id = i.role WHERE i.state = 'warm')";

}  // namespace

Shelf::Shelf(const Stand& stand, int count)
    : Shelf(stand, [&] { Supplied(stand.login()).fill(count); }) {}

Shelf::Shelf(const Stand& stand, const std::function<void()>& fill) : stand_(stand) {
    stand.in_haste(fill);
    support::execute(stand.superuser("reviewdb"), k_remember);
}

void Shelf::put_back(const std::string& but) const {
    const auto root = stand_.superuser("reviewdb");
    support::execute(root, fmt::format(k_put_back, but));
    support::execute(root,
                     "VACUUM (ANALYZE) pg_database, pg_shdescription, registry.environment, "
                     "registry.instance, registry.role, registry.history");
}

int Shelf::left(const std::string& project) const {
    return std::stoi(support::ask(stand_.superuser("reviewdb"),
                                  "SELECT count(*)::text AS value FROM registry.instance WHERE "
                                  "state = 'warm' AND project = " +
                                      pg::literal(project)));
}

}  // namespace bench
