// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "environment/policy.h"
#include "pg/quoting.h"
#include "server/migrations.h"
#include "server/prepare.h"
#include "server/registration.h"
#include "server/session.h"
#include "server/survey.h"

namespace server {

namespace {

using base::ErrorKind;
using base::Result;

// {0} manager, {1} operator, {2} control database, {3} template, {4} to {6} their comments, {7} the
// registry's owner, {8} its comment.
constexpr std::string_view k_roles_and_databases =
    R"(-- Prepares this Postgres server for reviewdb. Run it once, with psql, as a superuser or as a role
-- with CREATEDB and CREATEROLE. It changes nothing that stands there already.
\set ON_ERROR_STOP on
SELECT current_setting('server_version_num')::int >= 150000 AS new_enough,
    current_setting('server_version_num')::int >= 160000 AS with_options,
    rolsuper AS is_superuser
FROM pg_roles WHERE rolname = session_user \gset
SELECT CASE WHEN ssl THEN 'require' ELSE 'disable' END AS sslmode
FROM pg_stat_ssl WHERE pid = pg_backend_pid() \gset
\if :new_enough
\else
\echo reviewdb needs Postgres 15 or newer
\quit
\endif

-- The registry has an owner of its own, as which nobody acts from day to day. The manager makes and
-- owns the databases of environments, and nothing else; nobody logs in as either.
BEGIN;
CREATE ROLE {7} NOLOGIN NOINHERIT;
COMMENT ON ROLE {7} IS {8};
CREATE ROLE {0} NOLOGIN CREATEDB CREATEROLE INHERIT;
COMMENT ON ROLE {0} IS {4};
CREATE ROLE {1} LOGIN NOINHERIT;
COMMENT ON ROLE {1} IS {5};
\if :with_options
GRANT {0} TO {1} WITH INHERIT FALSE, SET TRUE;
\else
GRANT {0} TO {1};
\endif
\if :is_superuser
\if :with_options
GRANT pg_use_reserved_connections TO {1} WITH INHERIT TRUE;
\endif
\else
\if :with_options
GRANT {0}, {7} TO SESSION_USER WITH INHERIT FALSE, SET TRUE;
\else
GRANT {0}, {7} TO SESSION_USER;
\endif
\endif
COMMIT;

-- Closed until nobody but the operator can enter.
CREATE DATABASE {2} OWNER {7} TEMPLATE template0 ALLOW_CONNECTIONS false;
BEGIN;
SET LOCAL ROLE {7};
REVOKE ALL ON DATABASE {2} FROM PUBLIC;
GRANT CONNECT ON DATABASE {2} TO {1};
\if :is_superuser
\else
GRANT CONNECT ON DATABASE {2} TO SESSION_USER;
\endif
ALTER DATABASE {2} ALLOW_CONNECTIONS true;
COMMIT;
CREATE DATABASE {3} OWNER {0} TEMPLATE template0 ALLOW_CONNECTIONS false IS_TEMPLATE true;
BEGIN;
SET LOCAL ROLE {0};
REVOKE ALL ON DATABASE {3} FROM PUBLIC;
COMMENT ON DATABASE {3} IS {6};
COMMIT;

-- The registry.
\connect {2}
SET search_path = pg_catalog;
BEGIN;
SET LOCAL ROLE {7};
)";

constexpr std::string_view k_password = R"(COMMIT;

\if :is_superuser
\else
REVOKE {1}, {2} FROM SESSION_USER;
\endif

-- The password of the login that reviewdb uses from day to day, asked of you now.
\password {0}
)";

}  // namespace

Result<std::string> preparation_sql(const Preparation& wish) {
    BASE_TRY(check_wish(wish));
    if (wish.host.empty()) {
        return base::fail(ErrorKind::invalid_input,
                          "the script has to say by which address applications reach the server",
                          "--advertise HOST:PORT");
    }
    Registration registration{
        .installation = base::Uuid::random(),
        .host = wish.host,
        .port = wish.port == 0 ? 5432 : wish.port,
        .sslmode_sql = wish.sslmode.empty() ? ":'sslmode'" : pg::literal(wish.sslmode)};
    BASE_TRY(locate_key(wish, registration));
    auto script = fmt::format(k_roles_and_databases, k_manager, k_operator, k_control_database,
                              k_empty_template, pg::literal(k_manager_comment),
                              pg::literal(k_operator_comment), pg::literal(k_template_comment),
                              k_registry_owner, pg::literal(k_registry_owner_comment));
    for (const auto& one : migrations()) script += std::string(one.sql) + "\n";
    for (const auto& one : registration_sql(registration, wish)) script += one + ";\n";
    return script + fmt::format(k_password, k_operator, k_manager, k_registry_owner);
}

}  // namespace server
